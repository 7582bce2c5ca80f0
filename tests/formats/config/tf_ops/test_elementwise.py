"""Operations on each element, in models of Keras 2."""

from __future__ import annotations

import numpy as np
import pytest

from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from described import described, operation

from keras_ckpt.formats.config import keras2_reader


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_sum_of_rows_is_no_bias(batch: int) -> None:
    """Keras on TensorFlow adds `(4, 1)` along the last axis of `(4, 4)`."""
    rows = operation("math.reduce_sum", "rows", "x", 0, 0, axis=1, keepdims=True)
    total = operation("math.add", "total", "x", 0, 0, y=["rows", 0, 0])
    model = keras2_reader.make("model.h5", described(rows, total, shape=(4,)), None, True)
    x = np.arange(batch * 4, dtype="float32").reshape(batch, 4)
    value = runtime.to_numpy(model(x))
    np.testing.assert_array_equal(value, x + x.sum(1, keepdims=True))
