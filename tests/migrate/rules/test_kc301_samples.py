"""`save_freq` in samples."""

from __future__ import annotations

import pytest
from snippets import HEAD, codes, found, native, notes


@pytest.mark.parametrize(
    ("call", "old", "new", "expected"),
    [
        ("MC('a.keras', save_freq=100)", "2.0", "2.1", []),
        ("MC('a.keras', save_freq=100)", "2.1", "2.2", ["KC301"]),
        ("MC('a.keras', save_freq=100)", "2.2", "2.1", ["KC301"]),
        ("MC('a.keras', save_freq=5 * steps)", "2.1", "2.2", ["KC301"]),
        ("MC('a.keras', save_freq=anything)", "2.1", "2.2", []),
        ("MC('a.keras', save_freq='epoch')", "2.1", "2.2", []),
        ("MC('a.keras', save_freq=True)", "2.1", "2.2", []),
        ("MC('a.keras', 'loss', 0, False, False, 'min', 100)", "2.1", "2.2", ["KC301"]),
    ],
)
def test_depends_on_the_releases(call: str, old: str, new: str, expected: list[str]) -> None:
    assert codes(HEAD + call, old, new) == expected


def test_the_advice_goes_either_way() -> None:
    (up,) = found(HEAD + "MC('a.keras', save_freq=100)", "2.1", "2.2")
    assert up.message == "`save_freq=100` counts samples in TF 2.1, and batches in TF 2.2."
    assert "`save_freq=100 // batch_size`" in up.advice
    (down,) = found(HEAD + "MC('a.keras', save_freq=5 * steps)", "2.2", "2.1")
    assert down.message == "`save_freq=…` counts batches in TF 2.2, and samples in TF 2.1."
    assert "`save_freq=save_freq * batch_size`" in down.advice


def test_neither_way_of_fixing_guesses_the_size_of_a_batch() -> None:
    code = HEAD + "MC('a.keras', save_freq=100)"
    assert native(code, "2.1") == code
    (only,) = notes(code, True, "2.1")
    assert "KC301" in only and "keras_ckpt counts batches, too." in only
