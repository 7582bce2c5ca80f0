"""What the running Keras itself writes is inspected, with the oldest NumPy and h5py, too."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime


@pytest.fixture(scope="module")
def model() -> Any:
    keras = runtime.keras()
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,), name="first")])
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0)
    return model


def shapes(path: pathlib.Path) -> list[tuple[int, ...]]:
    found = keras_ckpt.inspect(str(path)).variables
    return sorted(tuple(each.shape) for each in found if "first" in each.name)


@pytest.mark.filterwarnings("ignore")
def test_a_whole_model_in_hdf5(model: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.h5"
    model.save(str(path))
    assert keras_ckpt.inspect(str(path)).format == "HDF5 file of a whole model"
    assert shapes(path) == [(2,), (3, 2)]


@pytest.mark.skipif(runtime.is_keras_3(), reason="Keras 3 has other weights")
def test_weights_in_hdf5(model: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "weights.h5"
    model.save_weights(str(path))
    assert "weights in the layout of Keras 2" in keras_ckpt.inspect(str(path)).format
    assert shapes(path) == [(2,), (3, 2)]


@pytest.mark.skipif(runtime.is_keras_3(), reason="Keras 3 writes no TensorFlow checkpoints")
def test_a_tensorflow_checkpoint(model: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cp.ckpt"
    model.save_weights(str(path))
    found = keras_ckpt.inspect(str(path))
    assert found.format == "TensorFlow checkpoint"
    assert {(2,), (3, 2)} <= {tuple(each.shape) for each in found.variables}
