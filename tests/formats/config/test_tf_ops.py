"""Operations of TensorFlow in models of Keras 2: `legacy/ops-*`, made by `write_ops.py`."""

from __future__ import annotations

import copy
import json
import pathlib
import subprocess
import sys
import tarfile
from typing import Any

import numpy as np
import pytest

from keras_ckpt import formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from keras_ckpt.formats.config import keras2_reader

pytestmark = pytest.mark.slow

HOME = pathlib.Path(__file__).resolve().parents[2] / "data" / "legacy"
RELEASES = ["2.3", "2.4", "2.9", "2.12", "2.15"]
KINDS = ["model.h5", "saved_model", "model.keras"]
MODELS = ["arithmetic", "elementwise", "reductions", "shapes", "slicing", "products", "images"]
MODELS += ["ellipsis", "sequences", "towers", "shared"]


class Release:
    """The files of a release."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.name = name
        self.directory = directory
        with tarfile.open(str(HOME / ("ops-%s.tar.xz" % name))) as archive:
            archive.extractall(str(directory))
        self.expected = json.loads((directory / "expected.json").read_text())

    def path(self, model: str, kind: str) -> str:
        """The path of a file, for which a test is skipped if the release did not write it."""
        if kind not in self.expected[model]["written"]:
            pytest.skip("there is no such file of this release")
        return str(self.directory / (model + "." + kind))


@pytest.fixture(scope="module", params=RELEASES)
def release(request: Any, tmp_path_factory: Any) -> Release:
    return Release(request.param, tmp_path_factory.mktemp("ops"))


def inputs(told: Any) -> Any:
    values = [np.array(each, "float32") for each in told["inputs"]]
    return values if len(values) > 1 else values[0]


def outputs(model: Any, told: Any) -> list[Any]:
    found = model(inputs(told))
    found = found if isinstance(found, (list, tuple)) else [found]
    return [runtime.to_numpy(each) for each in found]


def check(model: Any, told: Any) -> None:
    found = outputs(model, told)
    assert len(found) == len(told["outputs"])
    for name, value, expected, dtype in zip(told["names"], found, told["outputs"], told["dtypes"]):
        np.testing.assert_allclose(
            value, np.array(expected), rtol=1e-6, atol=1e-6, err_msg=str(name)
        )
        # JAX has no 64 bits by default, and some operations have others on PyTorch.
        if runtime.backend() == "tensorflow":
            assert value.dtype.name == dtype, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_predictions(release: Release, name: str, kind: str) -> None:
    model = formats.load_model(release.path(name, kind))
    check(model, release.expected[name])
    for each in model._flatten_layers():
        assert not type(each).__module__.startswith("keras_ckpt")


def test_model_that_was_loaded_needs_no_more_of_us(release: Release, tmp_path: Any) -> None:
    if release.name not in ("2.3", "2.15"):
        pytest.skip("the operations are those of another release")
    if runtime.version() < (3, 2):
        pytest.skip("Keras 3.0 and 3.1 do not read the slices that they have written")
    told = {}
    for name in MODELS:
        model = formats.load_model(release.path(name, "model.h5"))
        formats.save_model(model, str(tmp_path / (name + ".keras")))
        told[name] = dict(release.expected[name])
        np.savez(
            str(tmp_path / (name + ".npz")),
            *outputs(model, told[name]),
        )
    (tmp_path / "told.json").write_text(json.dumps(told))
    program = """
import json, keras, numpy, sys
told = json.load(open("told.json"))
for name, each in told.items():
    model = keras.models.load_model(name + ".keras")
    values = [numpy.array(value, "float32") for value in each["inputs"]]
    found = model(values if len(values) > 1 else values[0])
    found = found if isinstance(found, (list, tuple)) else [found]
    with numpy.load(name + ".npz") as expected:
        assert len(expected.files) == len(found)
        for key, value in zip(expected.files, found):
            value = keras.ops.convert_to_numpy(value)
            numpy.testing.assert_allclose(value, expected[key], 1e-6, 1e-6, err_msg=name)
assert "keras_ckpt" not in sys.modules
print("read", len(told))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=str(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("read %d" % len(MODELS)), done.stderr


def test_layers_keep_their_order(release: Release) -> None:
    """An operation that is several in Keras 3 would put layers of the same shapes in another."""
    model = formats.load_model(release.path("towers", "model.h5"))
    found = [layer.name for layer in model.layers if layer.weights]
    kinds = [type(each).__name__ for each in model.layers]
    if release.name == "2.3":  # Each operation is one of Keras 3.
        assert found == ["first", "second", "third"]
        assert "Functional" not in kinds
    else:
        assert found == ["second", "first", "third"]
        assert kinds.count("Functional") == 3  # The sum is of three, too.
    formats.load_weights(model, release.path("towers", "saved_model"))
    check(model, release.expected["towers"])


def test_training_goes_on(release: Release) -> None:
    model = formats.load_model(release.path("shared", "model.h5"))
    told = release.expected["shared"]
    model.compile("sgd", "mse")
    x = inputs(told)
    losses = [float(model.train_on_batch(x, np.zeros((3, 2), "float32"))) for _ in range(3)]
    assert losses[2] < losses[0]


def test_einsum(release: Release) -> None:
    path = release.path("einsum", "model.h5")
    if release.name == "2.3":
        check(formats.load_model(path), release.expected["einsum"])
        return
    with pytest.raises(formats.CheckpointError, match="did not write down what tf.einsum"):
        formats.load_model(path)


# ---------------------------------------------------- by descriptions


def described(*layers: Any, shape: Any = (None, 4), output: Any = None) -> Any:
    """The description of a model that has `layers` after its input `x`."""
    start = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, *shape], "dtype": "float32", "name": "x"},
        "name": "x",
        "inbound_nodes": [],
    }
    last = output or [layers[-1]["name"], 0, 0]
    settings = {
        "name": "model",
        "layers": [start, *layers],
        "input_layers": [["x", 0, 0]],
        "output_layers": [last],
    }
    return {"class_name": "Functional", "config": settings}


def operation(function: str, name: str, *node: Any, **arguments: Any) -> Any:
    return {
        "class_name": "TFOpLambda",
        "config": {"name": name, "function": function, "dtype": "float32"},
        "name": name,
        "inbound_nodes": [[*node, arguments]],
    }


def node(kind: str, name: str, inputs: list[str], constants: Any = None, **attr: Any) -> Any:
    definition = {"name": name, "op": kind, "input": inputs, "attr": attr}
    return {
        "class_name": "TensorFlowOpLayer",
        "config": {"name": name, "node_def": definition, "constants": constants or {}},
        "name": "tf_op_layer_" + name,
        "inbound_nodes": [[["x", 0, 0, {}]]],
    }


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
    assert "the operation %s" % named in text
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


def test_size_that_is_only_known_in_the_call_is_no_bound() -> None:
    shape = operation("shape", "shape", "x", 0, 0)
    size = operation("__operators__.getitem", "size", "shape", 0, 0, slice_spec=1)
    less = operation("math.subtract", "less", "size", 0, 0, y=1)
    part = {"start": None, "stop": ["less", 0, 0], "step": None}
    layer = operation(
        "__operators__.getitem", "a", "x", 0, 0, slice_spec=[dict(part, stop=None), part]
    )
    with pytest.raises(formats.CheckpointError, match="known only when the model is called"):
        keras2_reader.make("model.h5", described(shape, size, less, layer), None, True)
    # With the size it is.
    config = described(shape, size, less, layer, shape=(5, 4))
    model = keras2_reader.make("model.h5", config, None, True)
    assert tuple(model.output_shape) == (None, 4, 4)


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


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_sum_of_rows_is_no_bias(batch: int) -> None:
    """Keras on TensorFlow adds `(4, 1)` along the last axis of `(4, 4)`."""
    rows = operation("math.reduce_sum", "rows", "x", 0, 0, axis=1, keepdims=True)
    total = operation("math.add", "total", "x", 0, 0, y=["rows", 0, 0])
    model = keras2_reader.make("model.h5", described(rows, total, shape=(4,)), None, True)
    x = np.arange(batch * 4, dtype="float32").reshape(batch, 4)
    value = runtime.to_numpy(model(x))
    np.testing.assert_array_equal(value, x + x.sum(1, keepdims=True))


@pytest.mark.parametrize(
    ("masks", "key"),
    [
        ({}, (slice(0, 1), slice(1, 3), slice(0, 4, 2))),
        ({"begin_mask": 2, "end_mask": 4}, (slice(0, 1), slice(None, 3), slice(0, None, 2))),
        ({"shrink_axis_mask": 2}, (slice(0, 1), 1, slice(0, 4, 2))),
        ({"new_axis_mask": 1}, (None, slice(1, 3), slice(0, 4, 2))),
        ({"ellipsis_mask": 2}, (slice(0, 1), Ellipsis, slice(0, 4, 2))),
    ],
)
def test_masks_of_strided_slice(masks: Any, key: Any) -> None:
    attributes = {name: {"i": str(value)} for name, value in masks.items()}
    constants = {"1": [0, 1, 0], "2": [1, 3, 4], "3": [1, 1, 2]}
    layer = node("StridedSlice", "a", ["x", "b", "e", "s"], constants, **attributes)
    model = keras2_reader.make("model.h5", described(layer, shape=(5, 4)), None, True)
    x = np.arange(40, dtype="float32").reshape(2, 5, 4)
    np.testing.assert_array_equal(runtime.to_numpy(model(x)), x[key])


def test_description_is_left_as_it_was() -> None:
    config = described(operation("math.add", "tf.math.add", "x", 0, 0, y=1.0))
    before = copy.deepcopy(config)
    keras2_reader.make("model.h5", config, None, True)
    assert config == before
