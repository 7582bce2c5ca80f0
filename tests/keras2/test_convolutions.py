"""Depthwise and separable convolutions with causal padding, or with strides in a dilation."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()


def causal(**arguments: Any) -> Any:
    cls = keras2.layers.find("SeparableConv1D", {"padding": "causal"})
    assert cls is not None
    return cls(4, 3, padding="causal", **arguments)


def test_it_is_keras_3s_without_those_arguments() -> None:
    assert keras2.layers.find("SeparableConv1D", {"padding": "same"}) is None
    assert keras2.layers.find("SeparableConv1D") is None
    assert keras2.layers.find("DepthwiseConv2D", {"interleaved": False}) is None


@pytest.mark.parametrize("dilation_rate", [1, 2])
def test_an_output_depends_on_no_later_step(dilation_rate: int) -> None:
    made = causal(dilation_rate=dilation_rate)
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype("float32")
    whole = runtime.to_numpy(made(x))
    assert whole.shape == (2, 7, 4) == tuple(made.compute_output_shape(x.shape))
    for steps in range(1, 7):
        changed = x.copy()
        changed[:, steps:] = 9
        found = runtime.to_numpy(made(changed))
        np.testing.assert_allclose(found[:, :steps], whole[:, :steps], atol=1e-5)
    # It is the plain one of inputs with zeros before them.
    plain = keras.layers.SeparableConv1D(4, 3, dilation_rate=dilation_rate)
    padded = np.concatenate([np.zeros((2, 2 * dilation_rate, 3), "float32"), x], axis=1)
    plain(padded)
    plain.set_weights(made.get_weights())
    np.testing.assert_allclose(runtime.to_numpy(plain(padded)), whole, atol=1e-5)


def test_in_a_model() -> None:
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, causal(strides=2)(inputs))
    assert model.output_shape == (None, None, 4)
    assert model.predict(np.ones((1, 7, 3)), verbose=0).shape == (1, 4, 4)
    again = type(model.layers[1]).from_config(model.layers[1].get_config())
    assert again.get_config()["padding"] == "causal"


def test_strides_in_a_dilation_are_steps_in_each_of_the_interleaved_inputs() -> None:
    """By the definition, in one dimension and without padding."""
    x = np.arange(13, dtype="float32").reshape(1, 13, 1) ** 2
    for size, stride, rate in itertools.product((1, 2, 3), (2, 3), (2, 3)):
        layer = keras2.layers.find("DepthwiseConv1D", {"interleaved": True})(
            size, strides=stride, dilation_rate=rate, interleaved=True,
            depthwise_initializer="ones",
        )  # fmt: skip
        padded = np.concatenate([x.ravel(), np.zeros(-13 % rate, "float32")])
        parts = [padded[start::rate] for start in range(rate)]
        steps = range(0, len(parts[0]) - size + 1, stride)
        each = [[part[step : step + size].sum() for step in steps] for part in parts]
        expected = np.array(each).T.ravel()[: len(steps) * rate - (-13 % rate)]
        np.testing.assert_allclose(runtime.to_numpy(layer(x)).ravel(), expected)


#: Sums of outputs of TensorFlow 2.8, of inputs that count from 0 to 6 again and again, and of
#: kernels of ones: by the padding, the height and the width.
OF_TENSORFLOW_2_8 = {
    ("valid", 5, 6): ((1, 2), 210), ("valid", 6, 6): ((2, 2), 426), ("valid", 7, 8): ((1, 2), 208),
    ("valid", 9, 9): ((3, 3), 984), ("valid", 8, 5): ((2, 1), 216), ("same", 5, 6): ((3, 4), 567),
    ("same", 6, 6): ((4, 4), 762), ("same", 7, 8): ((3, 4), 852), ("same", 9, 9): ((5, 5), 1729),
    ("same", 8, 5): ((4, 3), 715),
}  # fmt: skip


@pytest.mark.parametrize("is_known", [True, False], ids=["shape known", "shape not known"])
@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D"])
@pytest.mark.parametrize(("padding", "height", "width"), OF_TENSORFLOW_2_8)
def test_a_description_of_keras_2_gives_its_numbers(
    padding: str, height: int, width: int, name: str, is_known: bool
) -> None:
    if not is_known and runtime.backend() != "tensorflow":
        pytest.skip("shapes are known when it is called")
    shape = [None, height, width, 2] if is_known else [None, None, None, 2]
    ones = {"class_name": "Ones", "config": {}}
    settings = {
        "name": "conv", "trainable": True, "dtype": "float32", "kernel_size": [3, 3],
        "strides": [2, 2], "padding": padding, "data_format": "channels_last",
        "dilation_rate": [2, 2], "activation": "linear", "use_bias": True, "depth_multiplier": 1,
        "depthwise_initializer": ones, "batch_input_shape": shape,
    }  # fmt: skip
    if name == "SeparableConv2D":
        settings.update(filters=1, pointwise_initializer=ones)
    described = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [{"class_name": name, "config": settings}]},
        "keras_version": "2.8.0",
        "backend": "tensorflow",
    }
    model = keras_ckpt.model_from_json(json.dumps(described))
    count = 2 * height * width * 2
    x = (np.arange(count, dtype="float32") % 7).reshape(2, height, width, 2)
    found = model.predict(x, verbose=0)
    lengths, total = OF_TENSORFLOW_2_8[padding, height, width]
    assert found.shape[1:3] == lengths
    if is_known:
        assert model.output_shape[1:3] == lengths
    np.testing.assert_allclose(found.sum(), total, rtol=1e-6)
    again = keras.Sequential.from_config(model.get_config())
    np.testing.assert_allclose(again.predict(x, verbose=0).sum(), total, rtol=1e-6)
