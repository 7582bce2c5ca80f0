"""Weights of CuDNNLSTM and CuDNNGRU, of which the test `formats/test_inventory` has real ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from keras_ckpt.formats.hdf5 import cudnn


class Variable(NamedTuple):
    shape: tuple[int, ...]


def stored(name: str, value: Any) -> cudnn.Stored:
    return cudnn.Stored(name, value.shape, lambda: value, True)


def weights(gates: int, inputs: int = 3, units: int = 2) -> list[Any]:
    kernel = np.arange(inputs * gates * units, dtype="float32").reshape(inputs, -1)
    recurrent = np.arange(units * gates * units, dtype="float32").reshape(units, -1)
    return [kernel, recurrent, np.arange(2 * gates * units, dtype="float32")]


@pytest.mark.parametrize(("gates", "bias"), [(4, (8,)), (3, (2, 6))])
def test_gates_are_turned_and_biases_joined(gates: int, bias: tuple[int, ...]) -> None:
    kernel, recurrent, both = weights(gates)
    variables = [Variable(kernel.shape), Variable(recurrent.shape), Variable(bias)]
    values = [stored(str(i), each) for i, each in enumerate((kernel, recurrent, both))]
    found = cudnn.as_in_model(variables, values)
    assert [each.shape for each in found] == [kernel.shape, recurrent.shape, bias]
    # The first gate: what stood in rows stands in columns.
    np.testing.assert_array_equal(found[1].read()[:, :2], recurrent[:, :2].T)
    np.testing.assert_array_equal(
        found[0].read()[:, :2].ravel(order="F"), kernel[:, :2].T.ravel(order="F")
    )
    half = both.size // 2
    expected = both[:half] + both[half:] if len(bias) == 1 else both.reshape(2, -1)
    np.testing.assert_array_equal(found[2].read(), expected)


def test_others_stay_as_they_are() -> None:
    kernel, recurrent, _ = weights(4)
    bias = np.arange(8, dtype="float32")
    variables = [Variable(each.shape) for each in (kernel, recurrent, bias)]
    values = [stored(str(i), each) for i, each in enumerate((kernel, recurrent, bias))]
    assert cudnn.as_in_model(variables, values) == values
    # A bias that is twice as long for another reason.
    dense = [stored("kernel", np.ones((3, 16), "float32")), stored("bias", np.ones(16, "float32"))]
    variables = [Variable((3, 8)), Variable((8,))]
    assert cudnn.as_in_model(variables, dense) == dense
