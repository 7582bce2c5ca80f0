"""Convolutions and pooling."""

from __future__ import annotations

import numpy as np

from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.images import check_channels_last
from keras_ckpt.formats.config.tf_ops.registration import TABLE, Function, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    Operations,
)


def _two(o: Operations, value: object) -> tuple[int, int]:
    """Returns the height and width of a window or stride, given as one number, two or four."""
    found = o.static(value)
    values = [int(each) for each in (found if isinstance(found, list) else [found])]
    values = values[1:3] if len(values) == 4 else values
    return (values[0], values[-1])


def _same(sizes: tuple[int, int]) -> int | tuple[int, int]:
    # In a file a tuple becomes a list, which not all of Keras takes.
    return sizes[0] if sizes[0] == sizes[1] else sizes


def _pool(name: str) -> Function:
    # By the layer, not the operation, which fails on JAX after it has been read from a file.
    def call(
        o: Operations,
        input: Tensor,
        ksize: object,
        strides: object,
        padding: str,
        data_format: object = "NHWC",
    ) -> Tensor:
        check_channels_last(data_format)
        window, steps, padding = _two(o, ksize), _two(o, strides), padding.lower()
        sizes = tuple(input.shape[1:3])
        if name == "AveragePooling2D" and padding == "same" and None not in sizes:
            # Keras on PyTorch counts some of the padding.
            sides = [_sides(*each) for each in zip(sizes, window, steps)]
            padded = o.ops.pad(input, ((0, 0), *sides, (0, 0)))
            result = o.layer(name, padded, window, steps, "valid", "channels_last")
            counts = [_counts(*each) for each in zip(sizes, window, steps)]
            factor = np.prod(window) / np.multiply.outer(*counts)
            result = TABLE["multiply"](o, result, factor[None, :, :, None])
        else:
            result = o.layer(name, input, window, steps, padding, "channels_last")
        return o.keep(result, input)

    return call


def _sides(size: int, window: int, stride: int) -> tuple[int, int]:
    """Returns how much the padding "same" adds before and after an axis."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _counts(size: int, window: int, stride: int) -> list[int]:
    """Returns how many places of the axis are in each window."""
    before, after = _sides(size, window, stride)
    starts = range(-before, size + after - window + 1, stride)
    return [min(start + window, size) - max(start, 0) for start in starts]


def _convolution(name: str) -> Function:
    def call(
        o: Operations,
        input: object,
        filters: object = None,
        strides: object = 1,
        padding: object = "VALID",
        data_format: object = "NHWC",
        dilations: object = 1,
        filter: object = None,
        use_cudnn_on_gpu: object = True,
    ) -> Tensor:
        check_channels_last(data_format)
        kernel = o.array(filters if filter is None else filter)
        if not isinstance(padding, str) or padding.upper() not in ("SAME", "VALID"):
            raise ValueError(f"a convolution with the padding {padding!r} is not supported")
        result = getattr(o.ops, name)(
            input,
            kernel,
            strides=_same(_two(o, strides)),
            padding=padding.lower(),
            data_format="channels_last",
            dilation_rate=_same(_two(o, dilations)),
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
