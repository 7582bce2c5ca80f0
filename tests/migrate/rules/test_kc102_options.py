"""`options` of the callback."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words
from snippets import HEAD, codes, found, native, notes


@pytest.mark.parametrize(
    ("call", "old", "new", "expected"),
    [
        ("MC('a.keras', options=None)", "2.4", "3.0", ["KC102"]),
        ("MC('a.keras', options=o)", "2.12", "2.13", ["KC102"]),
        ("MC('a.keras', options=None)", "2.12", "2.13", []),
        ("MC('a.keras', options=o, save_weights_only=True)", "2.12", "2.13", []),
        ("MC('a', options=o)", "2.12", "2.13", []),
        ("MC(path, options=o)", "2.12", "2.13", []),
        ("MC('a.keras', options=o)", "2.13", "2.15", []),
    ],
)
def test_depends_on_the_releases(call: str, old: str, new: str, expected: list[str]) -> None:
    assert codes(HEAD + call, old, new) == expected


def test_a_release_that_takes_any_keyword_ignores_it() -> None:
    (only,) = found(HEAD + "MC('a.keras', options=o)", "2.4", "2.2")
    assert only.message == "TF 2.2 ignores `options` in silence."


def test_none_is_left_out_and_others_are_noted() -> None:
    assert native(HEAD + "MC('a.keras', options=None, verbose=1)") == (
        HEAD + "MC('a.keras', verbose=1)"
    )
    assert notes(HEAD + "MC('a.keras', options=None)") == []
    assert native(HEAD + "MC('a.keras', options=o)") == HEAD + "MC('a.keras')"
    (only,) = notes(HEAD + "MC('a.keras', options=o)")
    assert "`options` are left out" in only


@needs_keras_3
def test_keras_3_says_the_same() -> None:
    refused_in_its_words("'m.keras', options=None")
