"""Keywords that are no arguments, or none of the other release."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words
from snippets import HEAD, codes, found, native, notes, sites

from keras_ckpt.migrate import origin


@pytest.mark.parametrize(
    ("call", "old", "new", "expected"),
    [
        ("MC('a.keras', initial_value_threshold=1)", "3.15", "2.4", ["KC104"]),
        ("MC('a.keras', initial_value_threshold=1)", "2.8", "3.15", []),
        ("MC('a.keras', save_best=True)", "2.4", "2.15", []),
        ("MC('a.keras', save_best=True)", "2.4", "3.0", ["KC104"]),
        ("MC('a.keras', **{'save_best': True})", "2.4", "3.0", ["KC104"]),
        # Rules of their own.
        ("MC('a.keras', period=1, options=None)", "2.4", "3.0", ["KC101", "KC102"]),
    ],
)
def test_depends_on_the_releases(call: str, old: str, new: str, expected: list[str]) -> None:
    assert codes(HEAD + call, old, new) == expected


def test_a_near_name_is_suggested_and_no_other() -> None:
    (near,) = found(HEAD + "MC('a.keras', save_best=True)", "2.4")
    assert "Write `save_best_only` if that is meant" in near.advice
    (far,) = found(HEAD + "MC('a.keras', patience=3)", "2.4")
    assert far.advice == "Leave `patience` out: it never did anything."


def test_an_argument_of_later_releases_is_lost() -> None:
    (only,) = found(HEAD + "MC('a.keras', initial_value_threshold=1)", "3.15", "2.4")
    assert only.message == "TF 2.4 ignores `initial_value_threshold` in silence."


def test_natively_it_goes_with_a_note() -> None:
    assert native(HEAD + "MC('a.keras', save_best=True)") == HEAD + "MC('a.keras')"
    (only,) = notes(HEAD + "MC('a.keras', save_best=True)")
    assert "TF 2.4 ignored it. If `save_best_only` was meant, write that." in only


def test_a_keyword_shows_the_release() -> None:
    found_in = sites(HEAD + "MC('a.keras', initial_value_threshold=1, period=2)")
    assert origin.release_of([found_in], []).release is not None
    assert origin.release_of([found_in], []).why == "`period` is passed"


@needs_keras_3
def test_keras_3_says_the_same() -> None:
    refused_in_its_words("'m.keras', save_best=True")
