"""Operations on shapes, in models of Keras 2."""

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


X = np.arange(24, dtype="float32").reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("reshape", {"shape": [-1, 12]}, X.reshape(-1, 12)),
        ("transpose", {"perm": [0, 2, 1]}, X.transpose(0, 2, 1)),
        ("transpose", {}, X.transpose()),
        ("expand_dims", {"axis": 1}, X[:, None]),
        ("tile", {"multiples": [1, 2, 1]}, np.tile(X, (1, 2, 1))),
        ("pad", {"paddings": [[0, 0], [1, 0], [0, 2]]}, np.pad(X, ((0, 0), (1, 0), (0, 2)))),
        (
            "pad",
            {"paddings": [[0, 0], [1, 2], [0, 0]], "mode": "SYMMETRIC"},
            np.pad(X, ((0, 0), (1, 2), (0, 0)), mode="symmetric"),
        ),
        ("reverse", {"axis": [1, 2]}, X[:, ::-1, ::-1]),
        ("repeat", {"repeats": 2, "axis": 1}, X.repeat(2, 1)),
        ("roll", {"shift": [1, -1], "axis": [1, 2]}, np.roll(X, (1, -1), (1, 2))),
        ("shape", {}, [2, 3, 4]),
        ("zeros_like", {"dtype": "int32"}, np.zeros_like(X)),
    ],
)
def test_result(function: str, arguments: Any, expected: Any) -> None:
    np.testing.assert_array_equal(result(function, X, **arguments), expected)


@pytest.mark.parametrize("sizes", [[1, 3], [-1, 3], 2])
def test_split(sizes: Any) -> None:
    layer = operation("split", "a", "x", 0, 0, num_or_size_splits=sizes, axis=2)
    model = keras2_reader.model_from_config(described(layer, shape=(3, 4), output=["a", 0, 1]))
    first = 2 if sizes == 2 else 1
    np.testing.assert_array_equal(runtime.to_numpy(model(X)), X[:, :, first:])


def test_shape_with_two_unknown_sizes_of_which_none_is_the_batch() -> None:
    layer = operation("reshape", "a", "x", 0, 0, shape=[-1, -1])
    with pytest.raises(ValueError, match="several sizes that are known only when"):
        keras2_reader.model_from_config(described(layer))
