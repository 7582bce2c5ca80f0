"""Operations on images, in models of Keras 2."""

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


X = np.arange(2 * 4 * 4 * 4, dtype="float32").reshape(2, 4, 4, 4)


def test_flips() -> None:
    np.testing.assert_array_equal(result("image.flip_left_right", X), X[:, :, ::-1])
    np.testing.assert_array_equal(result("image.flip_up_down", X), X[:, ::-1])


def test_blocks_are_taken_apart_and_put_together_again() -> None:
    deep = result("nn.space_to_depth", X, block_size=2)
    assert deep.shape == (2, 2, 2, 16)
    np.testing.assert_array_equal(deep[:, 0, 0, :4], X[:, 0, 0])
    np.testing.assert_array_equal(deep[:, 0, 0, 12:], X[:, 1, 1])
    np.testing.assert_array_equal(result("nn.depth_to_space", deep, block_size=2), X)


def test_gray() -> None:
    gray = result("image.rgb_to_grayscale", X[..., :3])
    np.testing.assert_allclose(gray[..., 0], X[..., :3] @ [0.2989, 0.587, 0.114], rtol=1e-5)


@pytest.mark.skipif(not runtime.has_tensorflow(), reason="compares with TensorFlow")
@pytest.mark.parametrize("size", [(2, 3), (7, 6)])
@pytest.mark.parametrize(
    "method",
    ["area", "bicubic", "bilinear", "gaussian", "lanczos3", "lanczos5", "mitchellcubic", "nearest"],
)
def test_resized_by_each_method(method: str, size: tuple[int, int]) -> None:
    expected = runtime.tensorflow().image.resize(X, size, method).numpy()
    found = result("image.resize", X, size=list(size), method=method)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        ("image.resize", {"size": [2, 2], "method": "cubes"}, "by the method 'cubes'"),
        ("image.resize", {"size": [2, 2], "preserve_aspect_ratio": True}, "not supported"),
        ("nn.space_to_depth", {"block_size": 2, "data_format": "NCHW"}, "not supported"),
    ],
)
def test_what_keras_3_does_not_have(function: str, arguments: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        result(function, X, **arguments)


def test_blocks_of_images_of_an_unknown_size() -> None:
    layer = operation("nn.space_to_depth", "a", "x", 0, 0, block_size=2)
    with pytest.raises(ValueError, match="size of an image is known only when the model is called"):
        keras2_reader.model_from_config(described(layer, shape=(None, None, 4)))
