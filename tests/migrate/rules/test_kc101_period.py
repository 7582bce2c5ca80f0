"""`period`: refused by Keras 3, with the advice that fits the call."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words
from snippets import HEAD, codes, found, native, notes


@pytest.mark.parametrize(
    ("call", "old", "new", "expected"),
    [
        ("MC('a.h5', period=2)", "2.0", "2.15", []),
        ("MC('a.keras', period=1)", "2.15", "3.0", ["KC101"]),
        ("MC('a.keras', period=2)", "3.0", "3.15", []),
        ("MC('a.keras', period=2)", "tf_keras", "3.15", ["KC101"]),
        ("MC('a.keras', **{'period': 2})", "2.4", "3.15", ["KC101"]),
        ("MC('a.keras', **dict(period=n))", "2.4", "3.15", ["KC101"]),
    ],
)
def test_depends_on_the_releases(call: str, old: str, new: str, expected: list[str]) -> None:
    assert codes(HEAD + call, old, new) == expected


def advice(arguments: str) -> str:
    (only,) = [
        each for each in found(f"{HEAD}MC('a.keras', {arguments})", "2.15") if each.code == "KC101"
    ]
    return only.advice


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("period=5", "save_freq=5 * steps_per_epoch"),
        ("period=n", "save_freq=period * steps_per_epoch"),
        ("period=1", "without it the model is saved after every epoch"),
        ("period=5, save_freq=100", "no effect"),
        ("period=5, save_best_only=True", "`val_loss` is not known before the epoch ends"),
        ("period=5, **more", "from keras_ckpt import ModelCheckpoint"),
    ],
)
def test_the_advice_fits_the_call(arguments: str, part: str) -> None:
    assert part in advice(arguments)


def test_no_frequency_is_advised_for_values_of_the_validation() -> None:
    assert "save_freq=5" not in advice("period=5, save_best_only=True")
    (only,) = found(HEAD + "MC('{val_loss:.2f}.keras', period=5)", "2.15")
    assert "values of the validation in the path" in only.advice
    assert "save_freq=5" not in only.advice


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("MC('a.keras', period=1)", "MC('a.keras')"),
        ("MC(period=1, filepath='a.keras')", "MC(filepath='a.keras')"),
        ("MC('a.keras', period=5, save_freq=9)", "MC('a.keras', save_freq=9)"),
        ("MC('a.keras', period=5)", "MC('a.keras', period=5)"),
        ("MC('a.keras', period=n)", "MC('a.keras', period=n)"),
    ],
)
def test_natively_it_goes_only_if_it_says_nothing(before: str, after: str) -> None:
    assert native(HEAD + before) == HEAD + after
    if before == after:
        (only,) = notes(HEAD + before)
        assert "KC101 not changed" in only and "needs keras_ckpt" in only


@needs_keras_3
def test_keras_3_says_the_same() -> None:
    refused_in_its_words("'m.keras', period=2")
