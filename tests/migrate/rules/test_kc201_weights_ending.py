"""Paths of weights."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words, runs_and_leaves
from snippets import HEAD, codes, found, native, notes


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("'w.ckpt'", ["KC201"]),
        ("'w.h5'", ["KC201"]),
        ("'w'", ["KC201"]),
        ("'{epoch:02d}'", ["KC201"]),
        ("'w.weights.h5'", []),
        ("path", []),
        ("path + '.weights.h5'", []),
        ("path + '.h5'", ["KC201"]),
        ("path + 'weights.h5'", []),
        ("f'{folder}/w'", ["KC201"]),
        ("'a.h5' if x else 'b.h5'", ["KC201"]),
        ("os.path.join(folder, 'w.ckpt')", ["KC201"]),
        ("pathlib.Path(folder) / 'w.ckpt'", ["KC201"]),
    ],
)
def test_goes_by_the_end_as_far_as_it_is_known(path: str, expected: list[str]) -> None:
    head = HEAD + "import os, pathlib\n"
    assert codes(f"{head}MC({path}, save_weights_only=True)", "2.4") == expected


@pytest.mark.parametrize("flag", ["False", "flag", "None"])
def test_only_beside_the_flag(flag: str) -> None:
    assert "KC201" not in codes(f"{HEAD}MC('w.ckpt', save_weights_only={flag})", "2.4")


def test_nothing_is_refused_within_keras_2() -> None:
    assert codes(HEAD + "MC('w.ckpt', save_weights_only=True)", "2.0", "2.15") == []


def test_the_advice_names_the_file() -> None:
    (only,) = found(HEAD + "MC('run/w-{epoch}.ckpt', save_weights_only=True)", "2.4")
    assert "`w-{epoch}.weights.h5`" in only.advice


def test_natively_it_is_renamed() -> None:
    before = HEAD + "MC('w.ckpt', save_weights_only=True)"
    assert native(before) == before.replace(".ckpt", ".weights.h5")
    (only,) = notes(before)
    assert "`w.ckpt` is now `w.weights.h5`" in only


@needs_keras_3
@pytest.mark.parametrize("path", ["w.h5", "w.{epoch}.ckpt"])
def test_keras_3_says_the_same(path: str) -> None:
    refused_in_its_words(f"'{path}', save_weights_only=True")


@needs_keras_3
def test_what_is_not_found_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runs_and_leaves("'w.weights.h5', save_weights_only=True") == ["w.weights.h5"]
