"""RandomCrop."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


@registered
class RandomCrop(keras.layers.RandomCrop):  # type: ignore[misc]
    """RandomCrop that gives images of its size when it does not train, too.

    They are cut to its proportions around the middle, and resized. Keras 3 returns them as they
    are.

    Args:
        *args: those of `keras.layers.RandomCrop`.
        resizes_first: Boolean, whether they are resized first, until they cover its size, and then
            cut, as up to TensorFlow 2.6. Defaults to `False`.
        **kwargs: those of `keras.layers.RandomCrop`.
    """

    def __init__(self, *args: object, resizes_first: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.resizes_first = resizes_first

    def call(self, inputs: Tensor, training: bool | None = True) -> Tensor:
        """Returns a part of the images if it trains, else all of them, resized."""
        if training:
            return super().call(inputs, training=training)
        inputs = keras.ops.cast(inputs, self.compute_dtype)
        if self.resizes_first:
            return self._resized_and_cut(inputs)
        size = (self.height, self.width)
        resizing = keras.layers.Resizing(*size, crop_to_aspect_ratio=True, dtype=self.dtype_policy)
        return resizing(inputs)

    def _resized_and_cut(self, inputs: Tensor) -> Tensor:
        height, width = keras.ops.shape(inputs)[-3:-1]
        if not (isinstance(height, int) and isinstance(width, int)):
            raise ValueError(
                f"The layer {self.name!r} needs images of a height and a width that are known: it "
                "resizes them first, as RandomCrop did up to TensorFlow 2.6."
            )
        # To whole pixels, downwards.
        if height / width > self.height / self.width:
            size = int(self.width * height / width), self.width
        else:
            size = self.height, int(self.height * width / height)
        resized = keras.ops.image.resize(inputs, size, data_format="channels_last")
        top, left = (size[0] - self.height) // 2, (size[1] - self.width) // 2
        return resized[..., top : top + self.height, left : left + self.width, :]

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {**super().get_config(), "resizes_first": self.resizes_first}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the images that it makes."""
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])
