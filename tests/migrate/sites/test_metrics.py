"""The names and directions of compiled metrics."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from keras_3 import needs_keras_3
from snippets import last, running

from keras_ckpt import runtime
from keras_ckpt.migrate.code.values.infer import Element, Sequence, value
from keras_ckpt.migrate.sites import metrics


def compiled(code: str, as_written: bool = True) -> dict[str, str] | None:
    found = value(*last("import keras\ndef own(a, b): pass\n" + code))
    assert isinstance(found, Sequence)
    return metrics.compiled(found.items, as_written)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("['accuracy', 'mse']", {"accuracy": "up", "mse": "down"}),
        ("['AUC']", {"AUC": "up"}),
        ("['own']", {"own": "?"}),
        ("[own]", {"own": ""}),
        ("[keras.metrics.AUC()]", {"auc": "up"}),
        ("[keras.metrics.MeanSquaredError(name='m')]", {"m": "down"}),
        ("[keras.metrics.AUC(name=n)]", None),
        ("[keras.metrics.AUC(**more)]", None),
        ("[keras.metrics.mean_squared_error]", {"mean_squared_error": ""}),
        ("[Own()]", None),
        ("[name]", None),
        ("[]", {}),
    ],
)
def test_names_and_directions(code: str, expected: dict[str, str] | None) -> None:
    assert compiled(code) == expected


def test_in_tf_2_a_class_by_name_may_be_called_either() -> None:
    found = compiled("['KLDivergence']", as_written=False)
    assert found is not None
    assert set(found) == {
        "KLDivergence",
        "kldivergence",
        "kl_divergence",
        "kullback_leibler_divergence",
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AUC", "auc"),
        ("F1Score", "f1_score"),
        ("LogCoshError", "logcosh"),
        ("MeanIoU", "mean_io_u"),
    ],
)
def test_what_an_instance_is_called(kind: str, name: str) -> None:
    assert metrics.called(kind) == name


@needs_keras_3
def test_metrics_by_name_are_called_as_they_are_written() -> None:
    import numpy as np

    keras = runtime.keras()
    written = ["AUC", "Precision", "MeanSquaredError", "BinaryAccuracy", "mae", "MSE", "accuracy"]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=list(written))
    logs = model.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0).history
    _, at = last("x")
    names = metrics.compiled([Element(ast.Constant(each), at) for each in written])
    assert names is not None
    assert set(logs) == {"loss", *names}


@needs_keras_3
def test_metrics_have_these_directions() -> None:
    keras = runtime.keras()
    if running().profile.direction != "metric":
        pytest.skip("metrics have no direction in this release")
    tries: list[dict[str, Any]] = [
        {},
        {"num_classes": 2},
        {"num_classes": 2, "target_class_ids": [0]},
        {"specificity": 0.5},
        {"sensitivity": 0.5},
        {"recall": 0.5},
        {"precision": 0.5},
        {"fn": abs},
    ]
    for name in dir(keras.metrics):
        kind = getattr(keras.metrics, name)
        if not isinstance(kind, type) or kind is keras.metrics.Metric:
            continue
        for arguments in tries:
            try:
                made = kind(**arguments)
                break
            except (TypeError, ValueError):
                continue
        assert metrics.DIRECTIONS[name] == getattr(made, "_direction", ""), name
        assert metrics.BY_NAME[re.sub(r"_\d+$", "", made.name)] == metrics.DIRECTIONS[name]
