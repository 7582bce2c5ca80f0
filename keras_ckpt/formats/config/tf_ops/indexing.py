"""Operations that take parts of a tensor: slices, gathering, one-hot."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_ckpt.formats.config.tf_ops.registration import TABLE, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    DTYPES,
    Operations,
    dtype_of,
    is_unknown,
    type_name,
)


@op("getitem")
def getitem(o: Operations, tensor: Any, slice_spec: Any) -> Any:
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
        elif is_unknown(each):
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


def _forwards(o: Operations, key: slice, x: Any, axis: int) -> tuple[slice, bool]:
    """A slice with a positive step, and whether the axis is to be reversed before.

    PyTorch has no other steps.
    """
    start, stop, step = (
        each.item() if isinstance(each, (np.ndarray, np.generic)) else each
        for each in (key.start, key.stop, key.step)
    )
    if is_unknown(stop) and stop.is_batch and axis == 0 and o.has_batch(x):
        stop = None
    if any(o.is_tensor(each) or is_unknown(each) for each in (start, stop, step)):
        raise ValueError("a slice ends at a size that is known only when the model is called")
    if step is None or step == 1:
        return slice(start or None, stop, None), False
    if step > 0:
        return slice(start, stop, step), False
    size = x.shape[axis]
    if size is None and (start is not None or stop is not None):
        raise ValueError("it goes backwards from a place that is known only when it is called")
    if size is not None:
        found = range(*slice(start, stop, step).indices(size))
        if not found:
            return slice(0, 0, None), False
        return slice(size - 1 - found[0], size - found[-1], -step), True
    return slice(None, None, -step if step != -1 else None), True


@op("slice", "Slice")
def _slice(o: Operations, input_: Any, begin: Any, size: Any) -> Any:
    begin, size = o.sizes(begin), o.sizes(size)
    key = [
        slice(start, None if not is_unknown(many) and many == -1 else start + many)
        for start, many in zip(begin, size)
    ]
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
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Any:
    begin, end = o.sizes(begin), o.sizes(end)
    steps = o.sizes(strides) if strides is not None else [1] * len(begin)
    key: list[Any] = []
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
    params: Any,
    indices: Any,
    axis: Any = None,
    batch_dims: Any = 0,
    validate_indices: Any = None,
) -> Any:
    params, indices = o.array(params), o.array(indices)
    batch_dims = int(o.static(batch_dims) or 0)
    axis = o.static(axis)
    axis = batch_dims if axis is None else int(axis)
    if not batch_dims:
        if not o.is_tensor(indices):
            # Keras writes down a list of indices, and no array.
            indices = np.asarray(o.static(indices), "int32")
        result = o.apply("take", params, indices, axis=axis)
        if o.has_batch(indices) and axis == 0 or o.has_batch(params) and axis != 0:
            o.starts_with_batch(result)
        return result
    rank = len(params.shape)
    axis %= rank
    if (
        batch_dims != len(indices.shape) - 1
        and batch_dims != len(indices.shape)
        or axis != batch_dims
    ):
        raise ValueError("tf.gather with these batch_dims is not known here")
    single = batch_dims == len(indices.shape)
    index = o.ops.expand_dims(indices, -1) if single else indices
    for _ in range(rank - axis - 1):
        index = o.ops.expand_dims(index, -1)
    result = o.ops.take_along_axis(params, o.cast(index, "int32"), axis=axis)
    if single:
        result = o.ops.squeeze(result, axis)
    return o.keep(result, params)


@op("one_hot", "OneHot", T="dtype", axis="axis")
def _one_hot(
    o: Operations,
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
) -> Any:
    indices = o.array(indices)
    name = type_name(dtype) or "float32"
    on, off = (o.static(each) for each in (on_value, off_value))
    axis = -1 if axis is None else int(axis)
    if not o.is_tensor(indices):
        raise ValueError("tf.one_hot of a constant is not known here")
    if dtype_of(indices) not in ("int32", "int64"):
        indices = o.cast(indices, "int32")
    result = o.ops.one_hot(indices, int(o.static(depth)), axis=axis, dtype=DTYPES.get(name, name))
    on, off = 1 if on is None else on, 0 if off is None else off
    if (on, off) != (1, 0):
        result = TABLE["add"](o, TABLE["multiply"](o, result, on - off), off)
    if o.has_batch(indices) and axis:
        o.starts_with_batch(result)
    return result
