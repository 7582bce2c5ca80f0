"""Operations along axes: sums, norms, sorting."""

from __future__ import annotations

from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.elementwise import cast
from keras_ckpt.formats.config.tf_ops.registration import TABLE, Function, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    Operations,
    dtype_of,
)


def _axes(o: Operations, axis: object) -> tuple[int, ...] | None:
    """Returns axes as Keras takes them, None for all of them."""
    axes = o.static(axis)
    if axes is None:
        return None
    return tuple(axes) if isinstance(axes, (list, tuple)) else (axes,)


def is_over_batch(axis: tuple[int, ...] | None, rank: int) -> bool:
    """Returns whether the first axis is among the axes; None stands for all of them."""
    axes = range(rank) if axis is None else axis
    return any(each % rank == 0 for each in axes) if rank else True


def _reduction(name: str, dtype: str | None = None) -> Function:
    def call(
        o: Operations,
        input_tensor: object,
        axis: object = None,
        keepdims: object = False,
        reduction_indices: object = None,
        keep_dims: object = False,
    ) -> Tensor:
        x = o.array(input_tensor)
        axes = _axes(o, axis if reduction_indices is None else reduction_indices)
        if axes == ():
            return x
        result = o.apply(name, x, axis=axes, keepdims=bool(keepdims or keep_dims))
        if not o.is_tensor(x):
            return result
        if not is_over_batch(axes, len(x.shape)) and o.has_batch(x):
            o.starts_with_batch(result)
        return o.cast(result, dtype or dtype_of(x))

    return call


def _arg(name: str) -> Function:
    def call(
        o: Operations,
        input: object,
        axis: object = None,
        output_type: object = "int64",
        dimension: object = None,
    ) -> Tensor:
        x = o.array(input)
        at = o.static(axis if dimension is None else dimension) or 0
        result = o.apply(name, x, axis=at)
        if at % len(x.shape) and o.has_batch(x):
            o.starts_with_batch(result)
        return cast(o, result, output_type)

    return call


@op("cumsum", "Cumsum", exclusive="exclusive", reverse="reverse")
def _cumsum(
    o: Operations, x: object, axis: object = 0, exclusive: bool = False, reverse: bool = False
) -> Tensor:
    value, at = o.array(x), o.static(axis)
    start = o.apply("flip", value, at) if reverse else value
    result = o.apply("cumsum", start, axis=at)
    if exclusive:
        result = o.apply("subtract", result, start)
    return o.keep(o.apply("flip", result, at) if reverse else result, value)


@op("norm")
def _norm(
    o: Operations,
    tensor: object,
    ord: object = "euclidean",
    axis: object = None,
    keepdims: object = False,
) -> Tensor:
    axes = _axes(o, axis)
    if ord in (1, 1.0):
        return TABLE["reduce_sum"](o, TABLE["abs"](o, tensor), axes, keepdims)
    if ord == "euclidean" or (ord in (2, 2.0) and len(axes or ()) == 1):
        total = TABLE["reduce_sum"](o, TABLE["square"](o, tensor), axes, keepdims)
        return TABLE["sqrt"](o, total)
    raise ValueError(f"tf.norm with ord={ord!r} is not supported")


@op("l2_normalize")
def _l2_normalize(
    o: Operations, x: object, axis: object = None, epsilon: float = 1e-12, dim: object = None
) -> Tensor:
    axis = axis if dim is None else dim
    total = TABLE["reduce_sum"](o, TABLE["square"](o, x), axis, True)
    return TABLE["multiply"](o, x, TABLE["rsqrt"](o, TABLE["maximum"](o, total, epsilon)))


@op("moments")
def _moments(
    o: Operations, x: object, axes: object, shift: object = None, keepdims: bool = False
) -> list[Tensor]:
    return [
        TABLE["reduce_mean"](o, x, axes, keepdims),
        TABLE["reduce_variance"](o, x, axes, keepdims),
    ]


@op("count_nonzero")
def _count_nonzero(
    o: Operations,
    input: object,
    axis: object = None,
    keepdims: object = False,
    dtype: object = "int64",
) -> Tensor:
    x = o.array(input)
    nonzero = x if dtype_of(x) == "bool" else TABLE["not_equal"](o, x, 0)
    return TABLE["reduce_sum"](o, cast(o, nonzero, dtype), axis, keepdims)


@op("top_k", "TopKV2", sorted="sorted")
def _top_k(o: Operations, input: object, k: object = 1, sorted: bool = True) -> list[Tensor]:
    found = o.ops.top_k(o.array(input), int(o.static(k)), sorted=bool(sorted))
    return [found[0], found[1]]


@op("sort")
def _sort(o: Operations, values: object, axis: object = -1, direction: str = "ASCENDING") -> Tensor:
    axis = o.static(axis)
    result = o.apply("sort", values, axis=axis)
    return o.keep(o.apply("flip", result, axis) if direction != "ASCENDING" else result, values)


@op("argsort")
def _argsort(
    o: Operations,
    values: object,
    axis: object = -1,
    direction: str = "ASCENDING",
    stable: object = False,
) -> Tensor:
    values = values if direction == "ASCENDING" else TABLE["negative"](o, values)
    return o.cast(o.apply("argsort", values, axis=o.static(axis)), "int32")


op("argmax", "ArgMax", output_type="output_type")(_arg("argmax"))
op("argmin", "ArgMin", output_type="output_type")(_arg("argmin"))
op("reduce_all", "All", keep_dims="keepdims")(_reduction("all", "bool"))
op("reduce_any", "Any", keep_dims="keepdims")(_reduction("any", "bool"))
_REDUCTIONS = {
    "reduce_logsumexp": ("logsumexp", []),
    "reduce_max": ("max", ["Max"]),
    "reduce_mean": ("mean", ["Mean"]),
    "reduce_min": ("min", ["Min"]),
    "reduce_prod": ("prod", ["Prod"]),
    "reduce_std": ("std", []),
    "reduce_sum": ("sum", ["Sum"]),
    "reduce_variance": ("var", []),
}
for _name, (_keras, _kinds) in _REDUCTIONS.items():
    op(_name, *_kinds, keep_dims="keepdims")(_reduction(_keras))
