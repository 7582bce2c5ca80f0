"""Convolutions and pooling."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from keras_ckpt.formats.config.tf_ops.images import check_channels_last
from keras_ckpt.formats.config.tf_ops.registration import TABLE, op
from keras_ckpt.formats.config.tf_ops.tensors import Operations


def _two(value: Any) -> tuple[int, int]:
    """The height and width of what TensorFlow takes as one number, two or four."""
    values = [int(each) for each in (value if isinstance(value, list) else [value])]
    values = values[1:3] if len(values) == 4 else values
    return (values[0], values[-1])


def _same(sizes: tuple[int, int]) -> Any:
    # A tuple is a list once it has been in a file, which not all of Keras takes.
    return sizes[0] if sizes[0] == sizes[1] else sizes


def _pool(name: str) -> Callable[..., Any]:
    # By the layer: on JAX, Keras fails in the operation once it has read the window from a file.
    def call(
        o: Operations,
        input: Any,
        ksize: Any,
        strides: Any,
        padding: str,
        data_format: Any = "NHWC",
    ) -> Any:
        check_channels_last(data_format)
        window, strides, padding = _two(ksize), _two(strides), padding.lower()
        sizes = tuple(input.shape[1:3])
        if name == "AveragePooling2D" and padding == "same" and None not in sizes:
            # Keras on PyTorch counts some of the padding.
            sides = [_sides(*each) for each in zip(sizes, window, strides)]
            padded = o.ops.pad(input, ((0, 0), *sides, (0, 0)))
            result = o.layer(name, padded, window, strides, "valid", "channels_last")
            counts = [_counts(*each) for each in zip(sizes, window, strides)]
            factor = np.prod(window) / np.multiply.outer(*counts)
            result = TABLE["multiply"](o, result, factor[None, :, :, None])
        else:
            result = o.layer(name, input, window, strides, padding, "channels_last")
        return o.keep(result, input)

    return call


def _sides(size: int, window: int, stride: int) -> tuple[int, int]:
    """What is added on both sides of an axis for the padding "same"."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _counts(size: int, window: int, stride: int) -> list[int]:
    """How many places of the axis are in each window."""
    before, after = _sides(size, window, stride)
    starts = range(-before, size + after - window + 1, stride)
    return [min(start + window, size) - max(start, 0) for start in starts]


def _convolution(name: str) -> Callable[..., Any]:
    def call(
        o: Operations,
        input: Any,
        filters: Any = None,
        strides: Any = 1,
        padding: Any = "VALID",
        data_format: Any = "NHWC",
        dilations: Any = 1,
        filter: Any = None,
        use_cudnn_on_gpu: Any = True,
    ) -> Any:
        check_channels_last(data_format)
        kernel = o.array(filters if filter is None else filter)
        if not isinstance(padding, str) or padding.upper() not in ("SAME", "VALID"):
            raise ValueError("a convolution with the padding %r is not known here" % (padding,))
        result = getattr(o.ops, name)(
            input,
            kernel,
            strides=_same(_two(strides)),
            padding=padding.lower(),
            data_format="channels_last",
            dilation_rate=_same(_two(dilations)),
        )
        return o.keep(result, input)

    return call


op(
    "avg_pool2d",
    "AvgPool",
    data_format="data_format",
    ksize="ksize",
    padding="padding",
    strides="strides",
)(_pool("AveragePooling2D"))
op(
    "conv2d",
    "Conv2D",
    data_format="data_format",
    dilations="dilations",
    padding="padding",
    strides="strides",
)(_convolution("conv"))
op(
    "depthwise_conv2d",
    "DepthwiseConv2dNative",
    data_format="data_format",
    dilations="dilations",
    padding="padding",
    strides="strides",
)(_convolution("depthwise_conv"))
op(
    "max_pool2d",
    "MaxPool",
    data_format="data_format",
    ksize="ksize",
    padding="padding",
    strides="strides",
)(_pool("MaxPooling2D"))
