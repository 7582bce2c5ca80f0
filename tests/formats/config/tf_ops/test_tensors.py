"""Operations of TensorFlow in the graphs of models of Keras 2: names, arguments, errors."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from keras_ckpt import formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from described import described, node, operation

from keras_ckpt.formats.config import keras2_reader


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (operation("math.bessel_i0", "a", "x", 0, 0), "tf.math.bessel_i0"),
        (operation("io.write_file", "a", "x", 0, 0), "tf.io.write_file"),
        (operation("strings.split", "a", "x", 0, 0), "tf.strings.split"),
        (operation("__class__", "a", "x", 0, 0), "tf.__class__"),
        (operation("compat.v1.div", "a", "x", 0, 0, y=2), "tf.compat.v1.div"),
        (node("PyFunc", "a", ["x"]), "PyFunc"),
        (node("RandomUniform", "a", ["x"]), "RandomUniform"),
    ],
)
def test_unknown_operation_is_named(layer: Any, named: str) -> None:
    with pytest.raises(formats.CheckpointError) as caught:
        keras2_reader.make("model.h5", described(layer), None, True)
    text = str(caught.value)
    assert f"the operation {named}" in text
    assert "keras_ckpt.load_weights(model, path)" in text
    assert text.count("Cannot load") == 1


def test_method_of_a_tensor_is_named() -> None:
    layer = operation("", "a", "x", 0, 0)
    layer["class_name"] = "InstanceMethod"
    layer["config"] = {"name": "a", "cls_symbol": "RaggedTensor", "method_name": "to_tensor"}
    with pytest.raises(formats.CheckpointError, match="RaggedTensor.to_tensor of TensorFlow"):
        keras2_reader.make("model.h5", described(layer), None, True)


def test_argument_that_is_not_known_is_named() -> None:
    layer = operation("nn.relu", "a", "x", 0, 0, sharpness=2)
    with pytest.raises(formats.CheckpointError, match="sharpness"):
        keras2_reader.make("model.h5", described(layer), None, True)


def test_operation_does_not_take_the_name_of_a_layer() -> None:
    add = {
        "class_name": "Add",
        "config": {"name": "add", "trainable": True, "dtype": "float32"},
        "name": "add",
        "inbound_nodes": [[["x", 0, 0, {}], ["tf.math.add", 0, 0, {}]]],
    }
    config = described(operation("math.add", "tf.math.add", "x", 0, 0, y=1.0), add)
    model = keras2_reader.make("model.h5", config, None, True)
    assert [each.name for each in model.operations] == ["x", "tf.math.add", "add"]
    value = runtime.to_numpy(model(np.ones((1, 2, 4), "float32")))
    np.testing.assert_array_equal(value, np.full((1, 2, 4), 3.0))


def test_node_written_as_text() -> None:
    layer = node("Mul", "a", ["x", "a/y"], {"1": 3.0}, T={"type": "DT_FLOAT"})
    layer["config"]["node_def"] = json.dumps(layer["config"]["node_def"])
    model = keras2_reader.make("model.h5", described(layer), None, True)
    value = runtime.to_numpy(model(np.ones((1, 2, 4), "float32")))
    np.testing.assert_array_equal(value, np.full((1, 2, 4), 3.0))


def test_output_that_depends_on_shapes_alone() -> None:
    shape = operation("shape", "shape", "x", 0, 0)
    model = keras2_reader.make("model.h5", described(shape), None, True)
    assert runtime.to_numpy(model(np.ones((3, 5, 4), "float32"))).tolist() == [3, 5, 4]


def test_description_is_left_as_it_was() -> None:
    config = described(operation("math.add", "tf.math.add", "x", 0, 0, y=1.0))
    before = copy.deepcopy(config)
    keras2_reader.make("model.h5", config, None, True)
    assert config == before
