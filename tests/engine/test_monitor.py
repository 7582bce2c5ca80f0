"""Whether a value is better: directions, and the names of metrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.engine import monitor


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("acc", "max"),
        ("val_sparse_categorical_accuracy", "max"),
        ("fmeasure", "max"),
        ("val_fmeasure", "min"),  # As in every release: only at the start.
        ("vacc_rate", "max"),  # And this one anywhere.
        ("auc", "min"),
    ],
)
def test_mode_from_name(name: str, mode: str) -> None:
    assert monitor.mode_from_name(name) == mode


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_anything_finite_is_better_than_the_start(value: float) -> None:
    for better, worst in monitor.COMPARISONS.values():
        assert better(value, worst)
        assert not better(value, value)
        assert not better(np.nan, worst)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_comparisons(left: float, right: float) -> None:
    assert bool(monitor.COMPARISONS["min"][0](left, right)) == (left < right)
    assert bool(monitor.COMPARISONS["max"][0](left, right)) == (left > right)


def test_without_val() -> None:
    assert monitor.without_val("val_loss") == "loss"
    assert monitor.without_val("val_val_loss") == "val_loss"
    assert monitor.without_val("interval_loss") == "interval_loss"
    assert monitor.without_val("val_") == ""


def test_direction_of() -> None:
    directions = {"auc": "up", "my_auc": "down", "odd": None}
    assert monitor.direction_of("auc", directions) == "max"
    assert monitor.direction_of("head_auc", directions) == "max"
    assert monitor.direction_of("my_auc", directions) == "min"
    assert monitor.direction_of("head_my_auc", directions) == "min"  # The longer name it is.
    assert monitor.direction_of("odd", directions) is None
    assert monitor.direction_of("unknown", directions) is None
    assert monitor.direction_of("subauc", directions) is None
    assert monitor.direction_of("loss", {}) == "min"
    assert monitor.direction_of("head_loss", {}) == "min"


def test_direction_of_a_metric_called_loss() -> None:
    """What the metric knows goes before what its name says."""
    assert monitor.direction_of("gain_over_loss", {"gain_over_loss": "up"}) == "max"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("acc", "accuracy"),
        ("val_acc", "val_accuracy"),
        ("val_accuracy", "val_acc"),
        ("val_head_acc", "val_head_accuracy"),
        ("sparse_categorical_accuracy", "sparse_categorical_acc"),
        ("loss", None),
        ("vacc", None),
        ("accuracy_", "acc_"),
    ],
)
def test_other_name(name: str, other: str | None) -> None:
    assert monitor.other_name(name) == other
    if other is not None:
        assert monitor.alias(name, ["loss", other]) == other


@given(st.lists(st.sampled_from(["val", "acc", "accuracy", "loss", "", "head"]), max_size=5))
def test_other_name_goes_both_ways(parts: list[str]) -> None:
    name = "_".join(parts)
    other = monitor.other_name(name)
    assert other is None or monitor.other_name(other) == name


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("val_auc", ["auc", "AUC", "val_AUC"], "val_AUC"),
        ("val_mean_squared_error", ["val_MeanSquaredError"], "val_MeanSquaredError"),
        ("val_mse", ["val_MeanSquaredError"], "val_MeanSquaredError"),
        ("val_Precision", ["val_precision", "precision"], "val_precision"),
        ("auc", ["AUC", "Auc"], None),  # Which of them?
        ("val_auc", ["auc_1", "val_auc_1"], None),
        ("val_auc", [], None),
    ],
)
def test_alias(name: str, names: list[str], found: str | None) -> None:
    assert monitor.alias(name, names) == found
