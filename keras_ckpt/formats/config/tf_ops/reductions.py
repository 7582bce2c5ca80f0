"""Operations along axes: sums, norms, sorting."""

from __future__ import annotations

from typing import Any, Callable

from keras_ckpt.formats.config.tf_ops.elementwise import cast
from keras_ckpt.formats.config.tf_ops.registration import TABLE, op
from keras_ckpt.formats.config.tf_ops.tensors import Operations, dtype_of


def _axes(o: Operations, axis: Any) -> tuple[int, ...] | None:
    """Axes as Keras takes them; None for all."""
    axis = o.static(axis)
    if axis is None:
        return None
    return tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)


def is_over_batch(axis: Any, rank: int) -> bool:
    axes = range(rank) if axis is None else axis
    return any(each % rank == 0 for each in axes) if rank else True


def _reduction(name: str, dtype: str | None = None) -> Callable[..., Any]:
    def call(
        o: Operations,
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = False,
        reduction_indices: Any = None,
        keep_dims: Any = False,
    ) -> Any:
        x = o.array(input_tensor)
        axis = _axes(o, axis if reduction_indices is None else reduction_indices)
        if axis == ():
            return x
        keepdims = bool(keepdims or keep_dims)
        result = o.apply(name, x, axis=axis, keepdims=keepdims)
        if not o.is_tensor(x):
            return result
        if not is_over_batch(axis, len(x.shape)) and o.has_batch(x):
            o.starts_with_batch(result)
        return o.cast(result, dtype or dtype_of(x))

    return call


def _arg(name: str) -> Callable[..., Any]:
    def call(
        o: Operations,
        input: Any,
        axis: Any = None,
        output_type: Any = "int64",
        dimension: Any = None,
    ) -> Any:
        axis = o.static(axis if dimension is None else dimension) or 0
        result = o.apply(name, o.array(input), axis=axis)
        if axis % len(input.shape) and o.has_batch(input):
            o.starts_with_batch(result)
        return cast(o, result, output_type)

    return call


@op("cumsum", "Cumsum", exclusive="exclusive", reverse="reverse")
def _cumsum(
    o: Operations, x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False
) -> Any:
    x, axis = o.array(x), o.static(axis)
    start = o.apply("flip", x, axis) if reverse else x
    result = o.apply("cumsum", start, axis=axis)
    if exclusive:
        result = o.apply("subtract", result, start)
    return o.keep(o.apply("flip", result, axis) if reverse else result, x)


@op("norm")
def _norm(
    o: Operations, tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = False
) -> Any:
    axis, keepdims = _axes(o, axis), bool(keepdims)
    if ord in (1, 1.0):
        return TABLE["reduce_sum"](o, TABLE["abs"](o, tensor), axis, keepdims)
    if ord == "euclidean" or (ord in (2, 2.0) and len(axis or ()) == 1):
        total = TABLE["reduce_sum"](o, TABLE["square"](o, tensor), axis, keepdims)
        return TABLE["sqrt"](o, total)
    raise ValueError("tf.norm with ord=%r is not known here" % ord)


@op("l2_normalize")
def _l2_normalize(
    o: Operations, x: Any, axis: Any = None, epsilon: float = 1e-12, dim: Any = None
) -> Any:
    axis = axis if dim is None else dim
    total = TABLE["reduce_sum"](o, TABLE["square"](o, x), axis, True)
    return TABLE["multiply"](o, x, TABLE["rsqrt"](o, TABLE["maximum"](o, total, epsilon)))


@op("moments")
def _moments(o: Operations, x: Any, axes: Any, shift: Any = None, keepdims: bool = False) -> Any:
    return [
        TABLE["reduce_mean"](o, x, axes, keepdims),
        TABLE["reduce_variance"](o, x, axes, keepdims),
    ]


@op("count_nonzero")
def _count_nonzero(
    o: Operations, input: Any, axis: Any = None, keepdims: Any = False, dtype: Any = "int64"
) -> Any:
    nonzero = input if dtype_of(input) == "bool" else TABLE["not_equal"](o, input, 0)
    return TABLE["reduce_sum"](o, cast(o, nonzero, dtype), axis, keepdims)


@op("top_k", "TopKV2", sorted="sorted")
def _top_k(o: Operations, input: Any, k: Any = 1, sorted: bool = True) -> Any:
    found = o.ops.top_k(o.array(input), int(o.static(k)), sorted=bool(sorted))
    return [found[0], found[1]]


@op("sort")
def _sort(o: Operations, values: Any, axis: Any = -1, direction: str = "ASCENDING") -> Any:
    axis = o.static(axis)
    result = o.apply("sort", values, axis=axis)
    return o.keep(o.apply("flip", result, axis) if direction != "ASCENDING" else result, values)


@op("argsort")
def _argsort(
    o: Operations, values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: Any = False
) -> Any:
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
