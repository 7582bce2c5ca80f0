"""Products of matrices and tensors."""

from __future__ import annotations

from typing import Any

from keras_ckpt.formats.config.tf_ops.elementwise import pair
from keras_ckpt.formats.config.tf_ops.reductions import is_over_batch
from keras_ckpt.formats.config.tf_ops.registration import TABLE, node, op
from keras_ckpt.formats.config.tf_ops.tensors import Operations


@op("matmul", "MatMul", transpose_a="transpose_a", transpose_b="transpose_b")
@node("BatchMatMul", adj_x="adjoint_a", adj_y="adjoint_b")
@node("BatchMatMulV2", adj_x="adjoint_a", adj_y="adjoint_b")
@node("BatchMatMulV3", adj_x="adjoint_a", adj_y="adjoint_b")
def _matmul(
    o: Operations,
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
) -> Any:
    a, b, _ = pair(o, a, b)
    a = o.apply("swapaxes", a, -1, -2) if transpose_a or adjoint_a else a
    b = o.apply("swapaxes", b, -1, -2) if transpose_b or adjoint_b else b
    result = o.apply("matmul", a, b)
    return o.keep(result, a, b) if len(result.shape) > 2 or not transpose_a else result


@op("tensordot")
def _tensordot(o: Operations, a: Any, b: Any, axes: Any) -> Any:
    a, b, _ = pair(o, a, b)
    axes = o.static(axes)
    result = o.apply("tensordot", a, b, axes=axes)
    first = axes if isinstance(axes, int) else axes[0]
    rank = len(a.shape)
    over = [rank - 1 - i for i in range(first)] if isinstance(first, int) else first
    if o.has_batch(a) and not is_over_batch(tuple(over), rank):
        o.starts_with_batch(result)
    return result


@op("einsum")
def _einsum(o: Operations, equation: Any, *inputs: Any) -> Any:
    if not inputs:
        raise ValueError(
            "Keras 2 did not write down what tf.einsum(%r, ...) is called on" % equation
        )
    return o.apply("einsum", equation, *inputs)


@op("bias_add", "BiasAdd", data_format="data_format")
def _bias_add(o: Operations, value: Any, bias: Any, data_format: Any = None) -> Any:
    if str(data_format or "").startswith("NC"):
        bias = o.apply("reshape", o.array(bias), (-1,) + (1,) * (len(value.shape) - 2))
    return TABLE["add"](o, value, bias)


@node("Einsum", equation="equation")
def _einsum_node(o: Operations, *inputs: Any, equation: str) -> Any:
    return _einsum(o, equation, *inputs)
