"""The objects of a model have the names that Keras 2 gave them."""

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import api

if not runtime.is_keras_3():
    pytest.skip("what is written on Keras 3", allow_module_level=True)

from models import MODELS

needs_tensorflow = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")


def test_names_in_the_checkpoint_are_those_of_keras_2(tmp_path):
    from keras_ckpt.formats.tensorflow.tensor_bundle import Reader

    def keys(name):
        api.write(MODELS[name](), tmp_path / name, True)
        ending = "/.ATTRIBUTES/VARIABLE_VALUE"
        return {key.replace(ending, "") for key in Reader(str(tmp_path / name)) if ending in key}

    assert keys("mlp") == {
        f"layer_with_weights-{layer}/{name}" for layer in (0, 1) for name in ("kernel", "bias")
    }
    assert "layer_with_weights-2/depthwise_kernel" in keys("cnn")
    assert "layer_with_weights-1/cell/recurrent_kernel" in keys("rnn")
    assert {"layer_with_weights-0/layer_with_weights-1/moving_mean"} <= keys("nested")
    assert {"first/kernel", "blocks/1/bias", "heads/a/kernel", "norm/gamma"} <= keys("subclassed")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_that_keras_2_never_kept_in_16_bits(dtype, tmp_path):
    from keras_ckpt.formats.tensorflow.tensor_bundle import Reader

    keras = runtime.keras()

    def make():
        layers = [keras.layers.Dense(2, dtype=dtype), keras.layers.BatchNormalization(dtype=dtype)]
        return keras.Sequential([keras.Input((3,)), *layers])

    model = make()
    api.write(model, tmp_path / "cp", True)
    entries = Reader(str(tmp_path / "cp")).entries
    found = {key.split("/")[1]: entry.dtype_name for key, entry in entries.items() if "-" in key}
    assert found["kernel"] == dtype
    assert {found[name] for name in ("gamma", "beta", "moving_mean")} == {"float32"}
    other = make()
    api.load_weights(other, tmp_path / "cp")
    for mine, its in zip(other.weights, model.weights):
        assert mine.dtype == its.dtype
        difference = runtime.to_numpy(mine).astype("float32") - runtime.to_numpy(its).astype(
            "float32"
        )
        assert not difference.any()


@pytest.mark.parametrize("first", [0, 1])
def test_a_sequential_of_tensorflow_2_0_that_was_made_without_an_input(first):
    """Its layers are counted there, with or without weights, and with the input or not."""
    from keras_ckpt.formats.tensorflow import object_graph
    from keras_ckpt.formats.tensorflow.object_graph import StoredNode

    keras = runtime.keras()
    layers = [keras.layers.Dense(2), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((2,)), *layers])

    def stored(children=None, key=None):
        return StoredNode(children or {}, key, [], None)

    names = {f"layer-{first + number}": number + 1 for number in range(3)}
    if first:
        names["layer-0"] = 8
    nodes = [
        stored(names),
        stored({"kernel": 4, "bias": 5}),
        stored(),
        stored({"kernel": 6, "bias": 7}),
        *[stored(key=key) for key in ("kernel 0", "bias 0", "kernel 2", "bias 2")],
        stored(),
    ]
    found = object_graph.match(object_graph.describe(model), nodes, 0)
    assert not found.missing and not found.unused
    keys = {node.variable.path: key for node, key in found.found.values()}
    dense = [keys[each.path] for each in layers[0].weights + layers[2].weights]
    assert dense == ["kernel 0", "bias 0", "kernel 2", "bias 2"]


class _Trained:
    """A model that trains itself, as Keras's guides show it, and what such models hold."""

    def __new__(cls):
        keras = runtime.keras()

        class Own(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(2)
                self.tracker = keras.metrics.Mean(name="loss")
                self.trackers = [keras.metrics.MeanSquaredError()]

            def compile(self, optimizer):
                super().compile()
                self.d_optimizer = optimizer

            def call(self, x):
                return self.dense(x)

        model = Own()
        model.compile(keras.optimizers.Adam(0.1))
        model(np.ones((2, 3), "float32"))
        return model


def _checkpoint(directory, ways):
    """A checkpoint with a number or an array at each way, as an old TensorFlow writes it."""
    import tensorflow as tf

    root = tf.train.Checkpoint()
    for way, value in ways.items():
        node, *names = root, *way.split("/")
        for name in names[:-1]:
            if not hasattr(node, name):
                setattr(node, name, tf.train.Checkpoint())
            node = getattr(node, name)
        setattr(node, names[-1], tf.Variable(value))
    return root.write(str(directory / "checkpoint"))


WEIGHTS = {"dense/kernel": np.ones((3, 2), "float32"), "dense/bias": np.ones(2, "float32")}


@needs_tensorflow
@pytest.mark.parametrize(
    "optimizer",
    [
        {"iter": 3, "decay": 0.0, "beta_1": 0.9},  # With a schedule, it has no rate.
        {"iter": 3, "learning_rate": 0.1, "momentum": 0.0},
        {"_iterations": 3, "_learning_rate": 0.1, "_variables/m1": [1.0]},
    ],
    ids=["schedule", "2.4", "2.15"],
)
def test_optimizers_and_metrics_of_the_users_keep_no_checkpoint_from_being_loaded(
    tmp_path, optimizer
):
    held = {f"d_optimizer/{name}": value for name, value in optimizer.items()}
    held.update({"tracker/total": 1.0, "tracker/count": 2.0})
    model = _Trained()
    with pytest.warns(UserWarning, match="state of `d_optimizer`"):
        keras_ckpt.load_weights(model, _checkpoint(tmp_path, {**WEIGHTS, **held}))
    assert (runtime.to_numpy(model.dense.kernel) == 1).all()


@needs_tensorflow
@pytest.mark.parametrize("name", ["other/kernel", "optimizer_/momentum", "tracker_/total"])
def test_what_is_no_optimizer_is_not_left_out(tmp_path, name):
    model = _Trained()
    path = _checkpoint(tmp_path, {**WEIGHTS, name: np.zeros(2, "float32")})
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match=name):
        keras_ckpt.load_weights(model, path)
