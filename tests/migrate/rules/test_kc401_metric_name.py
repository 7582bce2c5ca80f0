"""Metrics by another name than they are compiled by."""

from __future__ import annotations

import pytest
from snippets import codes, found, native, notes

TEXT = """
from tensorflow.keras.callbacks import ModelCheckpoint
model.compile("adam", "mse", metrics=["AUC", "TopKCategoricalAccuracy", "accuracy", "mse"])
best = ModelCheckpoint("a-{val_%s:.2f}.keras", monitor="val_%s", mode="max", save_best_only=True)
model.fit(x, y, validation_data=data, callbacks=[best])
"""


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("auc", "AUC"),
        ("top_k_categorical_accuracy", "TopKCategoricalAccuracy"),
        ("acc", "accuracy"),
        ("mean_squared_error", "mse"),
    ],
)
def test_in_monitor_and_path(name: str, written: str) -> None:
    first, second = found(TEXT % (name, name), "2.4")
    assert (first.code, second.code) == ("KC401", "KC401")
    assert f"`{{val_{written}}}`" in first.advice
    assert f'`monitor="val_{written}"`' in second.advice
    assert not found(TEXT % (written, written), "2.4")


@pytest.mark.parametrize(("name", "old", "new"), [("auc", "2.4", "2.15"), ("AUC", "2.0", "2.1")])
def test_between_releases_of_tf_2_a_class_may_be_called_either(
    name: str, old: str, new: str
) -> None:
    assert not found(TEXT % (name, name), old, new)


@pytest.mark.parametrize(
    "metrics",
    ["metrics", "[*more, 'accuracy']", "[Own()]", "['accuracy', name]"],
)
def test_nothing_is_said_if_a_metric_is_not_known(metrics: str) -> None:
    text = (TEXT % ("acc", "acc")).split("metrics=")[0] + f"metrics={metrics})\n"
    text += "\n".join((TEXT % ("acc", "acc")).splitlines()[3:])
    assert "KC401" not in codes(text, "2.4")


def test_what_happens_depends_on_the_release() -> None:
    text = (TEXT % ("acc", "acc")).replace('mode="max", ', "")
    for new, happens in (
        ("3.9", "saves nothing"),
        ("3.10", "saves every time, over the best model"),
        ("3.15", "raises ValueError when the first epoch ends"),
    ):
        assert any(happens in each.message for each in found(text, "2.4", new))


def test_a_bad_template_is_not_asked_for_names() -> None:
    text = (TEXT % ("acc", "acc")).replace("{val_acc:.2f}", "{val_acc")
    assert codes(text, "2.4") == ["KC401"]


def test_natively_it_is_renamed_in_both() -> None:
    assert native(TEXT % ("acc", "acc")) == TEXT % ("accuracy", "accuracy")
    shared = (TEXT % ("acc", "acc")).replace('monitor="val_acc"', "monitor=name")
    shared = shared.replace("best =", 'name = "val_acc"\nprint(name)\nbest =')
    assert 'name = "val_acc"' in native(shared)
    assert any("the name is written elsewhere" in each for each in notes(shared))
