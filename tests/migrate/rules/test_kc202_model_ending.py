"""Paths of whole models."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words, runs_and_leaves
from snippets import HEAD, codes, found, native


@pytest.mark.parametrize(
    ("call", "old", "new", "expected"),
    [
        ("MC('a.h5')", "2.15", "3.7", ["KC202"]),
        ("MC('a.h5')", "2.15", "3.8", []),
        ("MC('a.h5')", "3.8", "3.7", ["KC202"]),
        ("MC('a.hdf5')", "2.15", "3.8", ["KC202"]),
        ("MC('a')", "2.15", "3.8", ["KC202"]),
        ("MC('a')", "2.0", "2.15", []),
        ("MC('a.keras')", "2.15", "3.0", []),
        ("MC('a', save_weights_only=False)", "2.15", "3.0", ["KC202"]),
        ("MC('a', save_weights_only=0)", "2.15", "3.0", ["KC202"]),
    ],
)
def test_depends_on_the_releases(call: str, old: str, new: str, expected: list[str]) -> None:
    assert codes(HEAD + call, old, new) == expected


def test_what_neither_takes_is_found_though_the_flag_is_not_known() -> None:
    (only,) = found(HEAD + "MC('a.ckpt', save_weights_only=flag)", "2.4")
    assert only.code == "KC202"
    assert "or in `.weights.h5` with `save_weights_only=True`" in only.message
    assert codes(HEAD + "MC('a.keras', save_weights_only=flag)", "2.4") == []
    assert codes(HEAD + "MC('a.weights.h5', save_weights_only=flag)", "2.4") == []


def test_natively_it_is_renamed() -> None:
    assert native(HEAD + "MC('a.hdf5')") == HEAD + "MC('a.keras')"
    unknown = HEAD + "MC('a.ckpt', save_weights_only=flag)"
    assert native(unknown) == unknown


@needs_keras_3
@pytest.mark.parametrize("path", ["m.hdf5", "m"])
def test_keras_3_says_the_same(path: str) -> None:
    refused_in_its_words(f"'{path}'")


@needs_keras_3
def test_what_is_not_found_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runs_and_leaves("'m.{epoch}.keras', save_best_only=True") == ["m.1.keras"]
