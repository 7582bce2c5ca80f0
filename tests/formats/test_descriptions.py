"""Models from `to_json`, `to_yaml` and `get_config`."""

from __future__ import annotations

import json

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

keras = runtime.keras()

DENSE = {"class_name": "Dense", "config": {"units": 2, "batch_input_shape": [None, 3], "name": "d"}}
OLD = {
    "class_name": "Sequential",
    "config": {"name": "s", "layers": [DENSE]},
    "keras_version": "2.4.0",
    "backend": "tensorflow",
}


def test_json_of_keras_2() -> None:
    model = keras_ckpt.model_from_json(json.dumps(OLD))
    assert [layer.name for layer in model.layers] == ["d"]
    assert model.output_shape == (None, 2)


def test_json_of_keras_3_is_read_as_keras_does() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="hard_sigmoid")])
    again = keras_ckpt.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    x = np.linspace(-3, 3, 6, dtype="float32").reshape(2, 3)
    one, other = (runtime.to_numpy(each(x)) for each in (model, again))
    np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_config_of_this_keras(kind: str) -> None:
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(2, name="d")(inputs)
    model = keras.Model(inputs, outputs)
    if kind == "sequential":
        model = keras.Sequential([inputs, keras.layers.Dense(2, name="d")])
    again = keras_ckpt.model_from_config(model.get_config())
    assert again.count_params() == 8


@pytest.mark.parametrize("name", ["builtins.dict", "__builtin__.dict", "collections.OrderedDict"])
def test_yaml_with_dicts_of_python(name: str) -> None:
    pytest.importorskip("yaml")
    text = (
        "class_name: Sequential\nconfig:\n  layers:\n  - class_name: Dense\n"
        f"    config: !!python/object/apply:{name}\n"
        "    - batch_input_shape: [null, 3]\n      units: 2\nkeras_version: 2.4.0\n"
    )
    assert keras_ckpt.model_from_yaml(text).output_shape == (None, 2)
    with pytest.raises(keras_ckpt.CheckpointError, match="cannot be read"):
        keras_ckpt.model_from_yaml(
            text.replace("- batch_input_shape: [null, 3]\n      units: 2", "- 3")
        )


def test_yaml_with_tuples_of_python() -> None:
    pytest.importorskip("yaml")
    text = (
        "backend: tensorflow\nclass_name: Sequential\nconfig:\n  name: s\n  layers:\n"
        "  - class_name: Dense\n    config:\n      name: d\n      units: 2\n"
        "      batch_input_shape: !!python/tuple\n      - null\n      - 3\nkeras_version: 2.4.0\n"
    )
    assert keras_ckpt.model_from_yaml(text).output_shape == (None, 2)


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch run']",
        "class_name: Sequential\nconfig: !!python/object/apply:os.system ['touch run']",
        "{",
        "just text",
        "[" * 5000,
    ],
)
def test_yaml_runs_no_code(text: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("yaml")
    monkeypatch.chdir(str(tmp_path))
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match="YAML description"):
        keras_ckpt.model_from_yaml(text)
    import os

    assert not os.path.exists("run")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"class_name": "Sequential"}', "{" * 9])
def test_what_describes_no_model_is_named(text: str) -> None:
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match="JSON description"):
        keras_ckpt.model_from_json(text)


def test_a_lambda_is_refused_unless_it_is_trusted() -> None:
    function = {"name": "l", "function": ["AAAA", None, None], "function_type": "lambda"}
    layers = [DENSE, {"class_name": "Lambda", "config": function}]
    config = dict(OLD, config={"name": "s", "layers": layers})
    with pytest.raises(keras_ckpt.UnsafeCheckpoint):
        keras_ckpt.model_from_json(json.dumps(config))
    with pytest.raises(keras_ckpt.UnsupportedModel, match="not that of Python"):
        keras_ckpt.model_from_json(json.dumps(config), safe_mode=False)
