"""SeparableConv1D with causal padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()


def layer(**arguments: Any) -> Any:
    cls = keras2.layers.find("SeparableConv1D", {"padding": "causal"})
    assert cls is not None
    return cls(4, 3, padding="causal", **arguments)


def test_it_is_keras_3s_without_that_argument() -> None:
    assert keras2.layers.find("SeparableConv1D", {"padding": "same"}) is None
    assert keras2.layers.find("SeparableConv1D") is None


@pytest.mark.parametrize("dilation_rate", [1, 2])
def test_an_output_depends_on_no_later_step(dilation_rate: int) -> None:
    made = layer(dilation_rate=dilation_rate)
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
    model = keras.Model(inputs, layer(strides=2)(inputs))
    assert model.output_shape == (None, None, 4)
    assert model.predict(np.ones((1, 7, 3)), verbose=0).shape == (1, 4, 4)
    again = type(model.layers[1]).from_config(model.layers[1].get_config())
    assert again.get_config()["padding"] == "causal"
