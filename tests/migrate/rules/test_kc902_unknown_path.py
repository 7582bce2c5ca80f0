"""Paths that are not known."""

from __future__ import annotations

import pytest
from snippets import HEAD, codes, unfollowed

NET = HEAD + "net = tf.keras.Sequential()\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("net.save_weights(path)", ["KC902"]),
        ("net.load_weights(path)", ["KC902"]),
        ("net.save(path)", ["KC902"]),
        ("tf.keras.models.load_model(path)", ["KC902"]),
        ("MC(path)", ["KC902"]),
        ("MC(path, save_weights_only=flag)", ["KC902"]),
        ("MC(path + '.keras', save_weights_only=flag)", []),
        ("net.save_weights(path + '.weights.h5')", []),
        ("net.save_weights(path + '.h5')", []),
        ("net.load_weights(path + '.h5')", []),
        ("net.save_weights('a.ckpt')", []),
        ("net.load_weights(path).expect_partial()", []),
        ("net.load_weights(tf.train.latest_checkpoint('a'))", []),
        ("path = tf.train.latest_checkpoint('a')\nnet.load_weights(path)", []),
        ("net.save(path, zipped=False)", []),
        ("net.save(path, save_format='tf')", []),
        ("x.load_weights(path)", ["KC902"]),
        ("import torch\nm = torch.load(p)\nm.load_weights(path)", []),
        ("x.save(path)", []),
    ],
)
def test_goes_by_what_is_known_of_the_path(code: str, expected: list[str]) -> None:
    assert unfollowed(NET + code) == expected


def test_a_place_is_found_or_named_and_not_both() -> None:
    code = NET + "def f(p='a.ckpt', q=None):\n    net.save_weights(p if q else q)\n"
    assert (codes(code, "2.4"), unfollowed(code)) == (["KC604"], [])
