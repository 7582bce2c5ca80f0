"""Products of matrices and tensors."""

from __future__ import annotations

from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.elementwise import pair
from keras_ckpt.formats.config.tf_ops.reductions import is_over_batch
from keras_ckpt.formats.config.tf_ops.registration import TABLE, node, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    Operations,
)


@op("matmul", "MatMul", transpose_a="transpose_a", transpose_b="transpose_b")
@node("BatchMatMul", adj_x="adjoint_a", adj_y="adjoint_b")
@node("BatchMatMulV2", adj_x="adjoint_a", adj_y="adjoint_b")
@node("BatchMatMulV3", adj_x="adjoint_a", adj_y="adjoint_b")
def _matmul(
    o: Operations,
    a: object,
    b: object,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: object = None,
) -> Tensor:
    x, y, _ = pair(o, a, b)
    x = o.apply("swapaxes", x, -1, -2) if transpose_a or adjoint_a else x
    y = o.apply("swapaxes", y, -1, -2) if transpose_b or adjoint_b else y
    result = o.apply("matmul", x, y)
    return o.keep(result, x, y) if len(result.shape) > 2 or not transpose_a else result


@op("tensordot")
def _tensordot(o: Operations, a: object, b: object, axes: object) -> Tensor:
    x, y, _ = pair(o, a, b)
    summed = o.static(axes)
    result = o.apply("tensordot", x, y, axes=summed)
    first = summed if isinstance(summed, int) else summed[0]
    rank = len(x.shape)
    over = [rank - 1 - i for i in range(first)] if isinstance(first, int) else first
    if o.has_batch(x) and not is_over_batch(tuple(over), rank):
        o.starts_with_batch(result)
    return result


@op("einsum")
def _einsum(o: Operations, equation: object, *inputs: object) -> Tensor:
    if not inputs:
        raise ValueError(
            f"Keras 2 did not write down what tf.einsum({equation!r}, ...) is called on"
        )
    return o.apply("einsum", equation, *inputs)


@op("bias_add", "BiasAdd", data_format="data_format")
def _bias_add(o: Operations, value: Tensor, bias: object, data_format: object = None) -> Tensor:
    if str(data_format or "").startswith("NC"):
        bias = o.apply("reshape", o.array(bias), (-1,) + (1,) * (len(value.shape) - 2))
    return TABLE["add"](o, value, bias)


@node("Einsum", equation="equation")
def _einsum_node(o: Operations, *inputs: object, equation: str) -> Tensor:
    return _einsum(o, equation, *inputs)
