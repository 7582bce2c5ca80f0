"""Tensors and variables as NumPy arrays, without a copy where that can be, and back."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import numpy as np

from keras_ckpt._typing import Tensor, Variable
from keras_ckpt.runtime import installed, internals, processes

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

T = TypeVar("T")

#: What is smaller is copied as fast, in bytes.
_LARGE = 1 << 16


def is_tensor(value: object) -> bool:
    """Returns whether `value` is a tensor of the running backend."""
    if installed.is_keras_3():
        return bool(_is_tensor()(value))
    return isinstance(value, installed.tensorflow().Tensor)


@functools.lru_cache(maxsize=None)
def _is_tensor() -> Callable[[object], bool]:
    public: Callable[[object], bool] | None = getattr(installed.keras().ops, "is_tensor", None)
    return public or internals.is_tensor_function()


class _MemoryOf:
    """The memory of a tensor that nobody else has seen, to be filled by NumPy."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        array = np.asarray(memoryview(tensor))
        self.__array_interface__ = {
            "version": 3,
            "shape": array.shape,
            "typestr": array.dtype.str,
            "data": (array.ctypes.data, False),
        }


def empty_shared(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Returns an array without values, which `as_owned_tensor` makes a tensor of without a copy.

    Args:
        shape: tuple of integers, the shape of the array.
        dtype: the type of its elements, in any form that NumPy takes.
    """
    dtype = np.dtype(dtype)
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if size >= _LARGE and dtype.kind in "fiu" and dtype.isnative and _fills_tensors():
        module = installed.tensorflow()
        if module.executing_eagerly():
            with module.device("CPU:0"):
                tensor = module.raw_ops.Empty(shape=shape, dtype=dtype.name, init=False)
            return np.asarray(_MemoryOf(tensor))
    return np.empty(shape, dtype)


@functools.lru_cache(maxsize=None)
def _fills_tensors() -> bool:
    """Returns whether TensorFlow lets NumPy write to the memory of its tensors."""
    if not installed.is_keras_3() or installed.backend() != "tensorflow":
        return False
    tensor = installed.tensorflow().constant([1.0, 2.0])
    try:
        np.asarray(_MemoryOf(tensor))[:] = 3.0
    except (TypeError, ValueError, BufferError):
        return False  # Its tensors are of another kind.
    return bool(tensor.numpy().tolist() == [3.0, 3.0])


def as_owned_tensor(array: np.ndarray) -> Tensor:
    """Returns what a variable takes without a copy: the tensor that `array` is the memory of.

    Args:
        array: the array, which nothing writes to any longer.

    Returns:
        The tensor, or `array` itself if `empty_shared` has not made it of a tensor's memory.
    """
    memory: object = array
    while isinstance(memory, np.ndarray):
        memory = memory.base
    if not isinstance(memory, _MemoryOf):
        return array
    whole = np.asarray(memory)
    same = whole.shape == array.shape and whole.dtype == array.dtype
    return memory.tensor if same and array.ctypes.data == whole.ctypes.data else array


def readonly_view(tensor: Tensor | Variable) -> np.ndarray:
    """Returns the value of a tensor or variable, without a copy where that is possible.

    The array is for reading only, and only until the variable changes.
    """
    if installed.is_keras_3() and installed.backend() == "tensorflow":
        value: Tensor = getattr(tensor, "value", tensor)
        # Twice as fast as its `read_value`.
        value = value.value() if hasattr(value, "read_value") else value
        try:
            return np.asarray(memoryview(value))
        except (TypeError, ValueError, BufferError, RuntimeError):
            # Not in the memory of the CPU, or of a type that Python has no letter for.
            pass
    if installed.is_keras_3() and installed.backend() in ("jax", "torch"):
        value = getattr(tensor, "value", tensor)
        if is_array_of_jax(value):
            spanning = processes.whole(tensor)
            return np.asarray(value) if spanning is None else spanning
        if hasattr(value, "detach") and value.device.type == "cpu":
            try:
                # Which Keras copies.
                return np.asarray(value.detach().numpy())
            except (TypeError, RuntimeError):
                pass  # Of a type that NumPy has none for, or not laid out as an array.
    return to_numpy(tensor)


def is_array_of_jax(value: object) -> bool:
    """Returns whether a value is an array of JAX, which never changes."""
    return type(value).__module__.partition(".")[0] in ("jax", "jaxlib")


def to_numpy(tensor: Tensor | Variable) -> np.ndarray:
    """Returns the value of a tensor or variable of any backend as an array."""
    spanning = processes.whole(tensor)
    if spanning is not None:
        return spanning
    # A variable of Keras 3 has NumPy warn. That of TensorFlow has a method of this name.
    value: Tensor = getattr(tensor, "value", tensor)
    tensor = tensor if callable(value) else value
    if hasattr(tensor, "numpy") and not hasattr(tensor, "detach"):
        return np.asarray(tensor.numpy())
    if installed.is_keras_3():
        return np.asarray(installed.keras().ops.convert_to_numpy(tensor))
    return np.asarray(tensor)


def python_values(logs: T, numpy: bool) -> T:
    """Returns `logs` with the tensors in it as Python numbers or NumPy arrays.

    Args:
        logs: structure of dicts, lists and tuples.
        numpy: boolean, whether NumPy's scalars and arrays without a shape become Python numbers,
            too.
    """
    found: T = _map_structure(lambda value: python_value(value, numpy), logs)
    return found


def python_value(value: object, numpy: bool = True) -> object:
    """Returns a tensor as a Python number, or as a NumPy array if it has a shape.

    Args:
        value: the tensor; anything else is returned unchanged.
        numpy: boolean, whether NumPy's scalars and arrays without a shape become Python numbers,
            too. Defaults to True.
    """
    if isinstance(value, (float, int, str)) and not isinstance(value, np.generic):
        return value
    tensor = is_tensor(value)
    if tensor:
        value = to_numpy(value)
    if (tensor or numpy) and isinstance(value, (np.ndarray, np.generic)):
        return value.item() if np.ndim(value) == 0 else value
    return value


def _map_structure(function: Callable[[object], object], structure: object) -> Any:
    """Does what `tf.nest.map_structure` does, also without TensorFlow."""
    module = installed.tensorflow_if_loaded()
    if module is not None:
        return module.nest.map_structure(function, structure)
    if isinstance(structure, dict):
        mapped = copy.copy(structure)
        # In the order of the keys, as TensorFlow goes through them: they must have one.
        mapped.update((key, _map_structure(function, structure[key])) for key in sorted(structure))
        return mapped
    if isinstance(structure, (list, tuple)):
        items = [_map_structure(function, item) for item in structure]
        kind = type(structure)
        return kind(*items) if hasattr(structure, "_fields") else kind(items)
    return function(structure)
