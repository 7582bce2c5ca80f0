"""Penalties on the outputs of layers count as they did in Keras 2."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()
X = np.arange(12, dtype="float32").reshape(4, 3)
PENALTY = {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.0}}
DENSE = {"units": 2, "use_bias": False, "kernel_initializer": "ones"}
OF_BATCH = 0.5 * 2 * X.sum()


def penalty(layer: Any, x: Any = X) -> float:
    layer(keras.ops.convert_to_tensor(x))
    return float(runtime.to_numpy(layer.losses[0]))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_each_way(reduction: str) -> None:
    made = keras2.regularizers.OfBatch(keras.regularizers.L1(0.5), reduction)
    found = penalty(keras.layers.Dense(activity_regularizer=made, **DENSE))
    assert found == pytest.approx(OF_BATCH / (4 if reduction == "mean" else 1))


def saved(path: pathlib.Path, version: str, layer: dict[str, Any]) -> str:
    """Writes a file as that release of Keras did, and returns its path."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
    keras_ckpt.save_model(model, path)
    config = dict(layer["config"], name="dense", batch_input_shape=[None, 3], trainable=True)
    described = {"class_name": "Sequential", "config": [dict(layer, config=config)]}
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps(described)
        file.attrs["keras_version"] = version
        if layer["class_name"] != "Dense":
            del file["model_weights"]
            group = file.create_group("model_weights")
            group.attrs["layer_names"] = np.asarray([b"dense"])
            group.create_group("dense").attrs["weight_names"] = []
        else:
            first = next(iter(file["model_weights"].values()))
            name = first.attrs["weight_names"][0]
            first[name][...] = 1.0
    return str(path)


@pytest.mark.parametrize(
    ("version", "count"),
    [("2.1.6", 1), ("2.2.4", 1), ("2.3.1", 1), ("2.2.4-tf", 4), ("2.4.0", 4), ("2.15.0", 4)],
)
def test_of_files(version: str, count: int, tmp_path: pathlib.Path) -> None:
    layer = {"class_name": "Dense", "config": dict(DENSE, activity_regularizer=PENALTY)}
    model = keras_ckpt.load_model(saved(tmp_path / "m.h5", version, layer))
    assert penalty(model.layers[-1]) == pytest.approx(OF_BATCH / count)
    layer = {"class_name": "ActivityRegularization", "config": {"l1": 0.5, "l2": 0.0}}
    model = keras_ckpt.load_model(saved(tmp_path / "m.h5", version, layer))
    assert penalty(model.layers[-1]) == pytest.approx(0.5 * X.sum() / count)
    # It is still so after it has been saved by Keras 3.
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert penalty(again.layers[-1]) == pytest.approx(0.5 * X.sum() / count)
