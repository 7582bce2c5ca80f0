"""Operations on shapes: reshaping, filling, joining and splitting."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from keras_ckpt.formats.config.tf_ops.elementwise import cast, sum_of
from keras_ckpt.formats.config.tf_ops.indexing import getitem
from keras_ckpt.formats.config.tf_ops.registration import gathered, node, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    DTYPES,
    Operations,
    dtype_of,
    is_unknown,
    type_name,
)


@op("shape", "Shape")
def _shape(o: Operations, input: Any, out_type: Any = None) -> Any:
    input = o.array(input)
    return o.array(o.shape_of(input)) if len(input.shape) else np.zeros((0,), "int32")


@op("size", "Size")
def _size(o: Operations, input: Any, out_type: Any = None) -> Any:
    return np.prod(_shape(o, input))


@op("rank", "Rank")
def _rank(o: Operations, input: Any) -> Any:
    return np.int32(len(o.array(input).shape))


@op("reshape", "Reshape")
def _reshape(o: Operations, tensor: Any, shape: Any) -> Any:
    tensor, sizes = o.array(tensor), o.sizes(shape)
    if not o.is_tensor(tensor):
        return np.reshape(tensor, [o.static(each) for each in sizes])
    unknown = [each for each in sizes if is_unknown(each) or each == -1]
    by_batch = bool(sizes) and is_unknown(sizes[0]) and sizes[0].is_batch
    if len(unknown) <= 1:
        result = o.ops.reshape(tensor, tuple(-1 if is_unknown(each) else each for each in sizes))
        if by_batch:
            o.starts_with_batch(result)
        return result
    if not (by_batch and o.has_batch(tensor) and len(unknown) == 2):
        raise ValueError("a shape has several sizes that are known only when the model is called")
    # This layer leaves the batch alone, whatever its size.
    result = o.layer(
        "Reshape", tensor, tuple(-1 if is_unknown(each) else each for each in sizes[1:])
    )
    o.starts_with_batch(result)
    return result


@op("keras.backend.batch_flatten")
def _flatten_batch(o: Operations, x: Any) -> Any:
    sizes = o.shape_of(x)[1:]
    if any(map(is_unknown, sizes)):
        return o.layer("Flatten", x)
    return _reshape(o, x, [-1, int(np.prod(sizes))])


@op("transpose", "Transpose")
def _transpose(o: Operations, a: Any, perm: Any = None, conjugate: bool = False) -> Any:
    a, perm = o.array(a), o.static(perm)
    perm = list(reversed(range(len(a.shape)))) if perm is None else perm
    result = o.apply("transpose", a, tuple(perm))
    if o.has_batch(a) and perm[0] == 0:
        o.starts_with_batch(result)
    return result


@op("expand_dims", "ExpandDims")
def _expand_dims(o: Operations, input: Any, axis: Any = None, dim: Any = None) -> Any:
    input, axis = o.array(input), int(o.static(axis if dim is None else dim))
    result = o.apply("expand_dims", input, axis)
    if o.has_batch(input) and axis % len(result.shape):
        o.starts_with_batch(result)
    return result


@op("squeeze", "Squeeze", squeeze_dims="axis")
def _squeeze(o: Operations, input: Any, axis: Any = None, squeeze_dims: Any = None) -> Any:
    input = o.array(input)
    axes = o.static(axis if squeeze_dims is None else squeeze_dims)
    rank = len(input.shape)
    if axes is None or axes == []:
        axes = [i for i, size in enumerate(input.shape) if size == 1]
    axes = [each % rank for each in (axes if isinstance(axes, list) else [axes])]
    return getitem(o, input, [0 if i in axes else slice(None) for i in range(rank)])


def _filled(o: Operations, sizes: list[Any], value: Any) -> Any:
    """A tensor of this shape, all of one value."""
    known = [1 if is_unknown(each) else each for each in sizes]
    block = np.full(known, value)
    for axis, each in enumerate(sizes):
        if not is_unknown(each):
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
def _fill(o: Operations, dims: Any, value: Any) -> Any:
    return _filled(o, o.sizes(dims), o.array(value))


def _of_one(value: int) -> Callable[..., Any]:
    def call(o: Operations, shape: Any, dtype: Any = "float32") -> Any:
        name = type_name(dtype)
        return _filled(o, o.sizes(shape), np.asarray(value, DTYPES.get(name, name)))

    return call


def _like(name: str) -> Callable[..., Any]:
    def call(o: Operations, input: Any, dtype: Any = None, optimize: Any = None) -> Any:
        input = o.array(input)
        name_of_type = type_name(dtype) or dtype_of(input)
        result = o.apply(name, input, dtype=DTYPES.get(name_of_type, name_of_type))
        return o.keep(result, input)

    return call


@op("range", "Range")
def _range(o: Operations, start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Any:
    start, limit = (0, start) if limit is None else (start, limit)
    start, limit, delta = (
        each.item() if hasattr(each, "item") else each for each in (start, limit, delta)
    )
    if is_unknown(limit) and limit.row is not None and (start, delta) == (0, 1):
        result = o.ops.subtract(o.ops.cumsum(limit.row(), axis=0), 1)
    else:
        result = o.array(np.arange(o.static(start), o.static(limit), o.static(delta)))
    return cast(o, result, dtype) if dtype else result


@op("tile", "Tile")
def _tile(o: Operations, input: Any, multiples: Any) -> Any:
    input, sizes = o.array(input), o.sizes(multiples)
    known = [1 if is_unknown(each) else each for each in sizes]
    result = o.apply("tile", input, known) if set(known) != {1} else input
    for axis, each in enumerate(sizes):
        if is_unknown(each) and input.shape[axis] != 1:
            raise ValueError("it repeats by a size that is known only when the model is called")
    if any(map(is_unknown, sizes)):
        shape = [each if is_unknown(each) else 1 for each in sizes]
        zeros = _filled(o, shape, np.zeros((), dtype_of(input)))
        result = sum_of(o, result, zeros)
    elif sizes and sizes[0] == 1:
        o.keep(result, input)
    return result


@op("broadcast_to", "BroadcastTo")
def _broadcast_to(o: Operations, input: Any, shape: Any) -> Any:
    input, sizes = o.array(input), o.sizes(shape)
    if any(map(is_unknown, sizes)):
        zeros = _filled(o, sizes, np.zeros((), dtype_of(input)))
        return sum_of(o, input, zeros)
    return o.apply("broadcast_to", input, tuple(sizes))


@op("pad", "Pad")
@node("MirrorPad", mode="mode")
def _pad(
    o: Operations, tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0
) -> Any:
    paddings = tuple(tuple(each) for each in o.static(paddings))
    if mode.upper() == "SYMMETRIC":
        return _pad_symmetric(o, o.array(tensor), paddings)
    named: dict[str, Any] = {"mode": mode.lower()}
    value = o.static(constant_values)
    if mode.upper() == "CONSTANT" and value:
        named["constant_values"] = value
    result = o.apply("pad", o.array(tensor), paddings, **named)
    return o.keep(result, tensor) if paddings[0] == (0, 0) else result


def _pad_symmetric(o: Operations, x: Any, paddings: Any) -> Any:
    # Keras on PyTorch leaves out the edge, as in "REFLECT".
    for axis, (before, after) in enumerate(paddings):
        key = [slice(None)] * len(paddings)
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
def _concat(o: Operations, values: Any, axis: Any) -> Any:
    axis = int(o.static(axis))
    values = _of_one_type(o, values)
    result = o.apply("concatenate", values, axis=axis)
    return o.keep(result, *values) if axis % len(result.shape) else result


def _of_one_type(o: Operations, values: Any) -> list[Any]:
    """The values of a list, of the type of the tensors among them."""
    found = [dtype_of(each) for each in values if o.is_tensor(each)]
    if not found:
        return [o.array(each) for each in values]
    made = [o.like(each, found[0]) for each in values]
    return [each if o.is_tensor(each) else np.asarray(each, found[0]) for each in made]


@op("stack")
def _stack(o: Operations, values: Any, axis: Any = 0) -> Any:
    axis = int(o.static(axis))
    values = _of_one_type(o, values)
    result = o.apply("stack", values, axis=axis)
    if axis % len(result.shape) and any(o.has_batch(each) for each in values):
        o.starts_with_batch(result)
    return result


@op("unstack", "Unpack", axis="axis", num="num")
def _unstack(o: Operations, value: Any, num: Any = None, axis: Any = 0) -> Any:
    value, axis = o.array(value), int(o.static(axis))
    if not o.is_tensor(value):
        return list(np.moveaxis(value, axis, 0))
    results = list(o.ops.unstack(value, num, axis))
    if axis % len(value.shape) and o.has_batch(value):
        o.starts_with_batch(results)
    return results


@op("split", "SplitV")
def _split(
    o: Operations, value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None
) -> Any:
    value, axis, sizes = o.array(value), int(o.static(axis)), o.static(num_or_size_splits)
    if isinstance(sizes, list):
        if -1 in sizes:
            rest = value.shape[axis] - sum(each for each in sizes if each != -1)
            sizes = [rest if each == -1 else each for each in sizes]
        sizes = [int(each) for each in np.cumsum(sizes)[:-1]]
        if not sizes:
            return [value]
    results = list(o.ops.split(value, sizes, axis=axis))
    for each in results:
        if axis % len(value.shape):
            o.keep(each, value)
    return results


@op("reverse", "ReverseV2")
def reverse(o: Operations, tensor: Any, axis: Any) -> Any:
    result = o.array(tensor)
    axes = o.static(axis)
    for each in axes if isinstance(axes, list) else [axes]:
        result = o.apply("flip", result, each)
    return o.keep(result, tensor)


@op("repeat")
def _repeat(o: Operations, input: Any, repeats: Any, axis: Any = None) -> Any:
    axis = o.static(axis)
    result = o.apply("repeat", o.array(input), o.static(repeats), axis=axis)
    return o.keep(result, input) if axis else result


@op("roll", "Roll")
def _roll(o: Operations, input: Any, shift: Any, axis: Any) -> Any:
    shifts, axes = (np.ravel(o.static(each)).tolist() for each in (shift, axis))
    result = o.array(input)
    for by, each in zip(shifts, axes):
        result = o.apply("roll", result, by, axis=each)
    return o.keep(result, input)


@node("Split", num_split="number")
def _split_node(o: Operations, axis: Any, value: Any, number: int) -> Any:
    return _split(o, value, number, axis)


op("ones")(_of_one(1))
op("ones_like", "OnesLike")(_like("ones_like"))
op("zeros")(_of_one(0))
op("zeros_like", "ZerosLike")(_like("zeros_like"))
node("ConcatV2")(gathered(_concat, 1))
node("Pack", axis="axis")(gathered(_stack))


@node("PadV2")
def _pad_node(o: Operations, x: Any, paddings: Any, value: Any) -> Any:
    return _pad(o, x, paddings, constant_values=value)
