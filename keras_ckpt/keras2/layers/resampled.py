"""Resizing and UpSampling2D by the filters that Keras 3 does not resize by.

On JAX and PyTorch it resizes by some as these do, and not as TensorFlow does.
"""

from __future__ import annotations

import functools
from typing import Callable

import keras
import numpy as np

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered

#: What `"bilinear"` was in Keras before it was TensorFlow's: a pixel is where it begins, not where
#: its center is.
LEGACY_BILINEAR = "legacy_bilinear"


def _area(count: int, target: int) -> np.ndarray:
    """Returns how much of each pixel is in each of the new ones."""
    scale = count / target
    start = np.arange(target)[:, None] * scale
    pixel = np.arange(count)[None, :]
    covered = np.minimum(start + scale, pixel + 1) - np.maximum(start, pixel)
    return np.asarray(np.maximum(covered, 0) / scale)


def _gaussian(distance: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(distance < 1.5, np.exp(-2.0 * distance**2), 0))


def _mitchell(distance: np.ndarray) -> np.ndarray:
    near = (7 / 6 * distance - 2) * distance**2 + 8 / 9
    far = ((-7 / 18 * distance + 2) * distance - 10 / 3) * distance + 16 / 9
    return np.asarray(np.where(distance < 1, near, np.where(distance < 2, far, 0)))


def _bicubic(distance: np.ndarray) -> np.ndarray:
    # TensorFlow has these values in a table.
    distance = np.rint(distance * 1024) / 1024
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.asarray(np.where(distance < 1, near, np.where(distance < 2, far, 0)))


def _lanczos(radius: int, distance: np.ndarray) -> np.ndarray:
    found = np.sinc(distance) * np.sinc(distance / radius)
    return np.asarray(np.where(distance < radius, found, 0))


#: What a pixel counts by its distance.
_FILTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "bicubic": _bicubic,
    "gaussian": _gaussian,
    "lanczos3": functools.partial(_lanczos, 3),
    "lanczos5": functools.partial(_lanczos, 5),
    "mitchellcubic": _mitchell,
}


def _weights(count: int, target: int, interpolation: str) -> np.ndarray:
    """Returns what each pixel counts in each of the new ones: rows whose sum is 1."""
    if interpolation == "area":
        return _area(count, target)
    centers = (np.arange(target)[:, None] + 0.5) * count / target
    found = _FILTERS[interpolation](np.abs(np.arange(count)[None, :] + 0.5 - centers))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _resampled(images: Tensor, height: int, width: int, interpolation: str) -> Tensor:
    """Returns images with the channels last in another size."""
    ops = keras.ops
    before = images.shape[-3:-1]
    if None in before:
        raise ValueError(
            f"Images of unknown size cannot be resized by {interpolation!r}: give `keras.Input` "
            "the height and the width."
        )
    dtype = keras.backend.standardize_dtype(images.dtype)
    rows = ops.cast(_weights(int(before[0]), height, interpolation), dtype)
    columns = ops.cast(_weights(int(before[1]), width, interpolation), dtype)
    return ops.einsum("yh,xw,...hwc->...yxc", rows, columns, images)


def _channels_last(data_format: str, images: Tensor) -> Tensor:
    return keras.ops.moveaxis(images, -3, -1) if data_format == "channels_first" else images


def _as_it_was(data_format: str, images: Tensor) -> Tensor:
    return keras.ops.moveaxis(images, -1, -3) if data_format == "channels_first" else images


@registered
class Resizing(keras.layers.Layer):  # type: ignore[misc]
    """Resizes images as TensorFlow does, on every backend.

    Args:
        height: Integer, the new height.
        width: Integer, the new width.
        interpolation: String, `"area"`, `"bicubic"`, `"gaussian"`, `"lanczos3"`, `"lanczos5"` or
            `"mitchellcubic"`. Defaults to `"area"`.
        crop_to_aspect_ratio: Boolean, whether to cut images to the new proportions first. Defaults
            to `False`.
        data_format: String, `"channels_last"` or `"channels_first"`. Defaults to `None`: that of
            Keras.
        **kwargs: those of `keras.layers.Layer`.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "area",
        crop_to_aspect_ratio: bool = False,
        data_format: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.height = height
        self.width = width
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.data_format = data_format or keras.config.image_data_format()

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the images in the new size."""
        images = keras.ops.cast(_channels_last(self.data_format, inputs), self.compute_dtype)
        if self.crop_to_aspect_ratio:
            images = self._cropped(images)
        images = _resampled(images, self.height, self.width, self.interpolation)
        return _as_it_was(self.data_format, images)

    def _cropped(self, images: Tensor) -> Tensor:
        height, width = (int(length) for length in images.shape[-3:-1])
        new_height = min(height, int(width * self.height / self.width))
        new_width = min(width, int(height * self.width / self.height))
        top, left = (height - new_height) // 2, (width - new_width) // 2
        return images[..., top : top + new_height, left : left + new_width, :]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the images in the new size."""
        if self.data_format == "channels_first":
            return (*input_shape[:-2], self.height, self.width)
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "data_format": self.data_format,
        }


def _stretched(images: Tensor, axis: int, times: int) -> Tensor:
    """Returns images that are several times as long, by `LEGACY_BILINEAR`."""
    ops = keras.ops
    length = ops.shape(images)[axis]
    after = ops.take(images, ops.minimum(ops.arange(length) + 1, length - 1), axis=axis)
    parts = [images + (after - images) * (step / times) for step in range(times)]
    shape = list(ops.shape(images))
    shape[axis] = length * times
    return ops.reshape(ops.stack(parts, axis + 1), shape)


@registered
class UpSampling2D(keras.layers.UpSampling2D):  # type: ignore[misc]
    """Makes images larger as TensorFlow does, on every backend.

    Args:
        interpolation: String, one of those of `Resizing`, or `"legacy_bilinear"`, which was
            `"bilinear"` in Keras before it was TensorFlow's. Defaults to `"area"`.
        **kwargs: those of `keras.layers.UpSampling2D`.
    """

    def __init__(self, *args: object, interpolation: str = "area", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.interpolation = interpolation

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the images in the new size."""
        images = _channels_last(self.data_format, inputs)
        if self.interpolation == LEGACY_BILINEAR:
            for axis, times in zip((1, 2), self.size):
                images = _stretched(images, axis, times)
            return _as_it_was(self.data_format, images)
        # What is unknown is said by `_resampled`.
        height, width = (
            (length or 0) * times for length, times in zip(images.shape[-3:-1], self.size)
        )
        images = _resampled(images, height, width, self.interpolation)
        return _as_it_was(self.data_format, images)
