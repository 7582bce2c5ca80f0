"""Operations on images."""

from __future__ import annotations

from typing import Any, Callable

from keras_ckpt.formats.config.tf_ops.registration import TABLE, node, op
from keras_ckpt.formats.config.tf_ops.shapes import reverse
from keras_ckpt.formats.config.tf_ops.tensors import Operations


@op("image.resize")
def _resize(
    o: Operations,
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    align_corners: bool = False,
    half_pixel_centers: bool = True,
) -> Any:
    if preserve_aspect_ratio or align_corners or not half_pixel_centers:
        raise ValueError("Keras 3 does not resize images as they are resized here")
    method = str(method).lower()
    if method not in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"):
        raise ValueError("Keras 3 does not resize images by the method %r" % method)
    if method != "nearest":
        images = o.cast(images, "float32")
    size = tuple(int(each) for each in o.sizes(o.static(size)))
    result = o.ops.image.resize(
        images, size, interpolation=method, antialias=bool(antialias), data_format="channels_last"
    )
    return o.keep(result, images)


def _flip_images(axis: int) -> Callable[..., Any]:
    def call(o: Operations, image: Any) -> Any:
        return reverse(o, image, axis)

    return call


@op("image.rgb_to_grayscale")
def _rgb_to_grayscale(o: Operations, images: Any) -> Any:
    weighted = TABLE["multiply"](o, images, [0.2989, 0.587, 0.114])
    return TABLE["reduce_sum"](o, weighted, -1, True)


def _blocks(o: Operations, input: Any, shapes: list[Any], perm: list[int]) -> Any:
    if any(each is None for each in input.shape[1:]):
        raise ValueError("the size of an image is known only when the model is called")
    x = o.ops.reshape(input, (-1, *shapes[0]))
    result = o.ops.reshape(o.ops.transpose(x, perm), (-1, *shapes[1]))
    return o.keep(result, input)


@op("depth_to_space", "DepthToSpace", block_size="block_size", data_format="data_format")
def _depth_to_space(o: Operations, input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    check_channels_last(data_format)
    _, h, w, c = input.shape
    n = block_size
    depth = c // (n * n)
    shapes = [(h, w, n, n, depth), (h * n, w * n, depth)]
    return _blocks(o, input, shapes, [0, 1, 3, 2, 4, 5])


@op("space_to_depth", "SpaceToDepth", block_size="block_size", data_format="data_format")
def _space_to_depth(o: Operations, input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    check_channels_last(data_format)
    _, h, w, c = input.shape
    n = block_size
    shapes = [(h // n, n, w // n, n, c), (h // n, w // n, n * n * c)]
    return _blocks(o, input, shapes, [0, 1, 3, 2, 4, 5])


def check_channels_last(data_format: Any) -> None:
    if data_format not in (None, "NHWC", "channels_last"):
        raise ValueError("images with the channels first are not known here")


def _resize_node(method: str) -> Callable[..., Any]:
    def call(o: Operations, images: Any, size: Any, **attributes: Any) -> Any:
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
