"""Operations that take parts of a tensor: slices, gathering, one-hot."""

from __future__ import annotations

import numpy as np

from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.registration import TABLE, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    DTYPES,
    Operations,
    Size,
    any_unknown,
    dtype_of,
    type_name,
)


@op("getitem")
def getitem(o: Operations, tensor: object, slice_spec: object) -> Tensor:
    x = o.array(tensor)
    key = list(slice_spec) if isinstance(slice_spec, (list, tuple)) else [slice_spec]
    key = [each.item() if isinstance(each, (np.ndarray, np.generic)) else each for each in key]
    if any(isinstance(each, list) for each in key) or o.any_tensor(key):
        raise ValueError("an index is computed when the model is called")
    rank = len(x.shape)
    taken = sum(1 for each in key if each is not None and each is not Ellipsis)
    rest = [slice(None)] * (rank - taken)
    at = key.index(Ellipsis) if Ellipsis in key else len(key)
    key = key[:at] + rest + key[at + 1 :]
    if not o.is_tensor(x):
        return x[tuple(key)]
    starts_with_batch = o.has_batch(x) and key[0] == slice(None)
    backwards = []
    axis = 0
    for number, each in enumerate(key):
        if each is None:
            continue
        if isinstance(each, slice):
            key[number], flips = _forwards(o, each, x, axis)
            starts_with_batch = starts_with_batch or (
                number == 0 and o.has_batch(x) and key[0] == slice(None)
            )
            if flips:
                backwards.append(axis)
        elif isinstance(each, Size):
            raise ValueError("an index is computed when the model is called")
        axis += 1
    for each in backwards:
        x = o.ops.flip(x, each)
    if any(each != slice(None) for each in key):
        while key[-1] == slice(None):
            key.pop()
        x = x[tuple(key)]
    if starts_with_batch:
        o.starts_with_batch(x)
    return x


def _forwards(o: Operations, key: slice, x: Tensor, axis: int) -> tuple[slice, bool]:
    """Returns a slice with a positive step, and whether the axis is to be reversed before.

    PyTorch has no negative steps.
    """
    start, stop, step = (
        each.item() if isinstance(each, (np.ndarray, np.generic)) else each
        for each in (key.start, key.stop, key.step)
    )
    if isinstance(stop, Size) and stop.is_batch and axis == 0 and o.has_batch(x):
        stop = None
    if o.any_tensor(start, stop, step) or any_unknown(start, stop, step):
        raise ValueError("a slice ends at a size that is known only when the model is called")
    if step is None or step == 1:
        return slice(start or None, stop, None), False
    if step > 0:
        return slice(start, stop, step), False
    size = x.shape[axis]
    if size is None and (start is not None or stop is not None):
        raise ValueError(
            "a slice goes backwards from a place that is known only when the model is called"
        )
    if size is not None:
        found = range(*slice(start, stop, step).indices(size))
        if not found:
            return slice(0, 0, None), False
        return slice(size - 1 - found[0], size - found[-1], -step), True
    return slice(None, None, -step if step != -1 else None), True


@op("slice", "Slice")
def _slice(o: Operations, input_: object, begin: object, size: object) -> Tensor:
    begin, size = o.sizes(begin), o.sizes(size)
    key = [slice(start, None if many == -1 else start + many) for start, many in zip(begin, size)]
    return getitem(o, input_, key)


@op(
    "strided_slice",
    "StridedSlice",
    begin_mask="begin_mask",
    ellipsis_mask="ellipsis_mask",
    end_mask="end_mask",
    new_axis_mask="new_axis_mask",
    shrink_axis_mask="shrink_axis_mask",
)
def _strided_slice(
    o: Operations,
    input_: object,
    begin: object,
    end: object,
    strides: object = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Tensor:
    begin, end = o.sizes(begin), o.sizes(end)
    steps = o.sizes(strides) if strides is not None else [1] * len(begin)
    key: list[object] = []
    for i, (start, stop, step) in enumerate(zip(begin, end, steps)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(start)
        else:
            key.append(
                slice(None if begin_mask & bit else start, None if end_mask & bit else stop, step)
            )
    return getitem(o, input_, key)


@op("gather", "GatherV2", batch_dims="batch_dims")
def _gather(
    o: Operations,
    params: object,
    indices: object,
    axis: object = None,
    batch_dims: object = 0,
    validate_indices: object = None,
) -> Tensor:
    x, index = o.array(params), o.array(indices)
    number = int(o.static(batch_dims) or 0)
    at = o.static(axis)
    at = number if at is None else int(at)
    if number:
        return _gather_in_batches(o, x, index, at % len(x.shape), number)
    if not o.is_tensor(index):
        # Keras can describe a list of indices, but no array.
        index = np.asarray(o.static(index), "int32")
    result = o.apply("take", x, index, axis=at)
    if o.has_batch(index) and at == 0 or o.has_batch(x) and at != 0:
        o.starts_with_batch(result)
    return result


def _gather_in_batches(
    o: Operations, x: Tensor, index: Tensor, axis: int, batch_dims: int
) -> Tensor:
    rank = len(index.shape)
    if batch_dims not in (rank - 1, rank) or axis != batch_dims:
        raise ValueError("tf.gather with these batch_dims is not supported")
    is_single = batch_dims == rank
    if is_single:
        index = o.ops.expand_dims(index, -1)
    for _ in range(len(x.shape) - axis - 1):
        index = o.ops.expand_dims(index, -1)
    result = o.ops.take_along_axis(x, o.cast(index, "int32"), axis=axis)
    if is_single:
        result = o.ops.squeeze(result, axis)
    return o.keep(result, x)


@op("one_hot", "OneHot", T="dtype", axis="axis")
def _one_hot(
    o: Operations,
    indices: object,
    depth: object,
    on_value: object = None,
    off_value: object = None,
    axis: object = None,
    dtype: object = None,
) -> Tensor:
    x = o.array(indices)
    name = type_name(dtype) or "float32"
    on, off = (o.static(each) for each in (on_value, off_value))
    at = -1 if axis is None else int(o.static(axis))
    if not o.is_tensor(x):
        raise ValueError("tf.one_hot of a constant is not supported")
    if dtype_of(x) not in ("int32", "int64"):
        x = o.cast(x, "int32")
    result = o.ops.one_hot(x, int(o.static(depth)), axis=at, dtype=DTYPES.get(name, name))
    on, off = 1 if on is None else on, 0 if off is None else off
    if (on, off) != (1, 0):
        result = TABLE["add"](o, TABLE["multiply"](o, result, on - off), off)
    if o.has_batch(x) and at:
        o.starts_with_batch(result)
    return result
