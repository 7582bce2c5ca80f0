"""RandomHeight and RandomWidth."""

from __future__ import annotations

from typing import Union

import keras

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered

_Factor = Union[float, "tuple[float, float]"]


class _RandomSize(keras.layers.Layer):  # type: ignore[misc]
    """What both layers have in common.

    Images keep their size when the layer does not train. On JAX, where the shapes of tensors are
    known before a step runs, it cannot train.

    Args:
        factor: Float, or a tuple of two: the least and the most that is added, as a part of the
            size. One number is for both directions.
        interpolation: String, as of `keras.layers.Resizing`. Defaults to `"bilinear"`.
        seed: Integer. Defaults to `None`.
        **kwargs: those of `keras.layers.Layer`.
    """

    #: Where the size is that changes, from the end of a shape.
    _axis = -3

    def __init__(
        self,
        factor: _Factor,
        interpolation: str = "bilinear",
        seed: int | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.interpolation = interpolation
        self.seed = seed
        bounds = factor if isinstance(factor, (list, tuple)) else (-factor, factor)
        self._least, self._most = (1.0 + float(each) for each in bounds)
        self._generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Returns the images, in a random size if it trains."""
        inputs = keras.ops.cast(inputs, self.compute_dtype)
        if not training:
            return inputs
        if runtime.backend() == "jax":
            raise NotImplementedError(
                f"{type(self).__name__} gives images random sizes in training, which JAX cannot "
                "do: shapes are known there before a step runs. Take the layer out to train."
            )
        if runtime.backend() == "tensorflow":
            return self._by_tensorflow(inputs)
        size = [int(length) for length in inputs.shape[-3:-1]]
        times = float(keras.random.uniform((), self._least, self._most, seed=self._generator))
        size[self._axis + 3] = int(size[self._axis + 3] * times)
        return keras.ops.image.resize(
            inputs, tuple(size), interpolation=self.interpolation, data_format="channels_last"
        )

    def _by_tensorflow(self, inputs: Tensor) -> Tensor:
        tf = runtime.tensorflow()
        times = keras.random.uniform((), self._least, self._most, seed=self._generator)
        size = tf.unstack(tf.shape(inputs)[-3:-1])
        size[self._axis + 3] = tf.cast(
            tf.cast(size[self._axis + 3], times.dtype) * times, size[0].dtype
        )
        resized = tf.image.resize(inputs, tf.stack(size), method=self.interpolation)
        shape = list(inputs.shape)
        shape[self._axis] = None
        return tf.ensure_shape(tf.cast(resized, self.compute_dtype), shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the images, with the size that changes unknown."""
        shape = list(input_shape)
        shape[self._axis] = None
        return tuple(shape)

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "factor": self.factor,
            "interpolation": self.interpolation,
            "seed": self.seed,
        }


@registered
class RandomHeight(_RandomSize):
    """Gives images a random height when it trains.

    Args:
        **kwargs: those of `_RandomSize`.
    """


@registered
class RandomWidth(_RandomSize):
    """Gives images a random width when it trains.

    Args:
        **kwargs: those of `_RandomSize`.
    """

    _axis = -2
