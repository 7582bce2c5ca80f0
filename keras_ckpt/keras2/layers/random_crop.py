"""RandomCrop."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Shape, Tensor
from keras_ckpt.keras2.registered import registered


@registered
class RandomCrop(keras.layers.RandomCrop):  # type: ignore[misc]
    """RandomCrop that gives images of its size when it does not train, too.

    They are cut to its proportions around the middle, and resized. Keras 3 returns them as they
    are.

    Args:
        **kwargs: those of `keras.layers.RandomCrop`.
    """

    def call(self, inputs: Tensor, training: bool | None = True) -> Tensor:
        """Returns a part of the images if it trains, else all of them, resized."""
        if training:
            return super().call(inputs, training=training)
        inputs = keras.ops.cast(inputs, self.compute_dtype)
        size = (self.height, self.width)
        resizing = keras.layers.Resizing(*size, crop_to_aspect_ratio=True, dtype=self.dtype_policy)
        return resizing(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the images that it makes."""
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])
