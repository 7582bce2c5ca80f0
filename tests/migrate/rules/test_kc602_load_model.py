"""Whole models that a release does not read."""

from __future__ import annotations

import pytest
from snippets import codes, native, notes

HEAD = "import keras\nmodel = keras.Sequential([])\n"
HUB = 'keras.models.load_model("hf://x/y")'


@pytest.mark.parametrize(
    ("code", "old", "new", "expected"),
    [
        (HUB, "3.15", "3.5", ["KC602"]),
        (HUB, "2.15", "3.6", []),
        ("keras.models.load_model('m')", "2.15", "3.0", ["KC602"]),
        ("keras.models.load_model('m')", "2.0", "2.15", []),
        ("keras.models.load_model(filepath='m')", "2.15", "3.0", ["KC602"]),
        ("keras.models.load_model('m.hdf5')", "2.15", "3.0", []),
        ("keras.models.load_model(path)", "2.15", "3.0", []),
        ("keras.saving.load_model('m')", "2.15", "3.0", ["KC602"]),
        ("other.load_model('m')", "2.15", "3.0", []),
    ],
)
def test_goes_by_the_name_and_the_releases(
    code: str, old: str, new: str, expected: list[str]
) -> None:
    assert codes(HEAD + code, old, new) == expected


def test_a_model_of_orbax_is_a_directory() -> None:
    code = "keras.callbacks.OrbaxCheckpoint('m')\nkeras.models.load_model('m')"
    assert codes(HEAD + code, "2.4") == []


def test_natively_what_nothing_writes_is_left() -> None:
    code = HEAD + "keras.models.load_model('m')"
    assert native(code) == code
    (only,) = notes(code)
    assert "nothing in this file writes it" in only
    written = code + "\nkeras.callbacks.ModelCheckpoint('m')"
    assert native(written) == written.replace("'m'", "'m.keras'")
