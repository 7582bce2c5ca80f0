"""`tf.train.latest_checkpoint`."""

from __future__ import annotations

import pytest
from snippets import codes, native, notes

HEAD = "import tensorflow as tf\n"
LATEST = "tf.train.latest_checkpoint('d')"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"m.load_weights({LATEST})", ["KC603"]),
        (f"p = {LATEST}\nm.load_weights(p)", ["KC603"]),
        (f"m.load_weights(filepath={LATEST})", ["KC603"]),
        (f"tf.keras.callbacks.ModelCheckpoint('d/{{epoch}}.keras')\nx = {LATEST}", ["KC603"]),
        (f"tf.keras.callbacks.ModelCheckpoint('./d/a.keras')\nx = {LATEST}", ["KC603"]),
        (f"tf.keras.callbacks.ModelCheckpoint('e/a.keras')\nx = {LATEST}", []),
        (f"tf.train.Checkpoint(m).restore({LATEST})", []),
        (f"p = {LATEST}\np = 'a.weights.h5'\nm.load_weights(p)", []),
    ],
)
def test_only_where_weights_come_of_it(code: str, expected: list[str]) -> None:
    assert codes(HEAD + code, "2.4") == expected


def test_within_keras_2_it_finds_them() -> None:
    assert codes(f"{HEAD}m.load_weights({LATEST})", "2.0", "2.15") == []


def test_natively_it_needs_keras_ckpt() -> None:
    code = f"{HEAD}m.load_weights({LATEST})"
    assert native(code) == code
    assert any("nothing that finds the newest checkpoint" in each for each in notes(code))
