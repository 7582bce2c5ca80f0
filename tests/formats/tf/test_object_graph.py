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
