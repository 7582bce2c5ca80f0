"""The objects of a model have the names that Keras 2 gave them."""

import pytest

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
