"""`mode="auto"`."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, runs_and_leaves
from snippets import HEAD, codes, found, native, notes


@pytest.mark.parametrize(
    ("arguments", "new", "expected"),
    [
        ("'val_auc', save_best_only=True", "3.10", []),
        ("'val_auc', save_best_only=True", "3.11", ["KC403"]),
        ("'val_auc'", "3.11", []),
        ("'val_own'", "3.11", ["KC403"]),
        ("'val_own', mode='max'", "3.11", []),
        ("'val_own', mode=mode", "3.11", []),
        ("'val_own', mode='auto'", "3.11", ["KC403"]),
        ("'val_own', mode='Max'", "3.11", ["KC403"]),
        ("'val_out_loss'", "3.11", ["KC403"]),
        ("'val_mae', save_best_only=True", "3.11", []),
        ("name, save_best_only=True", "3.11", []),
        ("'val_acc', save_best_only=True", "3.11", []),
    ],
)
def test_depends_on_the_metric_and_the_release(
    arguments: str, new: str, expected: list[str]
) -> None:
    assert codes(f"{HEAD}MC('a.keras', {arguments})", "2.4", new) == expected


def test_a_compiled_function_has_no_direction() -> None:
    text = HEAD + (
        "def dice(a, b): return 0\n"
        "model.compile('sgd', 'mse', metrics=[dice])\n"
        "c = MC('a.keras', 'val_dice', save_best_only=True)\n"
        "model.fit(x, y, validation_split=0.1, callbacks=[c])\n"
    )
    (only,) = found(text, "2.4")
    assert only.message.startswith("Keras 3.15 raises ValueError when the first epoch ends: ")


def test_a_metric_that_is_not_known_may_have_a_direction() -> None:
    (only,) = found(HEAD + "MC('a.keras', 'val_own')", "2.4")
    assert "unless the metric itself has a direction" in only.message


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        ("'val_auc', save_best_only=True", ', mode="max"'),
        ("'val_out_loss', save_best_only=True", ', mode="min"'),
        ("'val_own_acc', save_best_only=True", ', mode="max"'),
    ],
)
def test_natively_the_mode_is_written(arguments: str, added: str) -> None:
    code = f"{HEAD}MC('a.keras', {arguments})"
    assert native(code) == code[:-1] + added + ")"


def test_natively_nothing_is_guessed() -> None:
    code = HEAD + "MC('a.keras', 'val_dice', save_best_only=True)"
    assert native(code) == code
    (only,) = notes(code)
    assert "whether more or less `val_dice` is better is not known" in only
    (other,) = notes(HEAD + "MC('a.keras', 'val_auc', save_best_only=True)")
    assert "more `val_auc` is better now. TF 2.4 took less for better." in other


@needs_keras_3
def test_what_is_not_found_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runs_and_leaves("'m.keras', monitor='val_mae', save_best_only=True") == ["m.keras"]
