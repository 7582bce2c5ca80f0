"""Tensors as arrays and numbers, and arrays that become tensors without a copy."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest
from helpers import KERAS_3, functional, keras
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import runtime
from keras_ckpt.runtime import installed

only_keras_3 = pytest.mark.skipif(not KERAS_3, reason="Keras 2 has nothing of it")


@only_keras_3
def test_tensors() -> None:
    tensor = keras.ops.convert_to_tensor([1.0, 2.0])
    assert runtime.is_tensor(tensor)
    for other in (1.0, np.zeros(2), np.float32(1), "x", None):
        assert not runtime.is_tensor(other)
    assert np.array_equal(runtime.to_numpy(tensor), [1.0, 2.0])
    assert isinstance(runtime.to_numpy(tensor), np.ndarray)
    assert runtime.to_numpy(keras.Variable(3.0)).item() == 3.0


def test_to_numpy_of_what_is_no_tensor() -> None:
    for value in (1, 1.5, np.float16(1), np.zeros((2, 1)), [1.0, 2.0]):
        assert np.array_equal(runtime.to_numpy(value), np.asarray(value))


@pytest.mark.parametrize("load", [True, False])
def test_python_values(load: bool, monkeypatch: Any) -> None:
    if not load:  # As where TensorFlow is not installed.
        monkeypatch.setattr(installed, "tensorflow_if_loaded", lambda: None)
    pair = collections.namedtuple("pair", "a b")
    logs = {"b": np.float32(0.5), "a": [np.array(2), (1, np.zeros(2))], "c": pair(np.int64(1), "x")}
    found = runtime.python_values(logs, numpy=True)
    assert type(found["b"]) is float
    assert found["b"] == 0.5
    assert type(found["a"][0]) is int
    assert found["a"][1][0] == 1
    assert np.array_equal(found["a"][1][1], np.zeros(2))
    assert type(found["c"]) is pair
    assert type(found["c"].a) is int
    assert found["c"].b == "x"
    assert type(logs["b"]) is np.float32
    untouched = runtime.python_values(logs, numpy=False)
    assert type(untouched["b"]) is np.float32
    if KERAS_3:
        logs = {"t": keras.ops.convert_to_tensor(0.5), "v": keras.ops.convert_to_tensor([0.5])}
        for numpy in (True, False):
            found = runtime.python_values(logs, numpy=numpy)
            assert type(found["t"]) is float
            assert isinstance(found["v"], np.ndarray)


SHAPES = st.lists(st.integers(0, 40), max_size=3).map(tuple)


@given(shape=SHAPES, dtype=st.sampled_from(["float32", "float16", "int64", "uint8", "bool"]))
def test_an_array_for_a_tensor_is_an_array(shape: tuple[int, ...], dtype: str) -> None:
    array = runtime.empty_shared(shape, dtype)
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    array[...] = 1
    assert np.array_equal(np.asarray(runtime.as_owned_tensor(array)), np.ones(shape, dtype))


@pytest.mark.parametrize("size", [10, 100000])
def test_a_tensor_has_what_was_written_to_its_array(size: int) -> None:
    array = runtime.empty_shared((size,), "float32")
    array[:] = np.arange(size)
    made = runtime.as_owned_tensor(array)
    assert np.array_equal(runtime.to_numpy(made), np.arange(size))
    if KERAS_3 and runtime.backend() == "tensorflow" and size > 10:
        assert runtime.is_tensor(made)
        assert np.shares_memory(runtime.readonly_view(made), array)
        # A part of it is not what the tensor holds.
        assert runtime.as_owned_tensor(array[1:]) is not made


def test_another_array_stays_an_array() -> None:
    array = np.zeros(100000, "float32")
    assert runtime.as_owned_tensor(array) is array


def test_a_view_has_the_values_of_a_variable() -> None:
    model = functional()
    for variable, value in zip(model.weights, model.get_weights()):
        assert np.array_equal(runtime.readonly_view(variable), value)


@given(st.recursive(st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=8))
def test_python_values_leave_what_is_pythons(value: Any) -> None:
    logs = {"a": value, "b": [value]}
    assert runtime.python_values(logs, numpy=True) == logs
