"""`load_weights_on_restart`."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words
from snippets import HEAD, codes, found, native, notes

CALL = "MC('w.weights.h5', save_weights_only=True, load_weights_on_restart=%s)"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("2.0", "2.15", []), ("2.15", "3.0", ["KC103"]), ("3.0", "3.15", [])],
)
def test_depends_on_the_releases(old: str, new: str, expected: list[str]) -> None:
    assert codes(HEAD + CALL % "True", old, new) == expected


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("False", "False is what it is without"),
        ("True", "where the file exists"),
        ("restart", "where the file exists"),
    ],
)
def test_the_advice_fits_the_value(value: str, advice: str) -> None:
    (only,) = found(HEAD + CALL % value, "2.4")
    assert advice in only.advice


def test_natively_only_false_goes() -> None:
    gone = "MC('w.weights.h5', save_weights_only=True)"
    assert native(HEAD + CALL % "False") == HEAD + gone
    for value in ("True", "restart"):
        assert native(HEAD + CALL % value) == HEAD + CALL % value
        (only,) = notes(HEAD + CALL % value)
        assert "needs keras_ckpt" in only


@needs_keras_3
def test_keras_3_says_the_same() -> None:
    refused_in_its_words("'m.keras', load_weights_on_restart=True")
