"""Operations along axes, in models of Keras 2."""

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


X = np.arange(24, dtype="float32").reshape(2, 3, 4) % 7


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("math.reduce_sum", {"axis": 1}, X.sum(1)),
        ("math.reduce_mean", {"axis": [1, 2], "keepdims": True}, X.mean((1, 2), keepdims=True)),
        ("math.reduce_max", {"reduction_indices": -1, "keep_dims": True}, X.max(-1, keepdims=True)),
        ("math.reduce_sum", {"axis": []}, X),
        ("math.argmax", {"axis": 2}, X.argmax(2)),
        ("math.cumsum", {"axis": 1, "exclusive": True}, X.cumsum(1) - X),
        ("math.cumsum", {"axis": 1, "reverse": True}, X[:, ::-1].cumsum(1)[:, ::-1]),
        ("norm", {"axis": 1}, np.sqrt((X**2).sum(1))),
        ("norm", {"ord": 1, "axis": 1}, np.abs(X).sum(1)),
        ("math.count_nonzero", {"axis": 1}, np.count_nonzero(X, 1)),
        ("sort", {"axis": 2, "direction": "DESCENDING"}, -np.sort(-X, 2)),
    ],
)
def test_result(function: str, arguments: Any, expected: Any) -> None:
    np.testing.assert_allclose(result(function, X, **arguments), expected, rtol=1e-5)


def test_norm_that_keras_3_does_not_have() -> None:
    with pytest.raises(ValueError, match="tf.norm with ord=3 is not supported"):
        result("norm", X, ord=3, axis=1)
