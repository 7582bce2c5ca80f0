"""Kernels that Keras stored with Theano: all backends convolve with them as Theano did."""

from __future__ import annotations

import pathlib
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

keras = runtime.keras()
layers = keras.layers

#: The layers, the shapes of their inputs, and whether Theano turned their kernels around.
LAYERS: dict[str, tuple[Any, tuple[int, ...], bool]] = {
    "Conv1D": (lambda: layers.Conv1D(2, 3), (8, 3), True),
    "Conv2D": (lambda: layers.Conv2D(2, (3, 2)), (8, 7, 3), True),
    "Conv3D": (lambda: layers.Conv3D(2, (3, 2, 2)), (5, 6, 5, 2), True),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(2, 3), (8, 3), True),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(2, 3), (8, 7, 3), True),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(2, 2), (4, 4, 4, 2), True),
    "ConvLSTM2D": (lambda: layers.ConvLSTM2D(2, 3), (3, 6, 6, 2), True),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(3), (8, 7, 3), False),
    "SeparableConv2D": (lambda: layers.SeparableConv2D(2, 3), (8, 7, 3), False),
    "Dense": (lambda: layers.Dense(2), (8, 3), False),
    "within": (lambda: layers.TimeDistributed(layers.Conv2D(2, 3)), (3, 6, 6, 2), True),
    "nested": (
        lambda: keras.Sequential([keras.Input((8, 7, 3)), layers.Conv2D(2, 3)]),
        (8, 7, 3),
        True,
    ),
}


def of_theano(path: pathlib.Path, turned: bool) -> None:
    """Makes a file of keras_ckpt's one that Keras wrote with Theano."""
    with h5py.File(path, "r+") as file:
        group = file.get("model_weights", file)
        group.attrs["backend"] = "theano"

        def turn(name: str, data: Any) -> None:
            if hasattr(data, "shape") and "kernel" in name and data.ndim > 2 and turned:
                data[...] = np.flip(data[...], tuple(range(data.ndim - 2)))

        group.visititems(turn)


@pytest.mark.parametrize("how", ["model", "weights", "by name"])
@pytest.mark.parametrize("name", LAYERS)
def test_predictions_are_those_of_theano(name: str, how: str, tmp_path: pathlib.Path) -> None:
    make, shape, turned = LAYERS[name]
    model = keras.Sequential([keras.Input(shape), make()])
    path = tmp_path / "m.h5"
    if how == "model":
        keras_ckpt.save_model(model, path)
    else:
        keras_ckpt.save_weights(model, path)
    of_theano(path, turned)
    if how == "model":
        found = keras_ckpt.load_model(path)
    else:
        found = keras.models.clone_model(model)
        keras_ckpt.load_weights(found, path, by_name=how == "by name")
    for one, other in zip(found.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(one, other)
    x = np.random.RandomState(1).rand(2, *shape).astype("float32")
    np.testing.assert_allclose(found.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_the_state_of_turned_kernels_is_not_taken(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((8, 3)), layers.Conv1D(2, 3)])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 8, 3)), np.ones((2, 6, 2)), verbose=0)
    keras_ckpt.save_model(model, tmp_path / "m.h5")
    of_theano(tmp_path / "m.h5", True)
    with pytest.warns(UserWarning, match="starts anew: .* that of Theano"):
        found = keras_ckpt.load_model(tmp_path / "m.h5")
    assert int(found.optimizer.iterations) == 0
