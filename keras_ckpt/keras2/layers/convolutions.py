"""Convolutions with arguments that Keras 3 refuses, or takes in another way."""

from __future__ import annotations

from typing import Callable

import keras
import numpy as np

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


class _Convolution:
    """What the depthwise and the separable convolutions have in common.

    Up to TensorFlow 2.12 a `dilation_rate` of d took every d-th value of the inputs for inputs of
    their own: d of them along each axis. The `strides` were steps within one of these, and the
    outputs of the d were interleaved. In Keras 3 the strides are steps in the inputs themselves.
    """

    #: What the layer of Keras has.
    rank: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    data_format: str
    padding: str
    bias: Tensor
    activation: Callable[[Tensor], Tensor] | None

    def __init__(
        self,
        *args: object,
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        interleaved: bool = False,
        **kwargs: object,
    ) -> None:
        self.interleaved = interleaved
        self.is_causal = padding == "causal"
        padding = "valid" if self.is_causal else padding
        # Releases of Keras 3 refuse both strides and a dilation.
        given = 1 if interleaved else strides
        super().__init__(*args, strides=given, padding=padding, **kwargs)  # type: ignore[call-arg]
        if interleaved:
            self.strides = (strides,) * self.rank if isinstance(strides, int) else tuple(strides)

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the convolution of the inputs."""
        if self.is_causal:
            inputs = self._padded(inputs, [(before, 0) for before in self._before()])
        if not self.interleaved:
            return super().call(inputs)  # type: ignore[misc]
        outputs = self._after_depthwise(self._interleaved(inputs))
        if self.bias is not None:
            one = (1,) * self.rank
            last = self.data_format == "channels_last"
            shape = (1, *one, -1) if last else (1, -1, *one)
            outputs = keras.ops.add(outputs, keras.ops.reshape(self.bias, shape))
        return outputs if self.activation is None else self.activation(outputs)

    def _kernel(self) -> Tensor:
        """Returns what is applied to each channel."""
        raise NotImplementedError

    def _after_depthwise(self, outputs: Tensor) -> Tensor:
        """Returns what the layer makes of the outputs for each channel."""
        return outputs

    def _axes(self) -> range:
        first = 1 if self.data_format == "channels_last" else 2
        return range(first, first + self.rank)

    def _padded(self, inputs: Tensor, widths: list[tuple[int, int]]) -> Tensor:
        around = [(0, 0)] * (self.rank + 2)
        for axis, width in zip(self._axes(), widths):
            around[axis] = width
        return keras.ops.pad(inputs, around)

    def _before(self) -> list[int]:
        """Returns how many steps an output depends on beside its own, along each axis."""
        return [rate * (size - 1) for rate, size in zip(self.dilation_rate, self.kernel_size)]

    def _interleaved(self, inputs: Tensor) -> Tensor:
        ops = keras.ops
        axes = self._axes()
        lengths = [ops.shape(inputs)[axis] for axis in axes]
        around = [total if self.padding == "same" else 0 for total in self._before()]
        # The inputs of which each is every d-th value are equally long.
        more = [rate - 1 for rate in self.dilation_rate]
        widths = [(all_ // 2, all_ - all_ // 2 + each) for all_, each in zip(around, more)]
        outputs = ops.depthwise_conv(
            self._padded(inputs, widths),
            self._kernel(),
            strides=1,
            padding="valid",
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        for index, axis in enumerate(axes):
            rate, stride = self.dilation_rate[index], self.strides[index]
            count = self._length(lengths[index] + around[index], index)
            # The arrays of NumPy are constants.
            numbers = np.arange(count) if isinstance(count, int) else ops.arange(count)
            taken = numbers % rate + rate * stride * (numbers // rate)
            outputs = ops.take(outputs, taken, axis=axis)
        return outputs

    def _length(self, length: Tensor, index: int) -> Tensor:
        """Returns how many outputs there are along an axis for the inputs with what is around."""
        rate = self.dilation_rate[index]
        left_over = -length % rate
        steps = (length + left_over) // rate - self.kernel_size[index]
        return rate * (steps // self.strides[index] + 1) - left_over

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the convolution."""
        shape = list(input_shape)
        around = self._before() if self.is_causal or self.padding == "same" else [0] * self.rank
        if self.is_causal:
            for axis, before in zip(self._axes(), around):
                if shape[axis] is not None:
                    shape[axis] += before
        found = super().compute_output_shape(tuple(shape))  # type: ignore[misc]
        if not self.interleaved:
            result: Shape = found
            return result
        lengths = list(found)
        for index, axis in enumerate(self._axes()):
            length = input_shape[axis]
            lengths[axis] = None if length is None else self._length(length + around[index], index)
        return tuple(lengths)

    def get_config(self) -> Config:
        """Returns the arguments."""
        found: Config = super().get_config()  # type: ignore[misc]
        return {
            **found,
            "padding": "causal" if self.is_causal else self.padding,
            "interleaved": self.interleaved,
        }


class _Depthwise(_Convolution):
    kernel: Tensor

    def _kernel(self) -> Tensor:
        return self.kernel


class _Separable(_Convolution):
    depthwise_kernel: Tensor
    pointwise_kernel: Tensor

    def _kernel(self) -> Tensor:
        return self.depthwise_kernel

    def _after_depthwise(self, outputs: Tensor) -> Tensor:
        kernel, layout = self.pointwise_kernel, self.data_format
        return keras.ops.conv(outputs, kernel, strides=1, padding="valid", data_format=layout)


@registered
class DepthwiseConv1D(_Depthwise, keras.layers.DepthwiseConv1D):  # type: ignore[misc]
    """DepthwiseConv1D with strides and a dilation, as up to TensorFlow 2.12.

    Args:
        interleaved: Boolean, whether the strides are steps in every d-th value of the inputs, for a
            `dilation_rate` of d. Defaults to `False`.
        **kwargs: those of `keras.layers.DepthwiseConv1D`.
    """


@registered
class DepthwiseConv2D(_Depthwise, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """DepthwiseConv2D with strides and a dilation, as up to TensorFlow 2.12.

    Args:
        interleaved: Boolean, whether the strides are steps in every d-th value of the inputs, for a
            `dilation_rate` of d. Defaults to `False`.
        **kwargs: those of `keras.layers.DepthwiseConv2D`.
    """


@registered
class SeparableConv1D(_Separable, keras.layers.SeparableConv1D):  # type: ignore[misc]
    """SeparableConv1D that sees only what came before, or as up to TensorFlow 2.12.

    Args:
        padding: String, one of `"valid"`, `"same"` and `"causal"`: the output at a step depends on
            no later one. Defaults to `"valid"`.
        interleaved: Boolean, whether the strides are steps in every d-th value of the inputs, for a
            `dilation_rate` of d. Defaults to `False`.
        **kwargs: those of `keras.layers.SeparableConv1D`.
    """


@registered
class SeparableConv2D(_Separable, keras.layers.SeparableConv2D):  # type: ignore[misc]
    """SeparableConv2D with strides and a dilation, as up to TensorFlow 2.12.

    Args:
        interleaved: Boolean, whether the strides are steps in every d-th value of the inputs, for a
            `dilation_rate` of d. Defaults to `False`.
        **kwargs: those of `keras.layers.SeparableConv2D`.
    """
