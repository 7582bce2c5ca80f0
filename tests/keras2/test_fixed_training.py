"""A layer that is called with `training` in a model of Keras 2 keeps it."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("Keras 2 does so itself", allow_module_level=True)

from keras_ckpt.keras2 import fixed_training

keras = runtime.keras()
X = np.random.RandomState(1).rand(8, 64).astype("float32")


def described(layer: dict[str, Any], training: bool | None) -> str:
    """Returns what Keras 2 says of a model that calls a layer with `training`."""
    kwargs = {} if training is None else {"training": training}
    first = {
        "class_name": "InputLayer",
        "config": {"name": "x", "batch_input_shape": [None, 64], "dtype": "float32"},
        "name": "x",
        "inbound_nodes": [],
    }
    layers = [first, dict(layer, name="tried", inbound_nodes=[[["x", 0, 0, kwargs]]])]
    config = {
        "name": "m",
        "layers": layers,
        "input_layers": [["x", 0, 0]],
        "output_layers": [["tried", 0, 0]],
    }
    return json.dumps(
        {
            "class_name": "Functional",
            "config": config,
            "keras_version": "2.8.0",
            "backend": "tensorflow",
        }
    )


def layer(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "config": dict(config, name="tried")}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    first = {
        "class_name": "InputLayer",
        "config": {"name": "y", "batch_input_shape": [None, 64], "dtype": "float32"},
    }
    return layer("Sequential", layers=[first, *layers])


def functional(inner: dict[str, Any]) -> dict[str, Any]:
    config = json.loads(described(inner, None))["config"]
    return {"class_name": "Functional", "config": dict(config, name="tried")}


DROPOUT = layer("Dropout", rate=0.5)
NORM = layer("BatchNormalization", axis=[1])
TRIED = {
    "dropout": DROPOUT,
    "noise": layer("GaussianNoise", stddev=0.5),
    "norm": NORM,
    "sequential": sequential(DROPOUT),
    "sequential of norm": sequential(NORM),
    "functional": functional(DROPOUT),
    "functional of norm": functional(NORM),
}


def again(model: Any, how: str, directory: pathlib.Path) -> Any:
    """Returns the model after it was saved and loaded, by Keras or by keras_ckpt."""
    if how == "keras":
        model.save(directory / "m.keras")
        return keras.models.load_model(directory / "m.keras")
    if how == "clone":
        made = keras.models.clone_model(model)
        made.set_weights(model.get_weights())
        return made
    if how == "json":
        return keras.models.model_from_json(model.to_json())
    keras_ckpt.save_model(model, directory / how)
    return keras_ckpt.load_model(directory / how)


def is_training(model: Any) -> tuple[bool, bool]:
    """Returns whether the layer is in training mode in `predict`, and in `fit`."""
    if any(isinstance(each, keras.layers.BatchNormalization) for each in model._flatten_layers()):
        by_moments = np.abs(model.predict(X, verbose=0).mean(0)).max() < 1e-3
        model.compile("sgd", "mse")
        before = [np.array(each) for each in model.non_trainable_weights]
        model.fit(X, X, verbose=0)
        moved = any(
            not np.array_equal(a, np.array(b)) for a, b in zip(before, model.non_trainable_weights)
        )
        return bool(by_moments), moved
    in_predict = not np.array_equal(model.predict(X, verbose=0), X)
    model.compile("sgd", "mse")
    return in_predict, model.train_on_batch(X, X) > 0


@pytest.mark.parametrize("how", ["as read", "keras", "clone", "json", "m.keras", "m.h5"])
@pytest.mark.parametrize("training", [True, False, None])
@pytest.mark.parametrize("name", TRIED)
def test_it_is_kept(name: str, training: bool | None, how: str, tmp_path: pathlib.Path) -> None:
    is_native = how not in ("as read", "m.h5")
    if name.startswith("functional") and is_native and runtime.version() < (3, 3):
        pytest.skip("Keras 3.0 cannot make a functional model within another again")
    model = keras_ckpt.model_from_json(described(TRIED[name], training))
    if how != "as read":
        model = again(model, how, tmp_path)
    expected = (False, True) if training is None else (training, training)
    assert is_training(model) == expected
    assert [type(each).__name__ for each in model.layers[1:]] == [TRIED[name]["class_name"]]


@pytest.mark.parametrize("name", ["dropout", "norm", "sequential", "functional"])
@pytest.mark.parametrize("training", [True, False, None])
def test_keras_2_is_told_the_same(name: str, training: bool | None, tmp_path: pathlib.Path) -> None:
    model = keras_ckpt.model_from_json(described(TRIED[name], training))
    keras_ckpt.save_model(model, tmp_path / "m.h5")
    assert calls(tmp_path / "m.h5", "tried") == [
        {} if training is None else {"training": training}
    ] * (1 if name in ("dropout", "norm") else 2)


def calls(path: pathlib.Path, name: str) -> list[Any]:
    """Returns the other arguments of the calls of a layer in a file for Keras 2."""
    import h5py

    with h5py.File(path, "r") as file:
        config = json.loads(file.attrs["model_config"])["config"]
    (found,) = [each for each in config["layers"] if each["name"] == name]
    return [node[0][3] for node in found["inbound_nodes"]]


@pytest.mark.parametrize("training", [True, False, None])
def test_an_hdf5_file_says_so_of_a_layer_of_the_users(
    training: bool | None, tmp_path: pathlib.Path
) -> None:
    class Mine(keras.layers.Dropout):
        """A layer of the user's."""

    known = {"Mine": Mine}
    model = keras_ckpt.model_from_json(
        described(dict(TRIED["dropout"], class_name="Mine"), training), custom_objects=known
    )
    keras_ckpt.save_model(model, tmp_path / "m.h5")
    expected = (False, True) if training is None else (training, training)
    assert is_training(model) == expected
    again = keras_ckpt.load_model(tmp_path / "m.h5", custom_objects=known)
    assert is_training(again) == expected
    assert type(again.layers[1]) is Mine
    assert calls(tmp_path / "m.h5", "tried") == [{} if training is None else {"training": training}]


@pytest.mark.parametrize("how", ["as read", "m.keras", "m.h5"])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_a_layer_that_takes_time_first_keeps_it(
    name: str, how: str, tmp_path: pathlib.Path
) -> None:
    config = json.loads(
        described(layer(name, units=64, dropout=0.5, time_major=True, return_sequences=True), True)
    )
    config["config"]["layers"][0]["config"]["batch_input_shape"] = [4, None, 64]
    model = keras_ckpt.model_from_json(json.dumps(config))
    if how != "as read":
        keras_ckpt.save_model(model, tmp_path / how)
        model = keras_ckpt.load_model(tmp_path / how)
    x = np.random.RandomState(2).rand(4, 2, 64).astype("float32")
    assert not np.array_equal(model.predict_on_batch(x), model.predict_on_batch(x))
    assert model.layers[1].get_config()["time_major"] is True


@pytest.mark.parametrize("training", [True, False, None])
@pytest.mark.parametrize("kind", ["Dropout", "GaussianNoise", "RandomFlip", "RandomRotation"])
def test_what_keras_3_does_not_keep_is_not_written(
    kind: str, training: bool | None, tmp_path: pathlib.Path
) -> None:
    inputs = keras.Input((8, 8, 3))
    made = getattr(keras.layers, kind)(0.3) if kind != "RandomFlip" else keras.layers.RandomFlip()
    given = {} if training is None else {"training": training}
    model = keras.Model(inputs, made(inputs, **given))
    x = np.random.RandomState(2).rand(2, 8, 8, 3).astype("float32")
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    keras_ckpt.save_model(model, tmp_path / "m.h5")
    assert calls(tmp_path / "m.h5", made.name) == [{}]
    np.testing.assert_array_equal(keras_ckpt.load_model(tmp_path / "m.h5").predict(x, verbose=0), x)


def test_every_layer_that_is_called_with_training_has_one() -> None:
    names = {cls.__name__ for cls in fixed_training.CLASSES}
    assert {"Dropout", "BatchNormalization", "LSTM", "RandomFlip", "Sequential"} <= names
    assert ("Functional" in names) == (runtime.version() >= (3, 3))
    for cls, made in fixed_training.CLASSES.items():
        assert issubclass(made, cls)
        assert made.__name__ == cls.__name__
        known = keras.saving.get_registered_name(made)
        package = "keras_ckpt>" if cls.__module__.startswith("keras_ckpt") else ""
        assert fixed_training.unfixed(known) == package + cls.__name__
        assert keras.saving.get_registered_object(known) is made
