"""A real job is killed at random moments, and goes on. More kills: `tests/tools/kills.py`."""

from __future__ import annotations

import pathlib

import kills
import pytest

from keras_ckpt import runtime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not runtime.is_keras_3(), reason="records are of Keras 3"),
]


@pytest.mark.parametrize("on_background", [False, True])
@pytest.mark.parametrize(
    ("template", "weights"), [("{epoch:02d}.keras", False), ("tf/{epoch}", True)]
)
def test_a_job_that_is_killed(
    template: str, weights: bool, on_background: bool, tmp_path: pathlib.Path
) -> None:
    assert kills.run(template, weights, True, 3, 1, tmp_path, on_background) >= 1


def test_the_rule() -> None:
    values = {1: 5.0, 2: 1.0, 3: 4.0, 4: 2.0, 5: 9.0, 6: 8.0, 7: 7.0}
    assert kills.kept(values) == {2, 4, 5, 6, 7}
