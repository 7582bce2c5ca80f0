"""RandomFourierFeatures, from `keras.layers.experimental`."""

from __future__ import annotations

import math

import keras
import numpy as np

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


@registered
class RandomFourierFeatures(keras.layers.Layer):  # type: ignore[misc]
    """Projects its inputs to cosines of random frequencies, which approximates a kernel.

    Args:
        output_dim: Integer of at least 1, how many cosines.
        kernel_initializer: `"gaussian"`, `"laplacian"` or an initializer. Defaults to `"gaussian"`.
        scale: Float above 0, by which the kernel is divided. Defaults to `None`: for a gaussian
            kernel the root of half the width of the inputs, else 1.
        trainable: Boolean, whether the scale is trained. Defaults to `False`.
        name: String. Defaults to one that Keras makes.
        **kwargs: those of `keras.layers.Layer`.
    """

    def __init__(
        self,
        output_dim: int,
        kernel_initializer: object = "gaussian",
        scale: float | None = None,
        trainable: bool = False,
        name: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        if output_dim <= 0:
            raise ValueError(f"`output_dim` must be at least 1. Received: output_dim={output_dim}")
        if scale is not None and scale <= 0:
            raise ValueError(f"`scale` must be above 0. Received: scale={scale}")
        self.output_dim = output_dim
        self.kernel_initializer = kernel_initializer
        self.scale = scale

    def build(self, input_shape: Shape) -> None:
        """Makes the frequencies, the phases and the scale."""
        width = int(input_shape[-1])
        self.unscaled_kernel = self.add_weight(
            name="unscaled_kernel",
            shape=(width, self.output_dim),
            initializer=self._initializer(),
            trainable=False,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.output_dim,),
            initializer=keras.initializers.RandomUniform(minval=0.0, maxval=2 * math.pi),
            trainable=False,
        )
        scale = self.scale
        if scale is None:
            scale = math.sqrt(width / 2.0) if self.kernel_initializer == "gaussian" else 1.0
        self.kernel_scale = self.add_weight(
            name="kernel_scale",
            shape=(1,),
            initializer=keras.initializers.Constant(scale),
            trainable=True,
            constraint="non_neg",
        )
        super().build(input_shape)

    def _initializer(self) -> object:
        if self.kernel_initializer == "gaussian":
            return keras.initializers.RandomNormal(stddev=1.0)
        if self.kernel_initializer == "laplacian":

            def cauchy(shape: Shape, dtype: str | None = None) -> object:
                # What the Fourier transform of a laplacian kernel is.
                uniform = np.random.default_rng().uniform(size=tuple(shape))
                return np.tan(math.pi * (uniform - 0.5)).astype(dtype or "float32")

            return cauchy
        return self.kernel_initializer

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the cosines, of shape (batch, output_dim)."""
        ops = keras.ops
        inputs = ops.cast(inputs, self.compute_dtype)
        kernel = (1.0 / self.kernel_scale) * self.unscaled_kernel
        return ops.cos(ops.matmul(inputs, kernel) + self.bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the cosines."""
        return (*input_shape[:-1], self.output_dim)

    def get_config(self) -> Config:
        """Returns the arguments."""
        initializer = self.kernel_initializer
        if not isinstance(initializer, str):
            initializer = keras.initializers.serialize(initializer)
        return dict(
            super().get_config(),
            output_dim=self.output_dim,
            kernel_initializer=initializer,
            scale=self.scale,
        )
