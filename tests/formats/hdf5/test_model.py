"""Whole models in HDF5 whose description lacks what Keras 3 needs."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import UnsupportedModel

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

keras = runtime.keras()
layers = keras.layers

FIRST = {
    "dense": ((4,), lambda: [layers.Dense(3, activation="relu"), layers.Dense(2)]),
    "conv1d": ((7, 4), lambda: [layers.Conv1D(3, 2), layers.GlobalMaxPooling1D()]),
    "conv2d": ((6, 6, 3), lambda: [layers.Conv2D(3, 2), layers.GlobalAveragePooling2D()]),
    "conv3d": ((4, 4, 4, 2), lambda: [layers.Conv3D(3, 2), layers.GlobalAveragePooling3D()]),
    "lstm": ((5, 4), lambda: [layers.LSTM(3), layers.Dense(2)]),
    "gru": ((5, 4), lambda: [layers.GRU(3)]),
    "simple_rnn": ((5, 4), lambda: [layers.SimpleRNN(3)]),
    "embedding": ((5,), lambda: [layers.Embedding(9, 3), layers.LSTM(2)]),
}


def without_inputs(model: Any, path: pathlib.Path) -> None:
    """Saves a model as stand-alone Keras 2.2.4 saved one that began with an `InputLayer`."""
    keras_ckpt.save_model(model, path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        described = config["config"]["layers"]
        config["config"].pop("build_input_shape", None)
        config["config"]["layers"] = [
            each for each in described if each["class_name"] != "InputLayer"
        ]
        for each in config["config"]["layers"]:
            each["config"].pop("batch_input_shape", None)
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.2.4"


@pytest.mark.parametrize("name", FIRST)
def test_a_sequential_without_the_shape_of_its_inputs(name: str, tmp_path: pathlib.Path) -> None:
    shape, make = FIRST[name]
    model = keras.Sequential([keras.Input(shape), *make()])
    model.compile("sgd", "mse")
    without_inputs(model, tmp_path / "m.h5")
    found = keras_ckpt.load_model(tmp_path / "m.h5")
    x = np.arange(2 * np.prod(shape)).reshape(2, *shape) % 5
    np.testing.assert_allclose(found.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)
    assert found.compiled


def test_where_the_shape_cannot_be_known_that_is_said(tmp_path: pathlib.Path) -> None:
    flattened = [layers.Conv2D(3, 2), layers.Flatten(), layers.Dense(2)]
    model = keras.Sequential([keras.Input((6, 6, 3)), *flattened])
    without_inputs(model, tmp_path / "m.h5")
    with pytest.raises(UnsupportedModel, match="does not say what shape the inputs.*load_weights"):
        keras_ckpt.load_model(tmp_path / "m.h5")
    other = keras.Sequential(
        [keras.Input((6, 6, 3)), layers.Conv2D(3, 2), layers.Flatten(), layers.Dense(2)]
    )
    keras_ckpt.load_weights(other, tmp_path / "m.h5")
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), model.get_weights()))


@pytest.mark.parametrize("held", [[0, 255], {"low": 0}, ({"deep": [1, 2]},)])
def test_what_a_random_layer_holds_in_its_description(held: Any, tmp_path: pathlib.Path) -> None:
    @keras.saving.register_keras_serializable("tests_of_model")
    class Random(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, held: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.held = held
            self.generator = keras.random.SeedGenerator(1)

        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> dict[str, Any]:
            return dict(super().get_config(), held=self.held)

    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2)(Random(held)(inputs)))
    path = tmp_path / "m.h5"
    keras_ckpt.save_model(model, path)
    found = keras_ckpt.load_model(path)
    assert json.dumps(found.layers[1].held) == json.dumps(held)
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(found.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_description_of_keras_1_is_named_as_one(tmp_path: pathlib.Path) -> None:
    keras_ckpt.save_model(keras.Sequential([keras.Input((3,)), layers.Dense(2)]), tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        dense = config["config"]["layers"][-1]["config"]
        dense.update(output_dim=dense.pop("units"), init="glorot_uniform", input_dtype="float32")
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "1.2.2"
    with pytest.raises(
        UnsupportedModel, match=r"Keras 1\.2\.2 described .* Load it in Keras 2\.3\.1"
    ):
        keras_ckpt.load_model(tmp_path / "m.h5")
