"""Functions that Keras 3 saved are those that they were, or an error, whichever Python runs."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import UnsupportedModel

if not runtime.is_keras_3():
    pytest.skip("of files of Keras 3", allow_module_level=True)
keras = runtime.keras()
DATA = pathlib.Path(__file__).parents[3] / "data" / "python_code"
SOURCES: list[str] = json.loads((DATA / "sources.json").read_text())
COMPILED: dict[str, list[str]] = dict(
    json.loads(line) for line in (DATA / "compiled.jsonl").read_text().splitlines()
)
X = np.arange(8, dtype="float32").reshape(2, 4)


def described(version: str, source: str, key: str = "code") -> Any:
    code = COMPILED[version][SOURCES.index(f"function = lambda x, a=1: {source}")]
    if key == "value":
        return {"class_name": "__lambda__", "config": {"value": [code, [1], None]}}
    return {
        "class_name": "__lambda__",
        "config": {"code": code, "defaults": [1], "closure": None},
    }


def model_with(function: Any, where: str = "Lambda") -> dict[str, Any]:
    """Returns what Keras 3 says of a model with a function in it."""
    made = keras.Sequential([keras.Input((4,)), keras.layers.Activation("relu", name="scale")])
    config: dict[str, Any] = json.loads(made.to_json())
    layer = config["config"]["layers"][1]
    if where == "Lambda":
        settings = {key: layer["config"][key] for key in ("name", "trainable", "dtype")}
        layer["class_name"] = "Lambda"
        layer["config"] = dict(settings, function=function, arguments={})
    else:
        layer["config"]["activation"] = function
    return config


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11"])
@pytest.mark.parametrize("where", ["Lambda", "activation"])
def test_an_expression_comes_back_and_is_saved_again(
    version: str, where: str, tmp_path: pathlib.Path
) -> None:
    function = described(version, "x / 127.5 - 1.0", "code" if where == "Lambda" else "value")
    config = model_with(function, where)
    with pytest.raises(keras_ckpt.UnsafeCheckpoint, match=r"lambda x, a: x / 127\.5 - 1\.0"):
        keras_ckpt.model_from_json(json.dumps(config))
    model = keras_ckpt.model_from_json(json.dumps(config), safe_mode=False)
    np.testing.assert_allclose(np.array(model(X)), X / 127.5 - 1, rtol=1e-6)
    if where == "Lambda":
        model.save(tmp_path / "m.keras")
        again = keras_ckpt.load_model(tmp_path / "m.keras", safe_mode=False)
        np.testing.assert_allclose(np.array(again(X)), X / 127.5 - 1, rtol=1e-6)


@pytest.mark.skipif(runtime.backend() == "torch", reason="NumPy multiplies no tensors of PyTorch")
def test_it_finds_the_modules_that_scripts_import() -> None:
    model = keras_ckpt.model_from_json(
        json.dumps(model_with(described("3.9", "np.array([1, 2, 3, 4]) * x"))), safe_mode=False
    )
    np.testing.assert_array_equal(np.array(model(X)), X * [1, 2, 3, 4])


def test_what_cannot_be_made_again_is_an_error_that_takes_a_function() -> None:
    others = [each for each in ("3.12", "3.13") if each != ".".join(map(str, sys.version_info[:2]))]
    config = json.dumps(model_with(described(others[-1], "K.mean(x, axis=1, keepdims=True)")))
    with pytest.raises(UnsupportedModel, match="pass the function in custom_objects"):
        keras_ckpt.model_from_json(config, safe_mode=False)
    model = keras_ckpt.model_from_json(
        config, custom_objects={"scale": lambda x: x + 1}, safe_mode=False
    )
    np.testing.assert_array_equal(np.array(model(X)), X + 1)


def test_code_of_this_python_comes_back(tmp_path: pathlib.Path) -> None:
    def around(size: float) -> Any:
        return lambda x: [each * size for each in [x]][0]

    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(around(2.5))])
    for name in ("m.keras", "m.h5"):
        keras_ckpt.save_model(model, tmp_path / name)
        again = keras_ckpt.load_model(tmp_path / name, safe_mode=False)
        np.testing.assert_allclose(np.array(again(X)), X * 2.5, rtol=1e-6)
