"""SeparableConv1D that sees only what came before."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


@registered
class SeparableConv1D(keras.layers.SeparableConv1D):  # type: ignore[misc]
    """SeparableConv1D with `padding="causal"`: the output at a step depends on no later one.

    Args:
        padding: String, `"causal"`. Defaults to `"causal"`.
        **kwargs: those of `keras.layers.SeparableConv1D`.
    """

    def __init__(self, *args: object, padding: str = "causal", **kwargs: object) -> None:
        super().__init__(*args, padding="valid", **kwargs)

    def _before(self) -> int:
        return int(self.dilation_rate[0] * (self.kernel_size[0] - 1))

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the convolution of the inputs with zeros before them."""
        before = (self._before(), 0)
        last = self.data_format == "channels_last"
        widths = ((0, 0), before, (0, 0)) if last else ((0, 0), (0, 0), before)
        return super().call(keras.ops.pad(inputs, widths))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the convolution."""
        shape, axis = list(input_shape), 1 if self.data_format == "channels_last" else 2
        if shape[axis] is not None:
            shape[axis] += self._before()
        return super().compute_output_shape(tuple(shape))

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {**super().get_config(), "padding": "causal"}
