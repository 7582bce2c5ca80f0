"""Weights of CuDNNLSTM and CuDNNGRU, which LSTM and GRU take as Keras 2 let them."""

from __future__ import annotations

from typing import Callable, NamedTuple, Sequence

import numpy as np

from keras_ckpt._typing import Variable


class Stored(NamedTuple):
    """A value in a file, as it goes into a model.

    Attributes:
        name: its name.
        shape: its shape.
        read: a function that returns it.
        is_sure: whether nothing but the disk can keep it from being read.
    """

    name: str
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]
    is_sure: bool


def as_in_model(variables: Sequence[Variable], values: Sequence[Stored]) -> list[Stored]:
    """Returns the values of a layer, those of cuDNN as LSTM and GRU have them.

    Args:
        variables: the variables that they are for.
        values: the values, as they stand in the file.
    """
    found = list(values)
    for number, (variable, value) in enumerate(zip(variables, values)):
        gates = _gates(tuple(variable.shape), value.shape)
        if not gates or number < 2:
            continue
        kernel, recurrent = found[number - 2], found[number - 1]
        units = value.shape[0] // (2 * gates)
        if recurrent.shape != (units, gates * units) or kernel.shape[1:] != recurrent.shape[1:]:
            continue
        found[number - 2] = kernel._replace(read=_each_gate(kernel.read, gates, _unrolled))
        found[number - 1] = recurrent._replace(read=_each_gate(recurrent.read, gates, np.transpose))
        found[number] = _bias(value, tuple(variable.shape))
    return found


def _gates(of_model: tuple[int, ...], of_file: tuple[int, ...]) -> int:
    """Returns how many gates a layer has if its bias is that of cuDNN, else 0."""
    if len(of_file) != 1:
        return 0
    (length,) = of_file
    if of_model == (length // 2,) and length % 8 == 0:
        return 4
    if of_model == (2, length // 2) and length % 6 == 0:
        return 3
    return 0


def _each_gate(
    read: Callable[[], np.ndarray], gates: int, change: Callable[[np.ndarray], np.ndarray]
) -> Callable[[], np.ndarray]:
    def changed() -> np.ndarray:
        parts = np.split(read(), gates, axis=1)
        return np.ascontiguousarray(np.concatenate([change(part) for part in parts], axis=1))

    return changed


def _unrolled(part: np.ndarray) -> np.ndarray:
    """Returns a matrix whose values stand in memory by columns where those of cuDNN's are."""
    found: np.ndarray = part.T.reshape(part.shape, order="F")
    return found


def _bias(value: Stored, shape: tuple[int, ...]) -> Stored:
    """Returns the bias: that of cuDNN has one for the inputs and one for the state."""

    def read() -> np.ndarray:
        both = value.read().reshape(2, -1)
        return both.sum(axis=0) if len(shape) == 1 else both

    return value._replace(shape=shape, read=read)
