"""Operations on shapes: reshaping, filling, joining and splitting."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.elementwise import cast, sum_of
from keras_ckpt.formats.config.tf_ops.indexing import getitem
from keras_ckpt.formats.config.tf_ops.registration import Function, gathered, node, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    DTYPES,
    Operations,
    Size,
    any_unknown,
    dtype_of,
    type_name,
)


@op("shape", "Shape")
def _shape(o: Operations, input: object, out_type: object = None) -> Tensor:
    x = o.array(input)
    return o.array(o.shape_of(x)) if len(x.shape) else np.zeros((0,), "int32")


@op("size", "Size")
def _size(o: Operations, input: object, out_type: object = None) -> Tensor:
    return np.prod(_shape(o, input))


@op("rank", "Rank")
def _rank(o: Operations, input: object) -> Tensor:
    return np.int32(len(o.array(input).shape))


@op("reshape", "Reshape")
def _reshape(o: Operations, tensor: object, shape: object) -> Tensor:
    x, sizes = o.array(tensor), o.sizes(shape)
    if not o.is_tensor(x):
        return np.reshape(x, [o.static(each) for each in sizes])
    unknown = [each for each in sizes if isinstance(each, Size) or each == -1]
    by_batch = bool(sizes) and isinstance(sizes[0], Size) and sizes[0].is_batch
    if len(unknown) <= 1:
        result = o.ops.reshape(x, tuple(-1 if isinstance(each, Size) else each for each in sizes))
        if by_batch:
            o.starts_with_batch(result)
        return result
    if not (by_batch and o.has_batch(x) and len(unknown) == 2):
        raise ValueError("a shape has several sizes that are known only when the model is called")
    # This layer leaves the batch alone, whatever its size.
    result = o.layer(
        "Reshape", x, tuple(-1 if isinstance(each, Size) else each for each in sizes[1:])
    )
    o.starts_with_batch(result)
    return result


@op("keras.backend.batch_flatten")
def _flatten_batch(o: Operations, x: Tensor) -> Tensor:
    sizes = o.shape_of(x)[1:]
    if any_unknown(sizes):
        return o.layer("Flatten", x)
    return _reshape(o, x, [-1, int(np.prod(o.static(sizes)))])


@op("transpose", "Transpose")
def _transpose(o: Operations, a: object, perm: object = None, conjugate: bool = False) -> Tensor:
    x, axes = o.array(a), o.static(perm)
    axes = list(reversed(range(len(x.shape)))) if axes is None else axes
    result = o.apply("transpose", x, tuple(axes))
    if o.has_batch(x) and axes[0] == 0:
        o.starts_with_batch(result)
    return result


@op("expand_dims", "ExpandDims")
def _expand_dims(o: Operations, input: object, axis: object = None, dim: object = None) -> Tensor:
    x, at = o.array(input), int(o.static(axis if dim is None else dim))
    result = o.apply("expand_dims", x, at)
    if o.has_batch(x) and at % len(result.shape):
        o.starts_with_batch(result)
    return result


@op("squeeze", "Squeeze", squeeze_dims="axis")
def _squeeze(
    o: Operations, input: object, axis: object = None, squeeze_dims: object = None
) -> Tensor:
    x = o.array(input)
    axes = o.static(axis if squeeze_dims is None else squeeze_dims)
    rank = len(x.shape)
    if axes is None or axes == []:
        axes = [i for i, size in enumerate(x.shape) if size == 1]
    axes = [each % rank for each in (axes if isinstance(axes, list) else [axes])]
    return getitem(o, x, [0 if i in axes else slice(None) for i in range(rank)])


def _filled(o: Operations, sizes: list[int | Size], value: Tensor) -> Tensor:
    """Returns a tensor of this shape, all of one value."""
    known = [1 if isinstance(each, Size) else each for each in sizes]
    block: Tensor = np.full(known, value)
    for axis, each in enumerate(sizes):
        if not isinstance(each, Size):
            continue
        if each.row is None:
            raise ValueError("a shape is computed from sizes known only when the model is called")
        shape = [1] * len(sizes)
        shape[axis] = -1
        zeros = o.ops.zeros_like(each.row(), dtype=dtype_of(block))
        zeros = zeros if len(shape) == 1 else o.ops.reshape(zeros, tuple(shape))
        block = (
            sum_of(o, block, zeros) if dtype_of(block) != "bool" else o.ops.logical_or(block, zeros)
        )
        if axis == 0 and each.is_batch:
            o.starts_with_batch(block)
    return block


@op("fill", "Fill")
def _fill(o: Operations, dims: object, value: object) -> Tensor:
    return _filled(o, o.sizes(dims), o.array(value))


def _of_one(value: int) -> Function:
    def call(o: Operations, shape: object, dtype: object = "float32") -> Tensor:
        name = type_name(dtype)
        return _filled(o, o.sizes(shape), np.asarray(value, DTYPES.get(name, name)))

    return call


def _like(name: str) -> Function:
    def call(o: Operations, input: object, dtype: object = None, optimize: object = None) -> Tensor:
        x = o.array(input)
        name_of_type = type_name(dtype) or dtype_of(x)
        result = o.apply(name, x, dtype=DTYPES.get(name_of_type, name_of_type))
        return o.keep(result, x)

    return call


@op("range", "Range")
def _range(
    o: Operations, start: object, limit: object = None, delta: object = 1, dtype: object = None
) -> Tensor:
    start, limit = (0, start) if limit is None else (start, limit)
    start, limit, delta = (
        each.item() if hasattr(each, "item") else each for each in (start, limit, delta)
    )
    if isinstance(limit, Size) and limit.row is not None and (start, delta) == (0, 1):
        result = o.ops.subtract(o.ops.cumsum(limit.row(), axis=0), 1)
    else:
        result = o.array(np.arange(o.static(start), o.static(limit), o.static(delta)))
    return cast(o, result, dtype) if dtype else result


@op("tile", "Tile")
def _tile(o: Operations, input: object, multiples: object) -> Tensor:
    x, sizes = o.array(input), o.sizes(multiples)
    known = [1 if isinstance(each, Size) else each for each in sizes]
    result = o.apply("tile", x, known) if set(known) != {1} else x
    for axis, each in enumerate(sizes):
        if isinstance(each, Size) and x.shape[axis] != 1:
            raise ValueError(
                "a tensor is repeated by a size that is known only when the model is called"
            )
    if any_unknown(sizes):
        shape = [each if isinstance(each, Size) else 1 for each in sizes]
        zeros = _filled(o, shape, np.zeros((), dtype_of(x)))
        result = sum_of(o, result, zeros)
    elif sizes and sizes[0] == 1:
        o.keep(result, x)
    return result


@op("broadcast_to", "BroadcastTo")
def _broadcast_to(o: Operations, input: object, shape: object) -> Tensor:
    x, sizes = o.array(input), o.sizes(shape)
    if any_unknown(sizes):
        zeros = _filled(o, sizes, np.zeros((), dtype_of(x)))
        return sum_of(o, x, zeros)
    return o.apply("broadcast_to", x, tuple(sizes))


@op("pad", "Pad")
@node("MirrorPad", mode="mode")
def _pad(
    o: Operations,
    tensor: object,
    paddings: object,
    mode: str = "CONSTANT",
    constant_values: object = 0,
) -> Tensor:
    widths = tuple((before, after) for before, after in o.static(paddings))
    if mode.upper() == "SYMMETRIC":
        return _pad_symmetric(o, o.array(tensor), widths)
    named: dict[str, object] = {"mode": mode.lower()}
    value = o.static(constant_values)
    if mode.upper() == "CONSTANT" and value:
        named["constant_values"] = value
    result = o.apply("pad", o.array(tensor), widths, **named)
    return o.keep(result, tensor) if widths[0] == (0, 0) else result


def _pad_symmetric(o: Operations, x: Tensor, widths: tuple[tuple[int, int], ...]) -> Tensor:
    # Keras on PyTorch leaves out the edge, as in "REFLECT".
    for axis, (before, after) in enumerate(widths):
        key = [slice(None)] * len(widths)
        parts = [x]
        if before:
            key[axis] = slice(None, before)
            parts.insert(0, o.apply("flip", getitem(o, x, key), axis))
        if after:
            key[axis] = slice(-after, None)
            parts.append(o.apply("flip", getitem(o, x, key), axis))
        x = _concat(o, parts, axis) if len(parts) > 1 else x
    return x


@op("concat")
def _concat(o: Operations, values: Sequence[object], axis: object) -> Tensor:
    at = int(o.static(axis))
    parts = _of_one_type(o, values)
    result = o.apply("concatenate", parts, axis=at)
    return o.keep(result, *parts) if at % len(result.shape) else result


def _of_one_type(o: Operations, values: Sequence[object]) -> list[Tensor]:
    """Returns the values of a list, in the type of the first tensor among them."""
    found = [dtype_of(o.array(each)) for each in values if o.is_tensor(each)]
    if not found:
        return [o.array(each) for each in values]
    made = [o.like(each, found[0]) for each in values]
    return [each if o.is_tensor(each) else np.asarray(each, found[0]) for each in made]


@op("stack")
def _stack(o: Operations, values: Sequence[object], axis: object = 0) -> Tensor:
    at = int(o.static(axis))
    parts = _of_one_type(o, values)
    result = o.apply("stack", parts, axis=at)
    if at % len(result.shape) and any(o.has_batch(each) for each in parts):
        o.starts_with_batch(result)
    return result


@op("unstack", "Unpack", axis="axis", num="num")
def _unstack(o: Operations, value: object, num: object = None, axis: object = 0) -> list[Tensor]:
    x, at = o.array(value), int(o.static(axis))
    if not o.is_tensor(x):
        return list(np.moveaxis(x, at, 0))
    results = list(o.ops.unstack(x, num, at))
    if at % len(x.shape) and o.has_batch(x):
        o.starts_with_batch(results)
    return results


@op("split", "SplitV")
def _split(
    o: Operations, value: object, num_or_size_splits: object, axis: object = 0, num: object = None
) -> list[Tensor]:
    x, at, sizes = o.array(value), int(o.static(axis)), o.static(num_or_size_splits)
    if isinstance(sizes, list):
        if -1 in sizes:
            rest = x.shape[at] - sum(each for each in sizes if each != -1)
            sizes = [rest if each == -1 else each for each in sizes]
        sizes = [int(each) for each in np.cumsum(sizes)[:-1]]
        if not sizes:
            return [x]
    results = list(o.ops.split(x, sizes, axis=at))
    for each in results:
        if at % len(x.shape):
            o.keep(each, x)
    return results


@op("reverse", "ReverseV2")
def reverse(o: Operations, tensor: object, axis: object) -> Tensor:
    result = o.array(tensor)
    axes = o.static(axis)
    for each in axes if isinstance(axes, list) else [axes]:
        result = o.apply("flip", result, each)
    return o.keep(result, tensor)


@op("repeat")
def _repeat(o: Operations, input: object, repeats: object, axis: object = None) -> Tensor:
    axis = o.static(axis)
    result = o.apply("repeat", o.array(input), o.static(repeats), axis=axis)
    return o.keep(result, input) if axis else result


@op("roll", "Roll")
def _roll(o: Operations, input: object, shift: object, axis: object) -> Tensor:
    shifts, axes = (np.ravel(o.static(each)).tolist() for each in (shift, axis))
    result = o.array(input)
    for by, each in zip(shifts, axes):
        result = o.apply("roll", result, by, axis=each)
    return o.keep(result, input)


@node("Split", num_split="number")
def _split_node(o: Operations, axis: object, value: object, number: int) -> list[Tensor]:
    return _split(o, value, number, axis)


op("ones")(_of_one(1))
op("ones_like", "OnesLike")(_like("ones_like"))
op("zeros")(_of_one(0))
op("zeros_like", "ZerosLike")(_like("zeros_like"))
node("ConcatV2")(gathered(_concat, 1))
node("Pack", axis="axis")(gathered(_stack))


@node("PadV2")
def _pad_node(o: Operations, x: object, paddings: object, value: object) -> Tensor:
    return _pad(o, x, paddings, constant_values=value)
