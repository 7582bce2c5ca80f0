"""Operations on images."""

from __future__ import annotations

from keras_ckpt import keras2
from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.registration import TABLE, Function, node, op
from keras_ckpt.formats.config.tf_ops.shapes import reverse
from keras_ckpt.formats.config.tf_ops.tensors import (
    Array,
    Operations,
)


@op("image.resize")
def _resize(
    o: Operations,
    images: object,
    size: object,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    align_corners: bool = False,
    half_pixel_centers: bool = True,
) -> Tensor:
    if preserve_aspect_ratio or align_corners or not half_pixel_centers:
        raise ValueError("tf.image.resize with these arguments is not supported by Keras 3")
    method = str(method).lower()
    height_and_width = tuple(int(each) for each in o.static(o.sizes(size)))
    found = None if antialias else keras2.layers.find("Resizing", {"interpolation": method})
    if found is None and method not in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"):
        raise ValueError(f"Keras 3 does not resize images by the method {method!r}")
    if method != "nearest":
        images = o.cast(images, "float32")
    if found is not None:
        resize = found(
            *height_and_width, interpolation=method, data_format="channels_last", dtype="float32"
        )
        return o.keep(resize(images), images)
    result = o.ops.image.resize(
        images,
        height_and_width,
        interpolation=method,
        antialias=bool(antialias),
        data_format="channels_last",
    )
    return o.keep(result, images)


def _flip_images(axis: int) -> Function:
    def call(o: Operations, image: object) -> Tensor:
        return reverse(o, image, axis)

    return call


@op("image.rgb_to_grayscale")
def _rgb_to_grayscale(o: Operations, images: object) -> Tensor:
    weighted = TABLE["multiply"](o, images, [0.2989, 0.587, 0.114])
    return TABLE["reduce_sum"](o, weighted, -1, True)


def _size(images: Array) -> tuple[int, int, int]:
    """Returns the height, the width and the number of channels of images."""
    _, h, w, c = images.shape
    if h is None or w is None or c is None:
        raise ValueError("the size of an image is known only when the model is called")
    return h, w, c


def _blocks(
    o: Operations, images: Tensor, blocks: tuple[int, ...], perm: list[int], shape: tuple[int, ...]
) -> Tensor:
    """Returns images of a shape, made by putting the blocks of images in another order."""
    x = o.ops.reshape(images, (-1, *blocks))
    result = o.ops.reshape(o.ops.transpose(x, perm), (-1, *shape))
    return o.keep(result, images)


@op("depth_to_space", "DepthToSpace", block_size="block_size", data_format="data_format")
def _depth_to_space(
    o: Operations, input: Tensor, block_size: int, data_format: str = "NHWC"
) -> Tensor:
    check_channels_last(data_format)
    h, w, c = _size(input)
    n = block_size
    depth = c // (n * n)
    blocks = (h, w, n, n, depth)
    return _blocks(o, input, blocks, [0, 1, 3, 2, 4, 5], (h * n, w * n, depth))


@op("space_to_depth", "SpaceToDepth", block_size="block_size", data_format="data_format")
def _space_to_depth(
    o: Operations, input: Tensor, block_size: int, data_format: str = "NHWC"
) -> Tensor:
    check_channels_last(data_format)
    h, w, c = _size(input)
    n = block_size
    blocks = (h // n, n, w // n, n, c)
    return _blocks(o, input, blocks, [0, 1, 3, 2, 4, 5], (h // n, w // n, n * n * c))


def check_channels_last(data_format: object) -> None:
    """Raises a ValueError unless the last axis of images is that of the channels."""
    if data_format not in (None, "NHWC", "channels_last"):
        raise ValueError("images whose first axis is that of the channels are not supported")


def _resize_node(method: str) -> Function:
    def call(o: Operations, images: object, size: object, **attributes: bool) -> Tensor:
        return _resize(o, images, size, method, **attributes)

    return call


op("image.flip_left_right")(_flip_images(-2))
op("image.flip_up_down")(_flip_images(-3))
node("ResizeBilinear", align_corners="align_corners", half_pixel_centers="half_pixel_centers")(
    _resize_node("bilinear")
)
node(
    "ResizeNearestNeighbor", align_corners="align_corners", half_pixel_centers="half_pixel_centers"
)(_resize_node("nearest"))
