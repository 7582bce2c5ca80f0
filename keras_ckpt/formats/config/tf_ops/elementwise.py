"""Operations on each element: arithmetic, comparisons, activations, types."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from keras_ckpt._typing import Tensor
from keras_ckpt.formats.config.tf_ops.registration import TABLE, Function, gathered, node, op
from keras_ckpt.formats.config.tf_ops.tensors import (
    DTYPES,
    Operations,
    Shape,
    dtype_of,
    static_shape,
    type_name,
)
from keras_ckpt.runtime import internals


def _unary(name: str, dtype: str | None = None) -> Function:
    def call(o: Operations, x: object) -> Tensor:
        operand = o.array(x)
        result = o.keep(o.apply(name, operand), operand)
        if not o.is_tensor(result) or dtype_of(operand) == "object":
            return result
        return o.cast(result, dtype or dtype_of(operand))

    return call


def pair(o: Operations, x: object, y: object) -> tuple[Tensor, Tensor, str | None]:
    """Returns two operands in the same type, and the type, which is None without a tensor."""
    x_is, y_is = o.any_tensor(x), o.any_tensor(y)
    if not x_is and not y_is:
        return o.array(x), o.array(y), None
    x, y = (o.array(x) if x_is else x), (o.array(y) if y_is else y)
    dtype = dtype_of(o.array(x if x_is else y))
    return o.like(x, dtype), o.like(y, dtype), dtype


def _binary(name: str, result_dtype: str | None = None) -> Function:
    def call(o: Operations, x: object, y: object) -> Tensor:
        x, y, dtype = pair(o, x, y)
        result = o.keep(o.apply(name, x, y), x, y)
        return o.cast(result, result_dtype or dtype) if dtype else result

    return call


@op("add", "Add", "AddV2")
def _add(o: Operations, x: object, y: object) -> Tensor:
    a, b, dtype = pair(o, x, y)
    return o.cast(sum_of(o, a, b), dtype) if dtype else np.asarray(np.add(a, b))


def sum_of(o: Operations, x: Tensor, y: Tensor) -> Tensor:
    """Returns the sum of two operands of one type.

    On TensorFlow, Keras takes a second operand for a bias if all its axes but one have the size 1,
    and adds it along the last or the second axis of the first operand, even if the one axis stands
    for another, say the batch.
    """
    x_shape, y_shape = static_shape(x), static_shape(y)
    if not x_shape or not y_shape or x_shape == y_shape or _is_bias(y_shape, x_shape):
        return o.keep(o.ops.add(x, y), x, y)
    if _is_bias(x_shape, y_shape):
        return o.keep(o.ops.add(y, x), x, y)
    return o.keep(o.ops.subtract(x, o.apply("negative", y)), x, y)


def _is_bias(shape: Shape, of: Shape) -> bool:
    return len(shape) <= len(of) and shape[-1] == of[-1] and set(shape[:-1]) <= {1}


@op("truediv", "RealDiv")
def _divide(o: Operations, x: object, y: object) -> Tensor:
    x, y, dtype = pair(o, x, y)
    if dtype and "int" in dtype:
        narrow = dtype in ("int8", "uint8", "int16", "uint16")
        x, y = (o.like(each, "float32" if narrow else "float64") for each in (x, y))
    return o.keep(o.apply("true_divide", x, y), x, y)


@op("atan2", "Atan2")
def _atan2(o: Operations, y: object, x: object) -> Tensor:
    return _binary("arctan2")(o, y, x)


@op("squared_difference", "SquaredDifference")
def _squared_difference(o: Operations, x: object, y: object) -> Tensor:
    return TABLE["square"](o, TABLE["subtract"](o, x, y))


@op("add_n")
def _add_n(o: Operations, inputs: Sequence[object]) -> Tensor:
    total = inputs[0]
    for each in inputs[1:]:
        total = TABLE["add"](o, total, each)
    return total


@op("clip_by_value")
def _clip_by_value(
    o: Operations, t: object, clip_value_min: object, clip_value_max: object
) -> Tensor:
    return TABLE["maximum"](o, TABLE["minimum"](o, t, clip_value_max), clip_value_min)


@op("where", "SelectV2")
def _where(o: Operations, condition: object, x: object = None, y: object = None) -> Tensor:
    if x is None or y is None:
        raise ValueError(
            "tf.where without values returns as many as are true, which Keras 3 cannot"
        )
    x, y, dtype = pair(o, x, y)
    if dtype is None:
        x, y = o.tensor(x), o.tensor(y)
    condition = o.array(condition)
    result = o.keep(o.apply("where", condition, x, y), condition, x, y)
    return o.cast(result, dtype) if dtype else result


@node("Select")
@op("compat.v1.where")
def _select(o: Operations, condition: object, x: object = None, y: object = None) -> Tensor:
    # In TensorFlow 1, `tf.where` took a condition for each row.
    rows = o.array(condition)
    rank = max(len(static_shape(each)) for each in (x, y))
    for _ in range(rank - 1 if len(rows.shape) == 1 else 0):
        rows = o.apply("expand_dims", rows, -1)
    return _where(o, rows, x, y)


@op("cast", "Cast", DstT="dtype")
def cast(o: Operations, x: object, dtype: object) -> Tensor:
    value = o.array(x)
    name = type_name(dtype)
    name = DTYPES.get(name, name)
    if not o.is_tensor(value) and value.dtype == object:
        if "int" in name:
            return value
        value = o.tensor(value)
    return o.cast(value, name)


@op("identity", "Identity")
def _identity(o: Operations, input: object) -> Tensor:
    return o.array(input)


@op("stop_gradient", "StopGradient")
def _stop_gradient(o: Operations, input: object) -> Tensor:
    input = o.array(input)
    if not o.is_tensor(input):
        return input
    try:
        result = o.ops.stop_gradient(input)
    except ValueError:
        # The first releases of Keras 3 do not make a node of it.
        result = internals.stop_gradient(input)
    return o.keep(result, input)


@op("leaky_relu", "LeakyRelu", alpha="alpha")
def _leaky_relu(o: Operations, features: object, alpha: float = 0.2) -> Tensor:
    features = o.array(features)
    return o.keep(o.apply("leaky_relu", features, negative_slope=alpha), features)


@op("gelu")
def _gelu(o: Operations, features: object, approximate: bool = False) -> Tensor:
    return o.keep(o.apply("gelu", features, approximate=bool(approximate)), features)


@op("silu")
def _silu(o: Operations, features: object, beta: object = 1.0) -> Tensor:
    if not o.is_tensor(beta) and float(o.static(beta)) == 1.0:
        return o.keep(o.apply("silu", features), features)
    gate = TABLE["sigmoid"](o, TABLE["multiply"](o, features, beta))
    return TABLE["multiply"](o, features, gate)


@op("crelu")
def _crelu(o: Operations, features: object, axis: int = -1) -> Tensor:
    both = [features, TABLE["negative"](o, features)]
    return TABLE["relu"](o, TABLE["concat"](o, both, axis))


def _over_axis(name: str) -> Function:
    def call(o: Operations, logits: object, axis: object = -1, dim: object = None) -> Tensor:
        axis = o.static(axis if dim is None else dim)
        return o.keep(o.apply(name, logits, axis=axis), logits)

    return call


op("is_finite", "IsFinite")(_unary("isfinite", "bool"))
op("is_inf", "IsInf")(_unary("isinf", "bool"))
op("is_nan", "IsNan")(_unary("isnan", "bool"))
op("log_softmax", "LogSoftmax")(_over_axis("log_softmax"))
op("softmax", "Softmax")(_over_axis("softmax"))

# Functions of TensorFlow, with the operation of Keras that computes each, and its kinds of nodes.
_UNARY = {
    "abs": ("abs", ["Abs"]),
    "acos": ("arccos", ["Acos"]),
    "acosh": ("arccosh", ["Acosh"]),
    "asin": ("arcsin", ["Asin"]),
    "asinh": ("arcsinh", ["Asinh"]),
    "atan": ("arctan", ["Atan"]),
    "atanh": ("arctanh", ["Atanh"]),
    "ceil": ("ceil", ["Ceil"]),
    "cos": ("cos", ["Cos"]),
    "cosh": ("cosh", ["Cosh"]),
    "elu": ("elu", ["Elu"]),
    "erf": ("erf", ["Erf"]),
    "erfinv": ("erfinv", ["Erfinv"]),
    "exp": ("exp", ["Exp"]),
    "expm1": ("expm1", ["Expm1"]),
    "floor": ("floor", ["Floor"]),
    "log": ("log", ["Log"]),
    "log1p": ("log1p", ["Log1p"]),
    "log_sigmoid": ("log_sigmoid", ["LogSigmoid"]),
    "logical_not": ("logical_not", ["LogicalNot"]),
    "negative": ("negative", ["Neg", "Negative"]),
    "reciprocal": ("reciprocal", ["Reciprocal"]),
    "relu": ("relu", ["Relu"]),
    "relu6": ("relu6", ["Relu6"]),
    "round": ("round", ["Round"]),
    "rsqrt": ("rsqrt", ["Rsqrt"]),
    "selu": ("selu", ["Selu"]),
    "sigmoid": ("sigmoid", ["Sigmoid"]),
    "sign": ("sign", ["Sign"]),
    "sin": ("sin", ["Sin"]),
    "sinh": ("sinh", ["Sinh"]),
    "softplus": ("softplus", ["Softplus"]),
    "softsign": ("softsign", ["Softsign"]),
    "sqrt": ("sqrt", ["Sqrt"]),
    "square": ("square", ["Square"]),
    "tan": ("tan", ["Tan"]),
    "tanh": ("tanh", ["Tanh"]),
}

_BINARY = {
    "divide_no_nan": ("divide_no_nan", ["DivNoNan", "DivideNoNan"]),
    "floordiv": ("floor_divide", ["FloorDiv", "Floordiv"]),
    "floormod": ("mod", ["FloorMod", "Floormod", "Mod"]),
    "maximum": ("maximum", ["Maximum"]),
    "minimum": ("minimum", ["Minimum"]),
    "multiply": ("multiply", ["Mul", "Multiply"]),
    "pow": ("power", ["Pow"]),
    "subtract": ("subtract", ["Sub", "Subtract"]),
}

_COMPARISONS = {
    "equal": ("equal", ["Equal"]),
    "greater": ("greater", ["Greater"]),
    "greater_equal": ("greater_equal", ["GreaterEqual"]),
    "less": ("less", ["Less"]),
    "less_equal": ("less_equal", ["LessEqual"]),
    "logical_and": ("logical_and", ["LogicalAnd"]),
    "logical_or": ("logical_or", ["LogicalOr"]),
    "logical_xor": ("logical_xor", ["LogicalXor"]),
    "not_equal": ("not_equal", ["NotEqual"]),
}
for _name, (_keras, _kinds) in _UNARY.items():
    op(_name, *_kinds)(_unary(_keras))
for _name, (_keras, _kinds) in _BINARY.items():
    op(_name, *_kinds)(_binary(_keras))
for _name, (_keras, _kinds) in _COMPARISONS.items():
    op(_name, *_kinds)(_binary(_keras, "bool"))
node("AddN")(gathered(_add_n))
