"""Values of variables that stay as they are, whatever becomes of the variables."""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import functools
import importlib
from typing import TYPE_CHECKING, Callable, Iterator

import numpy as np

from keras_ckpt._typing import Tensor, Variable
from keras_ckpt.runtime import installed
from keras_ckpt.runtime.arrays import is_array_of_jax, readonly_view

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

#: What is smaller is not worth keeping.
_LARGE = 1 << 14


class Memory:
    """Memory for copies of a model's values, which is used again for the next ones.

    Memory that a program has never written to takes several times as long to fill.
    """

    def __init__(self) -> None:
        self._used: list[np.ndarray] = []
        self._free: dict[int, list[np.ndarray]] = {}

    @contextlib.contextmanager
    def taking(self) -> Iterator[None]:
        """Lets `lasting` copy into this memory in a `with` block.

        The copies of the block before it must be of no use any longer. What no copy needs is given
        back at the end.
        """
        self._free = {}
        for each in self._used:
            self._free.setdefault(each.nbytes, []).append(each)
        self._used = []
        token = _MEMORY.set(self)
        try:
            yield
        finally:
            _MEMORY.reset(token)
            self._free = {}

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Returns an array without values, in memory that was used before if there is some."""
        dtype = np.dtype(dtype)
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        if size < _LARGE:
            return np.empty(shape, dtype)
        known = self._free.get(size)
        made = known.pop() if known else np.empty(size, np.uint8)
        self._used.append(made)
        return made.view(dtype).reshape(shape)

    @property
    def nbytes(self) -> int:
        """How many bytes it holds."""
        return sum(each.nbytes for each in self._used)

    def clear(self) -> None:
        """Gives all of it back."""
        self._used = []


_MEMORY: contextvars.ContextVar[Memory | None] = contextvars.ContextVar("memory", default=None)


def lasting(value: Tensor | Variable | np.ndarray) -> np.ndarray:
    """Returns the value of a tensor, variable or array, which stays as it is when that changes.

    It is copied, unless what it is read from never changes, as the arrays of JAX.
    """
    if isinstance(value, (np.ndarray, np.generic)) or not installed.is_keras_3():
        return _copied(np.asarray(value))
    view = readonly_view(value)
    if is_array_of_jax(getattr(value, "value", value)) and _keeps_views():
        return view
    # A new array has been made of what is not in the memory of the CPU, or of another type.
    return view if view.flags.owndata else _copied(view)


def _copied(value: np.ndarray) -> np.ndarray:
    memory = _MEMORY.get()
    if memory is None or value.dtype.kind in "OSU":
        return np.array(value)
    made = memory.empty(value.shape, value.dtype)
    made[...] = value
    return made


def give_back_freed() -> None:
    """Gives the memory of arrays of JAX that are of no use any longer back to the system.

    What stood still for a copy is freed by another thread than that which takes memory for the next
    step, and glibc keeps it for the thread that took it: the process would grow by one more copy.
    """
    if installed.is_keras_3() and installed.backend() == "jax":
        trim = _malloc_trim()
        if trim is not None:
            trim(0)


@functools.lru_cache(maxsize=None)
def _malloc_trim() -> Callable[[int], int] | None:
    """Returns the function of the C library that does it, None where there is none."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return found


@functools.lru_cache(maxsize=None)
def _keeps_views() -> bool:
    """Returns whether what NumPy sees of an array of JAX stays when a function is given the array.

    Keras's training gives each step the memory of the variables, and JAX then takes another for
    the result as long as an array of NumPy needs the old.
    """
    jax = importlib.import_module("jax")
    value = jax.numpy.arange(1 << 16, dtype="float32")
    view = np.asarray(value)
    before = view.copy()
    jax.jit(lambda x: x * 2 + 1, donate_argnums=0)(value).block_until_ready()
    return bool(np.array_equal(view, before))
