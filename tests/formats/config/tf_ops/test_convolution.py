"""Convolutions and pooling, in models of Keras 2."""

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


X = np.arange(2 * 4 * 4 * 1, dtype="float32").reshape(2, 4, 4, 1)


def test_pooling() -> None:
    window = {"ksize": 2, "strides": [1, 2, 2, 1], "padding": "VALID"}
    blocks = X.reshape(2, 2, 2, 2, 2, 1)
    np.testing.assert_allclose(result("nn.max_pool2d", X, **window), blocks.max((2, 4)))
    np.testing.assert_allclose(result("nn.avg_pool2d", X, **window), blocks.mean((2, 4)))


def test_padding_is_no_part_of_an_average() -> None:
    found = result("nn.avg_pool2d", X, ksize=3, strides=1, padding="SAME")
    np.testing.assert_allclose(found[:, 0, 0], X[:, :2, :2].mean((1, 2)), rtol=1e-6)
    np.testing.assert_allclose(found[:, 1, 1], X[:, :3, :3].mean((1, 2)), rtol=1e-6)


def test_convolution() -> None:
    kernel = [[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]
    found = result("nn.conv2d", X, filters=kernel, strides=[2, 2], padding="VALID")
    expected = X[:, ::2, ::2] + 2 * X[:, ::2, 1::2] + 3 * X[:, 1::2, ::2] + 4 * X[:, 1::2, 1::2]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"padding": [[0, 0], [1, 1], [1, 1], [0, 0]]}, "a convolution with the padding"),
        ({"padding": "VALID", "data_format": "NCHW"}, "not supported"),
    ],
)
def test_what_is_not_supported(arguments: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        result("nn.conv2d", X, filters=[[[[1.0]]]], strides=1, **arguments)
