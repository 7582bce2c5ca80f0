"""Metrics that Keras 3 computes in another way than Keras 2."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime
from keras_ckpt.formats.config import compilation

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 changed", allow_module_level=True)

import keras_ckpt

keras = runtime.keras()

ARGUMENT = {
    "PrecisionAtRecall": "recall",
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
}
#: Labels, predictions and weights of samples.
SAMPLES = [
    (
        [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0],
        [0.43, 0.78, 0.2, 0.86, 0.98, 0.16, 0.6, 0.01, 0.39],
        [0.14, 1.06, 0.54, 1.05, 0.89, 0.97, 0.27, 0.17, 0.7],
    ),
    (
        [0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0],
        [0.52, 0.64, 0.4, 0.65, 0.4, 0.62, 0.77, 0.18, 0.38],
        [0.6, 0.79, 0.35, 0.65, 0.72, 1.0, 0.46, 0.74, 0.29],
    ),
    (
        [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0],
        [0.57, 0.85, 0.86, 0.6, 0.08, 0.6, 0.25, 0.73, 0.89],
        [0.61, 0.7, 0.17, 0.64, 0.23, 0.71, 0.46, 0.87, 0.15],
    ),
    ([0.0, 0.0, 0.0], [0.1, 0.5, 0.8], [1.0, 1.0, 1.0]),
    ([1.0, 1.0, 1.0], [0.1, 0.5, 0.8], [1.0, 1.0, 1.0]),
]
#: What TensorFlow 2.0 to 2.2 give for each of the samples, by the metric, the value that is its
#: argument, and `num_thresholds`. (TensorFlow 2.0 had no PrecisionAtRecall.)
MEASURED: dict[tuple[str, float, int], list[float]] = {
    ("SensitivityAtSpecificity", 0.3, 7): [1.0, 1.0, 0.197674, 0.0, 1.0],
    ("SensitivityAtSpecificity", 0.5, 200): [1.0, 0.707246, 0.197674, 0.0, 1.0],
    ("SensitivityAtSpecificity", 0.9, 1): [0.827848, 0.707246, 0.197674, 0.0, 0.333333],
    ("SensitivityAtSpecificity", 0.9, 200): [0.863291, 0.0, 0.197674, 0.0, 1.0],
    ("SpecificityAtSensitivity", 0.3, 7): [1.0, 0.786047, 0.0, 0.0, 0.0],
    ("SpecificityAtSensitivity", 0.5, 200): [1.0, 0.786047, 0.0, 0.0, 0.0],
    ("SpecificityAtSensitivity", 0.9, 1): [1.0, 0.506977, 0.0, 0.666667, 0.0],
    ("SpecificityAtSensitivity", 0.9, 200): [0.619565, 0.344186, 0.0, 0.0, 0.0],
    ("PrecisionAtRecall", 0.3, 7): [1.0, 0.0, 0.044156, 0.0, 1.0],
    ("PrecisionAtRecall", 0.5, 200): [1.0, 0.757895, 0.146172, 0.0, 1.0],
    ("PrecisionAtRecall", 0.9, 1): [1.0, 0.697143, 0.044156, 0.0, 1.0],
    ("PrecisionAtRecall", 0.9, 200): [0.829684, 0.691466, 0.189427, 0.0, 1.0],
}


def metric(name: str, version: str, **config: Any) -> Any:
    described = {"class_name": name, "config": dict(config, name="m", dtype="float32")}
    given = {"optimizer_config": "sgd", "loss": "mse", "metrics": [described]}
    (found,) = compilation.compile_arguments(given, version=version)["metrics"]
    return found


def results(given: Any) -> list[float]:
    found = []
    for y, p, w in SAMPLES:
        given.reset_state()
        given.update_state(*(np.array(each, "float32") for each in (y, p)), np.array(w, "float32"))
        found.append(float(given.result()))
    return found


@pytest.mark.parametrize("version", ["2.2.4-tf", "2.3.0-tf"])
@pytest.mark.parametrize("case", MEASURED, ids=str)
def test_up_to_tensorflow_2_2_the_nearest_threshold_counts(case: Any, version: str) -> None:
    name, value, thresholds = case
    found = metric(name, version, num_thresholds=thresholds, **{ARGUMENT[name]: value})
    assert results(found) == pytest.approx(MEASURED[case], abs=1e-5)
    again = keras.metrics.deserialize(keras.metrics.serialize(found))
    assert results(again) == results(found)


@pytest.mark.parametrize("name", ARGUMENT)
@pytest.mark.parametrize("version", ["2.4.0", "2.15.0", ""])
def test_later_ones_are_those_of_keras_3(name: str, version: str) -> None:
    assert type(metric(name, version, **{ARGUMENT[name]: 0.5})) is getattr(keras.metrics, name)


def test_a_metric_of_the_user_with_such_a_name_is_theirs() -> None:
    class PrecisionAtRecall(keras.metrics.Mean):  # type: ignore[misc]
        pass

    given = {
        "optimizer_config": "sgd",
        "loss": "mse",
        "metrics": [{"class_name": "PrecisionAtRecall", "config": {"name": "mine"}}],
    }
    with keras.saving.custom_object_scope({"PrecisionAtRecall": PrecisionAtRecall}):
        (found,) = compilation.compile_arguments(
            given, {"PrecisionAtRecall": PrecisionAtRecall}, version="2.3.0-tf"
        )["metrics"]
    assert type(found) is PrecisionAtRecall


@pytest.mark.parametrize("name", ARGUMENT)
def test_they_come_back_from_each_format(name: str, tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=[keras2.metrics.CLOSEST[name](0.9, num_thresholds=7)])
    x = np.random.RandomState(0).normal(size=(40, 2)).astype("float32")
    y = (x[:, :1] > 0.3).astype("float32")
    told = model.evaluate(x, y, batch_size=40, verbose=0)
    for file in ("m.keras", "m.h5"):
        keras_ckpt.save_model(model, str(tmp_path / file))
        again = keras_ckpt.load_model(str(tmp_path / file))
        assert again.evaluate(x, y, batch_size=40, verbose=0) == pytest.approx(told, abs=1e-6)
