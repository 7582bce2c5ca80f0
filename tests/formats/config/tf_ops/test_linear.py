"""Products of matrices and tensors, in models of Keras 2."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from described import described, operation

from keras_ckpt.formats.config import keras2_reader


def result(function: str, x: Any, **arguments: Any) -> Any:
    config = described(operation(function, "a", "x", 0, 0, **arguments), shape=x.shape[1:])
    return runtime.to_numpy(keras2_reader.model_from_config(config)(x))


X = np.arange(12, dtype="float32").reshape(2, 3, 2)
Y = np.array([[1, 2], [3, 4]], "float32")


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("linalg.matmul", {"b": Y.tolist()}, X @ Y),
        ("linalg.matmul", {"b": Y.tolist(), "transpose_b": True}, X @ Y.T),
        ("tensordot", {"b": Y.tolist(), "axes": 1}, np.tensordot(X, Y, 1)),
        ("tensordot", {"b": Y.tolist(), "axes": [[2], [1]]}, np.tensordot(X, Y, [[2], [1]])),
        ("nn.bias_add", {"bias": [1.0, 2.0]}, X + [1, 2]),
        ("nn.bias_add", {"bias": [1.0, 2.0, 3.0], "data_format": "NCH"}, X + [[1], [2], [3]]),
    ],
)
def test_result(function: str, arguments: Any, expected: Any) -> None:
    np.testing.assert_allclose(result(function, X, **arguments), expected, rtol=1e-5)
