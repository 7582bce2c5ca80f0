"""Descriptions of Keras 2 make models under `install()`, as they did there."""

from __future__ import annotations

import importlib
import json
from typing import Any

import helpers
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import CheckpointError

if not runtime.is_keras_3():
    pytest.skip("Keras 2 makes them by itself", allow_module_level=True)

keras = helpers.keras

#: As TF 2.4 describes it. In Keras 3 `hard_sigmoid` is another function.
DENSE = {
    "class_name": "Dense",
    "config": {
        "name": "d",
        "trainable": True,
        "batch_input_shape": [None, 1],
        "dtype": "float32",
        "units": 1,
        "activation": "hard_sigmoid",
        "use_bias": False,
        "kernel_initializer": {"class_name": "Ones", "config": {}},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    },
}
INPUT = {
    "class_name": "InputLayer",
    "config": {
        "batch_input_shape": [None, 1],
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": "i",
    },
}
SEQUENTIAL = {"name": "s", "layers": [INPUT, DENSE]}
FUNCTIONAL = {
    "name": "f",
    "layers": [
        {**INPUT, "name": "i", "inbound_nodes": []},
        {**DENSE, "name": "d", "inbound_nodes": [[["i", 0, 0, {}]]]},
    ],
    "input_layers": [["i", 0, 0]],
    "output_layers": [["d", 0, 0]],
}


def described(kind: str, config: Any) -> dict[str, Any]:
    return {
        "class_name": kind, "config": config, "keras_version": "2.4.0", "backend": "tensorflow"
    }  # fmt: skip


def of_keras_2(model: Any) -> bool:
    x = np.array([[1.0]], "float32")
    # 0.2 * x + 0.5; in Keras 3 it is x / 6 + 0.5.
    return bool(np.allclose(model.predict(x, verbose=0), 0.7))


CASES = [("Sequential", SEQUENTIAL), ("Functional", FUNCTIONAL)]


@pytest.mark.parametrize(("kind", "config"), CASES)
def test_json_and_yaml_and_config(installed: None, kind: str, config: Any) -> None:
    found = described(kind, config)
    models = importlib.import_module("keras.models")
    assert of_keras_2(models.model_from_json(json.dumps(found)))
    assert of_keras_2(models.model_from_json(json.dumps(found), custom_objects={}))
    assert of_keras_2(models.model_from_config(found))
    # JSON is YAML.
    pytest.importorskip("yaml")
    assert of_keras_2(models.model_from_yaml(json.dumps(found)))


def test_from_config(installed: None) -> None:
    assert of_keras_2(keras.Model.from_config(FUNCTIONAL))
    assert of_keras_2(keras.Sequential.from_config(SEQUENTIAL))
    assert of_keras_2(keras.Sequential.from_config(SEQUENTIAL["layers"]))
    functional = keras.Model.from_config(FUNCTIONAL)
    assert of_keras_2(type(functional).from_config(FUNCTIONAL))


def own() -> Any:
    inputs = keras.Input((1,))
    return keras.Model(inputs, keras.layers.Dense(1, activation="hard_sigmoid")(inputs))


@pytest.mark.parametrize("make", [own, lambda: keras.Sequential([keras.layers.Dense(2)])])
def test_descriptions_of_keras_3_mean_what_they_did(make: Any) -> None:
    made = make()
    before = [
        keras.models.model_from_json(made.to_json()).get_config(),
        type(made).from_config(made.get_config()).get_config(),
    ]
    with keras_ckpt.emulate():
        after = [
            keras.models.model_from_json(made.to_json()).get_config(),
            type(made).from_config(made.get_config()).get_config(),
        ]
        copy = keras.models.clone_model(made)
    assert json.dumps(after) == json.dumps(before)
    assert copy.get_config()["name"] == made.name


def test_a_class_of_the_user_makes_itself(installed: None) -> None:
    class Mine(keras.Model):  # type: ignore[misc, name-defined]
        @classmethod
        def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
            return "mine"

    assert Mine.from_config(FUNCTIONAL) == "mine"


def test_errors_are_those_of_keras(installed: None) -> None:
    with pytest.raises(json.JSONDecodeError):
        keras.models.model_from_json("no JSON")
    with pytest.raises(TypeError):
        keras.models.model_from_json()
    with pytest.raises(CheckpointError):
        keras.models.model_from_config({"class_name": "Dense"})


def test_all_is_as_before_afterwards() -> None:
    names = ("model_from_json", "model_from_yaml", "model_from_config")
    owners = [(keras.models, name) for name in names]
    owners += [(keras.Model, "from_config"), (keras.Sequential, "from_config")]
    before = [vars(owner).get(name) for owner, name in owners]
    with keras_ckpt.emulate():
        assert all(callable(getattr(owner, name)) for owner, name in owners)
    assert [vars(owner).get(name) for owner, name in owners] == before
    kept = keras.models.model_from_json
    with keras_ckpt.emulate("3.14"):
        assert keras.models.model_from_json is kept and not hasattr(keras.models, "model_from_yaml")


@pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")
def test_by_the_names_of_tensorflow(installed: None) -> None:
    models = importlib.import_module("tensorflow").keras.models
    assert of_keras_2(models.model_from_config(described("Sequential", SEQUENTIAL)))
    assert of_keras_2(models.model_from_json(json.dumps(described("Sequential", SEQUENTIAL))))
