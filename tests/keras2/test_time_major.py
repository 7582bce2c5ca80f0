"""Recurrent layers whose steps come first do what those of Keras 3 do, with the axes exchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()
X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def made(name: str, **arguments: Any) -> tuple[Any, Any]:
    cls = keras2.layers.find(name, {"time_major": True})
    plain = getattr(keras.layers, name)
    assert cls is not None and keras2.layers.find(name, {"time_major": False}) is None
    if name == "RNN":
        return (
            cls(keras.layers.GRUCell(4), time_major=True, **arguments),
            plain(keras.layers.GRUCell(4), **arguments),
        )
    return cls(4, time_major=True, **arguments), plain(4, **arguments)


def exchanged(value: Any) -> np.ndarray:
    return np.swapaxes(runtime.to_numpy(value), 0, 1)


@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "RNN"])
def test_they_do_the_same(name: str, return_sequences: bool, return_state: bool) -> None:
    ours, plain = made(name, return_sequences=return_sequences, return_state=return_state)
    plain(X)
    ours(np.swapaxes(X, 0, 1))
    ours.set_weights(plain.get_weights())
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
    for arguments in ({}, {"mask": mask}):
        expected = plain(X, **arguments)
        turned = {key: np.swapaxes(value, 0, 1) for key, value in arguments.items()}
        found = ours(np.swapaxes(X, 0, 1), **turned)
        all_found = found if return_state else [found]
        all_expected = expected if return_state else [expected]
        first = exchanged(all_found[0]) if return_sequences else runtime.to_numpy(all_found[0])
        np.testing.assert_allclose(first, runtime.to_numpy(all_expected[0]), atol=1e-5)
        for mine, its in zip(all_found[1:], all_expected[1:]):
            np.testing.assert_allclose(runtime.to_numpy(mine), runtime.to_numpy(its), atol=1e-5)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "RNN"])
def test_in_a_model(name: str) -> None:
    ours, _ = made(name, return_sequences=True)
    inputs = keras.Input(batch_shape=(5, 2, 3))
    model = keras.Model(inputs, ours(inputs))
    assert model.output_shape == (5, 2, 4)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config()["time_major"] is True
