"""Operations on each element: arithmetic, comparisons, activations, types."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from keras_ckpt.formats.config.tf_ops.registration import TABLE, gathered, node, op
from keras_ckpt.formats.config.tf_ops.tensors import DTYPES, Operations, dtype_of, type_name
from keras_ckpt.runtime import internals


def _unary(name: str, dtype: str | None = None) -> Callable[..., Any]:
    def call(o: Operations, x: Any) -> Any:
        x = o.array(x)
        result = o.keep(o.apply(name, x), x)
        if not o.is_tensor(result) or dtype_of(x) == "object":
            return result
        return o.cast(result, dtype or dtype_of(x))

    return call


def pair(o: Operations, x: Any, y: Any) -> tuple[Any, Any, str | None]:
    """Two operands of the same type, and the type if one of them is a tensor."""
    x_is, y_is = o.any_tensor(x), o.any_tensor(y)
    x, y = (o.array(x) if x_is else x), (o.array(y) if y_is else y)
    if not x_is and not y_is:
        return o.array(x), o.array(y), None
    dtype = dtype_of(x if x_is else y)
    return o.like(x, dtype), o.like(y, dtype), dtype


def _binary(name: str, result_dtype: str | None = None) -> Callable[..., Any]:
    def call(o: Operations, x: Any, y: Any) -> Any:
        x, y, dtype = pair(o, x, y)
        result = o.keep(o.apply(name, x, y), x, y)
        return o.cast(result, result_dtype or dtype) if dtype else result

    return call


@op("add", "Add", "AddV2")
def _add(o: Operations, x: Any, y: Any) -> Any:
    x, y, dtype = pair(o, x, y)
    return o.cast(sum_of(o, x, y), dtype) if dtype else np.asarray(np.add(x, y))


def sum_of(o: Operations, x: Any, y: Any) -> Any:
    """The sum of two operands of one type.

    On TensorFlow, Keras takes a second operand that has one axis alone for a bias, and adds it
    along the last or the second axis of the first even if it stands for another, say the batch.
    """
    x_shape, y_shape = tuple(np.shape(x)), tuple(np.shape(y))
    if not x_shape or not y_shape or x_shape == y_shape or _is_bias(y_shape, x_shape):
        return o.keep(o.ops.add(x, y), x, y)
    if _is_bias(x_shape, y_shape):
        return o.keep(o.ops.add(y, x), x, y)
    return o.keep(o.ops.subtract(x, o.apply("negative", y)), x, y)


def _is_bias(shape: tuple[Any, ...], of: tuple[Any, ...]) -> bool:
    return len(shape) <= len(of) and shape[-1] == of[-1] and set(shape[:-1]) <= {1}


@op("truediv", "RealDiv")
def _divide(o: Operations, x: Any, y: Any) -> Any:
    x, y, dtype = pair(o, x, y)
    if dtype and "int" in dtype:
        narrow = dtype in ("int8", "uint8", "int16", "uint16")
        x, y = (o.like(each, "float32" if narrow else "float64") for each in (x, y))
    return o.keep(o.apply("true_divide", x, y), x, y)


@op("atan2", "Atan2")
def _atan2(o: Operations, y: Any, x: Any) -> Any:
    return _binary("arctan2")(o, y, x)


@op("squared_difference", "SquaredDifference")
def _squared_difference(o: Operations, x: Any, y: Any) -> Any:
    return TABLE["square"](o, TABLE["subtract"](o, x, y))


@op("add_n")
def _add_n(o: Operations, inputs: Any) -> Any:
    total = inputs[0]
    for each in inputs[1:]:
        total = TABLE["add"](o, total, each)
    return total


@op("clip_by_value")
def _clip_by_value(o: Operations, t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    return TABLE["maximum"](o, TABLE["minimum"](o, t, clip_value_max), clip_value_min)


@op("where", "SelectV2")
def _where(o: Operations, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None or y is None:
        raise ValueError("tf.where without values gives as many as there are, which no Keras 3 has")
    x, y, dtype = pair(o, x, y)
    if dtype is None:
        x, y = o.tensor(x), o.tensor(y)
    condition = o.array(condition)
    result = o.keep(o.apply("where", condition, x, y), condition, x, y)
    return o.cast(result, dtype) if dtype else result


@node("Select")
@op("compat.v1.where")
def _select(o: Operations, condition: Any, x: Any = None, y: Any = None) -> Any:
    # The first `tf.where` took a condition for each row.
    condition = o.array(condition)
    rank = max(len(np.shape(each)) for each in (x, y))
    for _ in range(rank - 1 if len(condition.shape) == 1 else 0):
        condition = o.apply("expand_dims", condition, -1)
    return _where(o, condition, x, y)


@op("cast", "Cast", DstT="dtype")
def cast(o: Operations, x: Any, dtype: Any) -> Any:
    x = o.array(x)
    dtype = type_name(dtype)
    dtype = DTYPES.get(dtype, dtype)
    if not o.is_tensor(x) and x.dtype == object:
        if "int" in dtype:
            return x
        x = o.tensor(x)
    return o.cast(x, dtype)


@op("identity", "Identity")
def _identity(o: Operations, input: Any) -> Any:
    return o.array(input)


@op("stop_gradient", "StopGradient")
def _stop_gradient(o: Operations, input: Any) -> Any:
    input = o.array(input)
    if not o.is_tensor(input):
        return input
    try:
        result = o.ops.stop_gradient(input)
    except ValueError:
        # The first releases of Keras 3 have the operation, but do not make a node of it.
        result = internals.stop_gradient(input)
    return o.keep(result, input)


@op("leaky_relu", "LeakyRelu", alpha="alpha")
def _leaky_relu(o: Operations, features: Any, alpha: float = 0.2) -> Any:
    features = o.array(features)
    return o.keep(o.apply("leaky_relu", features, negative_slope=alpha), features)


@op("gelu")
def _gelu(o: Operations, features: Any, approximate: bool = False) -> Any:
    return o.keep(o.apply("gelu", features, approximate=bool(approximate)), features)


@op("silu")
def _silu(o: Operations, features: Any, beta: Any = 1.0) -> Any:
    if not o.is_tensor(beta) and float(beta) == 1.0:
        return o.keep(o.apply("silu", features), features)
    gate = TABLE["sigmoid"](o, TABLE["multiply"](o, features, beta))
    return TABLE["multiply"](o, features, gate)


@op("crelu")
def _crelu(o: Operations, features: Any, axis: int = -1) -> Any:
    both = [features, TABLE["negative"](o, features)]
    return TABLE["relu"](o, TABLE["concat"](o, both, axis))


def _over_axis(name: str) -> Callable[..., Any]:
    def call(o: Operations, logits: Any, axis: Any = -1, dim: Any = None) -> Any:
        axis = o.static(axis if dim is None else dim)
        return o.keep(o.apply(name, logits, axis=axis), logits)

    return call


op("is_finite", "IsFinite")(_unary("isfinite", "bool"))
op("is_inf", "IsInf")(_unary("isinf", "bool"))
op("is_nan", "IsNan")(_unary("isnan", "bool"))
op("log_softmax", "LogSoftmax")(_over_axis("log_softmax"))
op("softmax", "Softmax")(_over_axis("softmax"))

# The functions of TensorFlow: the operation of Keras that computes each, and its kinds of nodes.
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
