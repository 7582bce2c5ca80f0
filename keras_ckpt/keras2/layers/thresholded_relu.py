"""ThresholdedReLU."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


@registered
class ThresholdedReLU(keras.layers.Layer):  # type: ignore[misc]
    """Passes on what is greater than a threshold, and 0 for the rest.

    Args:
        theta: Float of at least 0, the threshold. Defaults to `1.0`.
        **kwargs: those of `keras.layers.Layer`.

    Raises:
        ValueError: if `theta` is `None` or below 0.
    """

    def __init__(self, theta: float = 1.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        if theta is None or theta < 0:
            raise ValueError(f"`theta` must be a number of at least 0. Received: theta={theta}")
        self.theta = float(theta)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the inputs with 0 in the place of what is not greater."""
        ops = keras.ops
        return inputs * ops.cast(ops.greater(inputs, self.theta), inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the inputs."""
        return input_shape

    def get_config(self) -> Config:
        """Returns the arguments."""
        return dict(super().get_config(), theta=self.theta)
