"""TensorFlow's operations in functional models of Keras 2, by the operations of Keras 3.

Keras 2 wrote `x * 2.0` and `tf.reshape(x, (-1, 8))` as layers: `TensorFlowOpLayer` with a node of
TensorFlow's graph up to TF 2.3, `TFOpLambda` with the name of a function from 2.4 on. Here they
become calls of `keras.ops`, which Keras 3 has as nodes of its own in the graph of a model. Only
what is in the tables below is called; no name in a file is ever looked up anywhere else.
"""

from __future__ import annotations

import base64
import importlib
import json
import re
from typing import Any, Callable, Iterable, Iterator

import numpy as np

#: The layers that hold operations.
CLASSES = frozenset(["TensorFlowOpLayer", "TFOpLambda", "SlicingOpLambda"])
# Those that call a method or read an attribute of a tensor of a kind that Keras 3 does not have.
_OF_OBJECTS = frozenset(["ClassMethod", "InstanceMethod", "InstanceProperty"])


def is_operation(config: dict[str, Any]) -> bool:
    """Returns whether a layer is described that holds an operation of TensorFlow.

    Raises:
        ValueError: if it holds one of a kind that no Keras 3 has.
    """
    if config["class_name"] in _OF_OBJECTS:
        settings = config["config"]
        what = [settings[key] for key in sorted(settings) if key in ("cls_ref", "cls_symbol")]
        what += [settings[key] for key in ("method_name", "attr_name") if key in settings]
        raise ValueError(
            "its layer %r holds %s of TensorFlow, which is not known here"
            % (settings.get("name"), ".".join(map(str, what)) or config["class_name"])
        )
    return config["class_name"] in CLASSES


class Size:
    """The size of an axis that is known only once the model is called.

    Args:
        make: returns it as a tensor of Keras.
        row: returns a tensor of ones that has only this axis, if there is one.
        is_batch: whether it is the size of the batch.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        row: Callable[[], Any] | None = None,
        is_batch: bool = False,
    ) -> None:
        self.make = make
        self.row = row
        self.is_batch = is_batch

    def _with(self, other: Any, compute: Callable[[Any, Any], Any]) -> Size:
        def make() -> Any:
            return compute(self.make(), other.make() if isinstance(other, Size) else int(other))

        return Size(make)

    def __add__(self, other: Any) -> Size:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Size:
        if not isinstance(other, Size) and other == 1:
            return self
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Size:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Size:
        return self._with(other, lambda a, b: b - a)

    def __floordiv__(self, other: Any) -> Size:
        return self._with(other, lambda a, b: a // b)

    def __mod__(self, other: Any) -> Size:
        return self._with(other, lambda a, b: a % b)


def _is_unknown(value: Any) -> bool:
    return isinstance(value, Size)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            for leaf in _flat(each):
                yield leaf
    elif isinstance(value, np.ndarray) and value.dtype == object:
        for leaf in value.ravel():
            yield leaf
    else:
        yield value


def _as_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _map(function, each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map(function, each) for each in value]
    return function(value)


def constant(value: Any) -> Any:
    """Returns a constant as it was before it was written down: slices, arrays, ellipses."""
    if isinstance(value, list):
        return [constant(each) for each in value]
    if not isinstance(value, dict):
        return value
    name = value.get("class_name")
    if name == "__tuple__" or name == "TensorShape":
        return [constant(each) for each in value["items"]]
    if name == "__ellipsis__":
        return Ellipsis
    if name in ("__numpy__", "__tensor__"):
        return np.asarray(value["config"]["value"], value["config"]["dtype"])
    if set(value) == {"start", "stop", "step"}:
        return slice(*(constant(value[key]) for key in ("start", "stop", "step")))
    if name is not None:
        raise ValueError("an argument is a %s, which is not read" % name)
    return {key: constant(each) for key, each in value.items()}


class Operations:
    """Makes the calls of operations in a functional model.

    Args:
        keras: the running Keras 3.
        names: those of the layers of the model, which its operations must not take.
        as_one: whether an operation of TensorFlow that takes several of Keras's becomes a model
            inside the model, so that it counts as one when layers are put in order.
    """

    def __init__(self, keras: Any, names: Iterable[str], as_one: bool = False) -> None:
        self.keras = keras
        self.ops = keras.ops
        self._names = set(names)
        self._called: set[str] = set()
        self._as_one = as_one
        self._seen: dict[int, Any] = {}
        self._with_batch: dict[int, Any] = {}

    # ------------------------------------------------ values

    def is_tensor(self, value: Any) -> bool:
        """Whether it is a tensor, and nothing that is known before the model is called."""
        return isinstance(value, self.keras.KerasTensor)

    def any_tensor(self, *values: Any) -> bool:
        """Whether there is a tensor in the values."""
        return any(self.is_tensor(each) for each in _flat(values))

    def keep(self, result: Any, *sources: Any) -> Any:
        """Returns the result, of which is noted that it has the batch where the sources have."""
        for each in _flat(list(sources)):
            if id(each) in self._with_batch and len(each.shape) == len(result.shape):
                self._with_batch[id(result)] = result
        return result

    def starts_with_batch(self, *tensors: Any) -> None:
        """Notes that the first axis of the tensors is the batch, as in all layers of Keras."""
        for each in _flat(list(tensors)):
            if self.is_tensor(each) and len(each.shape):
                self._with_batch[id(each)] = each

    def has_batch(self, tensor: Any) -> bool:
        """Whether the first axis of a tensor is known to be the batch."""
        return id(tensor) in self._with_batch

    def array(self, value: Any) -> Any:
        """A constant as an array of the type that TensorFlow gives it."""
        if self.is_tensor(value) or isinstance(value, np.ndarray):
            return value
        if any(self.is_tensor(each) for each in _flat(value)):
            return self.ops.stack([self.tensor(each) for each in value], axis=0)
        if any(_is_unknown(each) for each in _flat(value)):
            found = np.empty(np.shape(value), object)
            found[...] = value
            return found
        array = np.asarray(value)
        narrow = {"float64": "float32", "int64": "int32"}
        return array.astype(narrow.get(array.dtype.name, array.dtype))

    def tensor(self, value: Any) -> Any:
        """Anything as what the operations of Keras take."""
        if isinstance(value, Size):
            return value.make()
        value = self.array(value)
        if self.is_tensor(value) or value.dtype != object:
            return value
        if value.ndim == 0:
            return value.item().make() if _is_unknown(value.item()) else np.int32(value.item())
        return self.ops.stack([self.tensor(each) for each in value], axis=0)

    def like(self, value: Any, dtype: str) -> Any:
        """An operand beside one of the type `dtype`."""
        if any(_is_unknown(each) for each in _flat(value)):
            value = self.tensor(value)
        if self.is_tensor(value):
            return self.cast(value, dtype)
        if np.ndim(value) == 0:
            kind = float if "float" in dtype else (bool if dtype == "bool" else int)
            return kind(value)
        return np.asarray(value, "float32" if dtype == "bfloat16" else dtype)

    def cast(self, value: Any, dtype: str) -> Any:
        """The value in a type; it is left alone if it has it."""
        if not self.is_tensor(value):
            return np.asarray(value, dtype)
        return value if _dtype(value) == dtype else self.keep(self.ops.cast(value, dtype), value)

    def static(self, value: Any) -> Any:
        """A list or number that must be known before the model is called."""
        if any(self.is_tensor(each) or _is_unknown(each) for each in _flat(value)):
            raise ValueError("an argument depends on the sizes of what the model is called on")
        if isinstance(value, np.ndarray):
            return value.tolist()
        return _map(lambda each: each.item() if hasattr(each, "item") else each, value)

    def sizes(self, value: Any) -> list[Any]:
        """A shape as a list of numbers and Sizes."""
        if self.is_tensor(value):
            raise ValueError("a shape is computed when the model is called")
        found = [leaf for each in _flat(value) for leaf in _flat(_as_list(each))]
        if any(self.is_tensor(each) for each in found):
            raise ValueError("a shape is computed when the model is called")
        return [each if _is_unknown(each) else int(each) for each in found]

    def shape_of(self, tensor: Any) -> list[Any]:
        """The shape of a tensor as a list of numbers and Sizes."""

        def size(axis: int) -> Size:
            def row() -> Any:
                key = tuple(slice(None) if each == axis else 0 for each in range(rank))
                return self.ops.ones_like(tensor[key], dtype="int32")

            is_batch = axis == 0 and self.has_batch(tensor)
            return Size(lambda: self.ops.sum(row()), row, is_batch)

        rank = len(tensor.shape)
        return [size(i) if each is None else each for i, each in enumerate(tensor.shape)]

    def apply(self, name: str, *arguments: Any, **named: Any) -> Any:
        """What the operation of Keras 3 gives, or NumPy's of that name if nothing is a tensor."""
        if self.any_tensor(list(arguments), named):
            return getattr(self.ops, name)(*arguments, **named)
        if hasattr(np, name):
            return np.asarray(getattr(np, name)(*arguments, **named))
        return self.ops.convert_to_numpy(getattr(self.ops, name)(*arguments, **named))

    def layer(self, kind: str, x: Any, *arguments: Any) -> Any:
        """What a layer of Keras gives for a tensor."""
        return getattr(self.keras.layers, kind)(*arguments, name=self._new_name(kind.lower()))(x)

    # ------------------------------------------------ calls

    def call(self, config: dict[str, Any], given: Any, arguments: dict[str, Any]) -> Any:
        """Returns what the operation gives: tensors, or a constant if it needs none.

        Args:
            config: the layer that holds it.
            given: what it is called on, with tensors and constants in their places.
            arguments: the rest, by name.

        Raises:
            ValueError: if it is not known.
        """
        settings = config["config"]
        name = str(config.get("name") or settings["name"])
        if config["class_name"] == "TensorFlowOpLayer":
            function, given, arguments = self._node(settings, given)
        else:
            function = _symbol(str(settings["function"]))
            given, arguments = [constant(given)], constant(arguments)
            arguments.pop("name", None)
        if name not in self._called:
            self._called.add(name)
            self._names.discard(name)
        if self._as_one:
            result = self._in_a_model(function, name, given, arguments)
        else:
            result = function(self, *given, **arguments)
        self._rename(result, name)
        return result

    def _node(self, settings: dict[str, Any], given: Any) -> tuple[Any, list[Any], dict[str, Any]]:
        node = settings["node_def"]
        node = json.loads(node) if isinstance(node, str) else node
        function, renamed = _node_function(node["op"])
        tensors = list(given) if isinstance(given, (list, tuple)) else [given]
        constants = {int(key): value for key, value in settings.get("constants", {}).items()}
        operands = [
            constant(constants[i]) if i in constants else tensors.pop(0)
            for i, _ in enumerate(each for each in node["input"] if not each.startswith("^"))
        ]
        attributes = {key: _attribute(value) for key, value in node.get("attr", {}).items()}
        return (
            function,
            operands,
            {renamed[key]: value for key, value in attributes.items() if key in renamed},
        )

    def _in_a_model(
        self, function: Any, name: str, given: list[Any], arguments: dict[str, Any]
    ) -> Any:
        values = list(_flat([given, arguments]))
        tensors = list({id(each): each for each in values if self.is_tensor(each)}.values())
        if not tensors or any(map(_is_unknown, values)):
            return function(self, *given, **arguments)
        inputs = {id(t): self.keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in tensors}
        for each in tensors:
            if self.has_batch(each):
                self.starts_with_batch(inputs[id(each)])
        given, arguments = _map(lambda each: inputs.get(id(each), each), [given, arguments])
        results = function(self, *given, **arguments)
        if not all(map(self.is_tensor, _flat(results))):
            return results
        inside = self.keras.Model(list(inputs.values()), results)
        if len(inside.operations) <= len(inputs) + 1:
            back = {id(inputs[id(each)]): each for each in tensors}
            given, arguments = _map(lambda each: back.get(id(each), each), [given, arguments])
            return function(self, *given, **arguments)
        inside.name = self._new_name(name)
        outputs = inside(tensors)
        for result, output in zip(_flat(results), _flat(outputs)):
            if self.has_batch(result):
                self.starts_with_batch(output)
        return outputs

    def _rename(self, result: Any, name: str) -> None:
        """Names what is new in the graph after the layer that it was.

        Keras's names for operations are those that Keras 2 gave to layers such as `add`.
        """
        queue = [each for each in _flat(result) if self.is_tensor(each)]
        for tensor in queue:
            operation, number = tensor._keras_history[:2]
            if id(operation) in self._seen:
                continue
            self._seen[id(operation)] = operation
            if isinstance(operation, self.keras.layers.Layer):
                continue
            operation.name = self._new_name(name)
            queue += list(operation._inbound_nodes[number].input_tensors)

    def _new_name(self, name: str) -> str:
        name = unique = _clean(name)
        number = 0
        while unique in self._names:
            number += 1
            unique = "%s.%d" % (name, number)
        self._names.add(unique)
        return unique


def _clean(name: str) -> str:
    # Keras 3 has no names with a slash, which TensorFlow's scopes left.
    return name.replace("/", ".")


def _dtype(value: Any) -> str:
    dtype = value.dtype
    return str(getattr(dtype, "name", dtype))


def _type_name(value: Any) -> str:
    """The name of a type: TensorFlow's `tf.int32`, NumPy's, or one in words."""
    return str(value).replace("DT_", "").lower() if value is not None else ""


_DTYPES = {"float": "float32", "double": "float64", "half": "float16"}


def _attribute(value: dict[str, Any]) -> Any:
    """An attribute of a node, from the JSON of its protocol buffer."""
    if not value:
        return None
    (kind, found), *_ = value.items()
    if kind == "type":
        name = _type_name(found)
        return _DTYPES.get(name, name)
    if kind == "i":
        return int(found)
    if kind == "s":
        return base64.b64decode(found).decode("utf-8")
    if kind == "list":
        return [_attribute({key: each}) for key, every in found.items() for each in every]
    return found


# ---------------------------------------------------- what they compute
#
# Each function has the parameters of TensorFlow's, after the Operations that it is called by.


def _unary(name: str, dtype: str | None = None) -> Callable[..., Any]:
    def call(o: Operations, x: Any) -> Any:
        x = o.array(x)
        result = o.keep(o.apply(name, x), x)
        if not o.is_tensor(result) or _dtype(x) == "object":
            return result
        return o.cast(result, dtype or _dtype(x))

    return call


def _pair(o: Operations, x: Any, y: Any) -> tuple[Any, Any, str | None]:
    """Two operands of the same type, and the type if one of them is a tensor."""
    x_is, y_is = o.any_tensor(x), o.any_tensor(y)
    x, y = (o.array(x) if x_is else x), (o.array(y) if y_is else y)
    if not x_is and not y_is:
        return o.array(x), o.array(y), None
    dtype = _dtype(x if x_is else y)
    return o.like(x, dtype), o.like(y, dtype), dtype


def _binary(name: str, result_dtype: str | None = None) -> Callable[..., Any]:
    def call(o: Operations, x: Any, y: Any) -> Any:
        x, y, dtype = _pair(o, x, y)
        result = o.keep(o.apply(name, x, y), x, y)
        return o.cast(result, result_dtype or dtype) if dtype else result

    return call


def _add(o: Operations, x: Any, y: Any) -> Any:
    x, y, dtype = _pair(o, x, y)
    return o.cast(_sum(o, x, y), dtype) if dtype else np.asarray(np.add(x, y))


def _sum(o: Operations, x: Any, y: Any) -> Any:
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


def _divide(o: Operations, x: Any, y: Any) -> Any:
    x, y, dtype = _pair(o, x, y)
    if dtype and "int" in dtype:
        narrow = dtype in ("int8", "uint8", "int16", "uint16")
        x, y = (o.like(each, "float32" if narrow else "float64") for each in (x, y))
    return o.keep(o.apply("true_divide", x, y), x, y)


def _atan2(o: Operations, y: Any, x: Any) -> Any:
    return _binary("arctan2")(o, y, x)


def _squared_difference(o: Operations, x: Any, y: Any) -> Any:
    return _TABLE["square"](o, _TABLE["subtract"](o, x, y))


def _add_n(o: Operations, inputs: Any) -> Any:
    total = inputs[0]
    for each in inputs[1:]:
        total = _TABLE["add"](o, total, each)
    return total


def _clip_by_value(o: Operations, t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    return _TABLE["maximum"](o, _TABLE["minimum"](o, t, clip_value_max), clip_value_min)


def _where(o: Operations, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None or y is None:
        raise ValueError("tf.where without values gives as many as there are, which no Keras 3 has")
    x, y, dtype = _pair(o, x, y)
    if dtype is None:
        x, y = o.tensor(x), o.tensor(y)
    condition = o.array(condition)
    result = o.keep(o.apply("where", condition, x, y), condition, x, y)
    return o.cast(result, dtype) if dtype else result


def _select(o: Operations, condition: Any, x: Any = None, y: Any = None) -> Any:
    # The first `tf.where` took a condition for each row.
    condition = o.array(condition)
    rank = max(len(np.shape(each)) for each in (x, y))
    for _ in range(rank - 1 if len(condition.shape) == 1 else 0):
        condition = o.apply("expand_dims", condition, -1)
    return _where(o, condition, x, y)


def _cast(o: Operations, x: Any, dtype: Any) -> Any:
    x = o.array(x)
    dtype = _type_name(dtype)
    dtype = _DTYPES.get(dtype, dtype)
    if not o.is_tensor(x) and x.dtype == object:
        if "int" in dtype:
            return x
        x = o.tensor(x)
    return o.cast(x, dtype)


def _identity(o: Operations, input: Any) -> Any:
    return o.array(input)


def _stop_gradient(o: Operations, input: Any) -> Any:
    input = o.array(input)
    if not o.is_tensor(input):
        return input
    try:
        result = o.ops.stop_gradient(input)
    except ValueError:
        # The first releases of Keras 3 have the operation, but do not make a node of it.
        result = importlib.import_module("keras.src.ops.core").StopGradient()(input)
    return o.keep(result, input)


def _leaky_relu(o: Operations, features: Any, alpha: float = 0.2) -> Any:
    features = o.array(features)
    return o.keep(o.apply("leaky_relu", features, negative_slope=alpha), features)


def _gelu(o: Operations, features: Any, approximate: bool = False) -> Any:
    return o.keep(o.apply("gelu", features, approximate=bool(approximate)), features)


def _silu(o: Operations, features: Any, beta: Any = 1.0) -> Any:
    if not o.is_tensor(beta) and float(beta) == 1.0:
        return o.keep(o.apply("silu", features), features)
    gate = _TABLE["sigmoid"](o, _TABLE["multiply"](o, features, beta))
    return _TABLE["multiply"](o, features, gate)


def _crelu(o: Operations, features: Any, axis: int = -1) -> Any:
    both = [features, _TABLE["negative"](o, features)]
    return _TABLE["relu"](o, _concat(o, both, axis))


def _over_axis(name: str) -> Callable[..., Any]:
    def call(o: Operations, logits: Any, axis: Any = -1, dim: Any = None) -> Any:
        axis = o.static(axis if dim is None else dim)
        return o.keep(o.apply(name, logits, axis=axis), logits)

    return call


def _axes(o: Operations, axis: Any) -> tuple[int, ...] | None:
    """Axes as Keras takes them; None for all."""
    axis = o.static(axis)
    if axis is None:
        return None
    return tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)


def _is_over_batch(axis: Any, rank: int) -> bool:
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
        if not _is_over_batch(axis, len(x.shape)) and o.has_batch(x):
            o.starts_with_batch(result)
        return o.cast(result, dtype or _dtype(x))

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
        return _cast(o, result, output_type)

    return call


def _cumsum(
    o: Operations, x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False
) -> Any:
    x, axis = o.array(x), o.static(axis)
    start = o.apply("flip", x, axis) if reverse else x
    result = o.apply("cumsum", start, axis=axis)
    if exclusive:
        result = o.apply("subtract", result, start)
    return o.keep(o.apply("flip", result, axis) if reverse else result, x)


def _norm(
    o: Operations, tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = False
) -> Any:
    axis, keepdims = _axes(o, axis), bool(keepdims)
    if ord in (1, 1.0):
        return _TABLE["reduce_sum"](o, _TABLE["abs"](o, tensor), axis, keepdims)
    if ord == "euclidean" or (ord in (2, 2.0) and len(axis or ()) == 1):
        total = _TABLE["reduce_sum"](o, _TABLE["square"](o, tensor), axis, keepdims)
        return _TABLE["sqrt"](o, total)
    raise ValueError("tf.norm with ord=%r is not known here" % ord)


def _l2_normalize(
    o: Operations, x: Any, axis: Any = None, epsilon: float = 1e-12, dim: Any = None
) -> Any:
    axis = axis if dim is None else dim
    total = _TABLE["reduce_sum"](o, _TABLE["square"](o, x), axis, True)
    return _TABLE["multiply"](o, x, _TABLE["rsqrt"](o, _TABLE["maximum"](o, total, epsilon)))


def _moments(o: Operations, x: Any, axes: Any, shift: Any = None, keepdims: bool = False) -> Any:
    return [
        _TABLE["reduce_mean"](o, x, axes, keepdims),
        _TABLE["reduce_variance"](o, x, axes, keepdims),
    ]


def _count_nonzero(
    o: Operations, input: Any, axis: Any = None, keepdims: Any = False, dtype: Any = "int64"
) -> Any:
    nonzero = input if _dtype(input) == "bool" else _TABLE["not_equal"](o, input, 0)
    return _TABLE["reduce_sum"](o, _cast(o, nonzero, dtype), axis, keepdims)


def _top_k(o: Operations, input: Any, k: Any = 1, sorted: bool = True) -> Any:
    found = o.ops.top_k(o.array(input), int(o.static(k)), sorted=bool(sorted))
    return [found[0], found[1]]


def _sort(o: Operations, values: Any, axis: Any = -1, direction: str = "ASCENDING") -> Any:
    axis = o.static(axis)
    result = o.apply("sort", values, axis=axis)
    return o.keep(o.apply("flip", result, axis) if direction != "ASCENDING" else result, values)


def _argsort(
    o: Operations, values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: Any = False
) -> Any:
    values = values if direction == "ASCENDING" else _TABLE["negative"](o, values)
    return o.cast(o.apply("argsort", values, axis=o.static(axis)), "int32")


# ---------------------------------------------------- shapes


def _shape(o: Operations, input: Any, out_type: Any = None) -> Any:
    input = o.array(input)
    return o.array(o.shape_of(input)) if len(input.shape) else np.zeros((0,), "int32")


def _size(o: Operations, input: Any, out_type: Any = None) -> Any:
    return np.prod(_shape(o, input))


def _rank(o: Operations, input: Any) -> Any:
    return np.int32(len(o.array(input).shape))


def _reshape(o: Operations, tensor: Any, shape: Any) -> Any:
    tensor, sizes = o.array(tensor), o.sizes(shape)
    if not o.is_tensor(tensor):
        return np.reshape(tensor, [o.static(each) for each in sizes])
    unknown = [each for each in sizes if _is_unknown(each) or each == -1]
    by_batch = bool(sizes) and _is_unknown(sizes[0]) and sizes[0].is_batch
    if len(unknown) <= 1:
        result = o.ops.reshape(tensor, tuple(-1 if _is_unknown(each) else each for each in sizes))
        if by_batch:
            o.starts_with_batch(result)
        return result
    if not (by_batch and o.has_batch(tensor) and len(unknown) == 2):
        raise ValueError("a shape has several sizes that are known only when the model is called")
    # This layer leaves the batch alone, whatever its size.
    result = o.layer(
        "Reshape", tensor, tuple(-1 if _is_unknown(each) else each for each in sizes[1:])
    )
    o.starts_with_batch(result)
    return result


def _flatten_batch(o: Operations, x: Any) -> Any:
    sizes = o.shape_of(x)[1:]
    if any(map(_is_unknown, sizes)):
        return o.layer("Flatten", x)
    return _reshape(o, x, [-1, int(np.prod(sizes))])


def _transpose(o: Operations, a: Any, perm: Any = None, conjugate: bool = False) -> Any:
    a, perm = o.array(a), o.static(perm)
    perm = list(reversed(range(len(a.shape)))) if perm is None else perm
    result = o.apply("transpose", a, tuple(perm))
    if o.has_batch(a) and perm[0] == 0:
        o.starts_with_batch(result)
    return result


def _expand_dims(o: Operations, input: Any, axis: Any = None, dim: Any = None) -> Any:
    input, axis = o.array(input), int(o.static(axis if dim is None else dim))
    result = o.apply("expand_dims", input, axis)
    if o.has_batch(input) and axis % len(result.shape):
        o.starts_with_batch(result)
    return result


def _squeeze(o: Operations, input: Any, axis: Any = None, squeeze_dims: Any = None) -> Any:
    input = o.array(input)
    axes = o.static(axis if squeeze_dims is None else squeeze_dims)
    rank = len(input.shape)
    if axes is None or axes == []:
        axes = [i for i, size in enumerate(input.shape) if size == 1]
    axes = [each % rank for each in (axes if isinstance(axes, list) else [axes])]
    return _getitem(o, input, [0 if i in axes else slice(None) for i in range(rank)])


def _filled(o: Operations, sizes: list[Any], value: Any) -> Any:
    """A tensor of this shape, all of one value."""
    known = [1 if _is_unknown(each) else each for each in sizes]
    block = np.full(known, value)
    for axis, each in enumerate(sizes):
        if not _is_unknown(each):
            continue
        if each.row is None:
            raise ValueError("a shape is computed from sizes known only when the model is called")
        shape = [1] * len(sizes)
        shape[axis] = -1
        zeros = o.ops.zeros_like(each.row(), dtype=_dtype(block))
        zeros = zeros if len(shape) == 1 else o.ops.reshape(zeros, tuple(shape))
        block = _sum(o, block, zeros) if _dtype(block) != "bool" else o.ops.logical_or(block, zeros)
        if axis == 0 and each.is_batch:
            o.starts_with_batch(block)
    return block


def _fill(o: Operations, dims: Any, value: Any) -> Any:
    return _filled(o, o.sizes(dims), o.array(value))


def _of_one(value: int) -> Callable[..., Any]:
    def call(o: Operations, shape: Any, dtype: Any = "float32") -> Any:
        name = _type_name(dtype)
        return _filled(o, o.sizes(shape), np.asarray(value, _DTYPES.get(name, name)))

    return call


def _like(name: str) -> Callable[..., Any]:
    def call(o: Operations, input: Any, dtype: Any = None, optimize: Any = None) -> Any:
        input = o.array(input)
        name_of_type = _type_name(dtype) or _dtype(input)
        result = o.apply(name, input, dtype=_DTYPES.get(name_of_type, name_of_type))
        return o.keep(result, input)

    return call


def _range(o: Operations, start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Any:
    start, limit = (0, start) if limit is None else (start, limit)
    start, limit, delta = (
        each.item() if hasattr(each, "item") else each for each in (start, limit, delta)
    )
    if _is_unknown(limit) and limit.row is not None and (start, delta) == (0, 1):
        result = o.ops.subtract(o.ops.cumsum(limit.row(), axis=0), 1)
    else:
        result = o.array(np.arange(o.static(start), o.static(limit), o.static(delta)))
    return _cast(o, result, dtype) if dtype else result


def _tile(o: Operations, input: Any, multiples: Any) -> Any:
    input, sizes = o.array(input), o.sizes(multiples)
    known = [1 if _is_unknown(each) else each for each in sizes]
    result = o.apply("tile", input, known) if set(known) != {1} else input
    for axis, each in enumerate(sizes):
        if _is_unknown(each) and input.shape[axis] != 1:
            raise ValueError("it repeats by a size that is known only when the model is called")
    if any(map(_is_unknown, sizes)):
        shape = [each if _is_unknown(each) else 1 for each in sizes]
        zeros = _filled(o, shape, np.zeros((), _dtype(input)))
        result = _sum(o, result, zeros)
    elif sizes and sizes[0] == 1:
        o.keep(result, input)
    return result


def _broadcast_to(o: Operations, input: Any, shape: Any) -> Any:
    input, sizes = o.array(input), o.sizes(shape)
    if any(map(_is_unknown, sizes)):
        zeros = _filled(o, sizes, np.zeros((), _dtype(input)))
        return _sum(o, input, zeros)
    return o.apply("broadcast_to", input, tuple(sizes))


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
            parts.insert(0, o.apply("flip", _getitem(o, x, key), axis))
        if after:
            key[axis] = slice(-after, None)
            parts.append(o.apply("flip", _getitem(o, x, key), axis))
        x = _concat(o, parts, axis) if len(parts) > 1 else x
    return x


def _concat(o: Operations, values: Any, axis: Any) -> Any:
    axis = int(o.static(axis))
    values = _of_one_type(o, values)
    result = o.apply("concatenate", values, axis=axis)
    return o.keep(result, *values) if axis % len(result.shape) else result


def _of_one_type(o: Operations, values: Any) -> list[Any]:
    """The values of a list, of the type of the tensors among them."""
    found = [_dtype(each) for each in values if o.is_tensor(each)]
    if not found:
        return [o.array(each) for each in values]
    made = [o.like(each, found[0]) for each in values]
    return [each if o.is_tensor(each) else np.asarray(each, found[0]) for each in made]


def _stack(o: Operations, values: Any, axis: Any = 0) -> Any:
    axis = int(o.static(axis))
    values = _of_one_type(o, values)
    result = o.apply("stack", values, axis=axis)
    if axis % len(result.shape) and any(o.has_batch(each) for each in values):
        o.starts_with_batch(result)
    return result


def _unstack(o: Operations, value: Any, num: Any = None, axis: Any = 0) -> Any:
    value, axis = o.array(value), int(o.static(axis))
    if not o.is_tensor(value):
        return list(np.moveaxis(value, axis, 0))
    results = list(o.ops.unstack(value, num, axis))
    if axis % len(value.shape) and o.has_batch(value):
        o.starts_with_batch(results)
    return results


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


def _reverse(o: Operations, tensor: Any, axis: Any) -> Any:
    result = o.array(tensor)
    axes = o.static(axis)
    for each in axes if isinstance(axes, list) else [axes]:
        result = o.apply("flip", result, each)
    return o.keep(result, tensor)


def _repeat(o: Operations, input: Any, repeats: Any, axis: Any = None) -> Any:
    axis = o.static(axis)
    result = o.apply("repeat", o.array(input), o.static(repeats), axis=axis)
    return o.keep(result, input) if axis else result


def _roll(o: Operations, input: Any, shift: Any, axis: Any) -> Any:
    shifts, axes = (np.ravel(o.static(each)).tolist() for each in (shift, axis))
    result = o.array(input)
    for by, each in zip(shifts, axes):
        result = o.apply("roll", result, by, axis=each)
    return o.keep(result, input)


# ---------------------------------------------------- slices


def _getitem(o: Operations, tensor: Any, slice_spec: Any) -> Any:
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
        elif _is_unknown(each):
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
    if _is_unknown(stop) and stop.is_batch and axis == 0 and o.has_batch(x):
        stop = None
    if any(o.is_tensor(each) or _is_unknown(each) for each in (start, stop, step)):
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


def _slice(o: Operations, input_: Any, begin: Any, size: Any) -> Any:
    begin, size = o.sizes(begin), o.sizes(size)
    key = [
        slice(start, None if not _is_unknown(many) and many == -1 else start + many)
        for start, many in zip(begin, size)
    ]
    return _getitem(o, input_, key)


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
    return _getitem(o, input_, key)


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
    name = _type_name(dtype) or "float32"
    on, off = (o.static(each) for each in (on_value, off_value))
    axis = -1 if axis is None else int(axis)
    if not o.is_tensor(indices):
        raise ValueError("tf.one_hot of a constant is not known here")
    if _dtype(indices) not in ("int32", "int64"):
        indices = o.cast(indices, "int32")
    result = o.ops.one_hot(indices, int(o.static(depth)), axis=axis, dtype=_DTYPES.get(name, name))
    on, off = 1 if on is None else on, 0 if off is None else off
    if (on, off) != (1, 0):
        result = _TABLE["add"](o, _TABLE["multiply"](o, result, on - off), off)
    if o.has_batch(indices) and axis:
        o.starts_with_batch(result)
    return result


# ---------------------------------------------------- products


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
    a, b, _ = _pair(o, a, b)
    a = o.apply("swapaxes", a, -1, -2) if transpose_a or adjoint_a else a
    b = o.apply("swapaxes", b, -1, -2) if transpose_b or adjoint_b else b
    result = o.apply("matmul", a, b)
    return o.keep(result, a, b) if len(result.shape) > 2 or not transpose_a else result


def _tensordot(o: Operations, a: Any, b: Any, axes: Any) -> Any:
    a, b, _ = _pair(o, a, b)
    axes = o.static(axes)
    result = o.apply("tensordot", a, b, axes=axes)
    first = axes if isinstance(axes, int) else axes[0]
    rank = len(a.shape)
    over = [rank - 1 - i for i in range(first)] if isinstance(first, int) else first
    if o.has_batch(a) and not _is_over_batch(tuple(over), rank):
        o.starts_with_batch(result)
    return result


def _einsum(o: Operations, equation: Any, *inputs: Any) -> Any:
    if not inputs:
        raise ValueError(
            "Keras 2 did not write down what tf.einsum(%r, ...) is called on" % equation
        )
    return o.apply("einsum", equation, *inputs)


def _bias_add(o: Operations, value: Any, bias: Any, data_format: Any = None) -> Any:
    if str(data_format or "").startswith("NC"):
        bias = o.apply("reshape", o.array(bias), (-1,) + (1,) * (len(value.shape) - 2))
    return _TABLE["add"](o, value, bias)


# ---------------------------------------------------- images


def _resize(
    o: Operations,
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    align_corners: bool = False,
    half_pixel_centers: bool = True,
) -> Any:
    if preserve_aspect_ratio or align_corners or not half_pixel_centers:
        raise ValueError("Keras 3 does not resize images as they are resized here")
    method = str(method).lower()
    if method not in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"):
        raise ValueError("Keras 3 does not resize images by the method %r" % method)
    if method != "nearest":
        images = o.cast(images, "float32")
    size = tuple(int(each) for each in o.sizes(o.static(size)))
    result = o.ops.image.resize(
        images, size, interpolation=method, antialias=bool(antialias), data_format="channels_last"
    )
    return o.keep(result, images)


def _flip_images(axis: int) -> Callable[..., Any]:
    def call(o: Operations, image: Any) -> Any:
        return _reverse(o, image, axis)

    return call


def _rgb_to_grayscale(o: Operations, images: Any) -> Any:
    weighted = _TABLE["multiply"](o, images, [0.2989, 0.587, 0.114])
    return _TABLE["reduce_sum"](o, weighted, -1, True)


def _blocks(o: Operations, input: Any, shapes: list[Any], perm: list[int]) -> Any:
    if any(each is None for each in input.shape[1:]):
        raise ValueError("the size of an image is known only when the model is called")
    x = o.ops.reshape(input, (-1, *shapes[0]))
    result = o.ops.reshape(o.ops.transpose(x, perm), (-1, *shapes[1]))
    return o.keep(result, input)


def _depth_to_space(o: Operations, input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    _channels_last(data_format)
    _, h, w, c = input.shape
    n = block_size
    depth = c // (n * n)
    shapes = [(h, w, n, n, depth), (h * n, w * n, depth)]
    return _blocks(o, input, shapes, [0, 1, 3, 2, 4, 5])


def _space_to_depth(o: Operations, input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    _channels_last(data_format)
    _, h, w, c = input.shape
    n = block_size
    shapes = [(h // n, n, w // n, n, c), (h // n, w // n, n * n * c)]
    return _blocks(o, input, shapes, [0, 1, 3, 2, 4, 5])


def _channels_last(data_format: Any) -> None:
    if data_format not in (None, "NHWC", "channels_last"):
        raise ValueError("images with the channels first are not known here")


def _two(value: Any) -> tuple[int, int]:
    """The height and width of what TensorFlow takes as one number, two or four."""
    values = [int(each) for each in (value if isinstance(value, list) else [value])]
    values = values[1:3] if len(values) == 4 else values
    return (values[0], values[-1])


def _same(sizes: tuple[int, int]) -> Any:
    # A tuple is a list once it has been in a file, which not all of Keras takes.
    return sizes[0] if sizes[0] == sizes[1] else sizes


def _pool(name: str) -> Callable[..., Any]:
    # By the layer: on JAX, Keras fails in the operation once it has read the window from a file.
    def call(
        o: Operations,
        input: Any,
        ksize: Any,
        strides: Any,
        padding: str,
        data_format: Any = "NHWC",
    ) -> Any:
        _channels_last(data_format)
        window, strides, padding = _two(ksize), _two(strides), padding.lower()
        sizes = tuple(input.shape[1:3])
        if name == "AveragePooling2D" and padding == "same" and None not in sizes:
            # Keras on PyTorch counts some of the padding.
            sides = [_sides(*each) for each in zip(sizes, window, strides)]
            padded = o.ops.pad(input, ((0, 0), *sides, (0, 0)))
            result = o.layer(name, padded, window, strides, "valid", "channels_last")
            counts = [_counts(*each) for each in zip(sizes, window, strides)]
            factor = np.prod(window) / np.multiply.outer(*counts)
            result = _TABLE["multiply"](o, result, factor[None, :, :, None])
        else:
            result = o.layer(name, input, window, strides, padding, "channels_last")
        return o.keep(result, input)

    return call


def _sides(size: int, window: int, stride: int) -> tuple[int, int]:
    """What is added on both sides of an axis for the padding "same"."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _counts(size: int, window: int, stride: int) -> list[int]:
    """How many places of the axis are in each window."""
    before, after = _sides(size, window, stride)
    starts = range(-before, size + after - window + 1, stride)
    return [min(start + window, size) - max(start, 0) for start in starts]


def _convolution(name: str) -> Callable[..., Any]:
    def call(
        o: Operations,
        input: Any,
        filters: Any = None,
        strides: Any = 1,
        padding: Any = "VALID",
        data_format: Any = "NHWC",
        dilations: Any = 1,
        filter: Any = None,
        use_cudnn_on_gpu: Any = True,
    ) -> Any:
        _channels_last(data_format)
        kernel = o.array(filters if filter is None else filter)
        if not isinstance(padding, str) or padding.upper() not in ("SAME", "VALID"):
            raise ValueError("a convolution with the padding %r is not known here" % (padding,))
        result = getattr(o.ops, name)(
            input,
            kernel,
            strides=_same(_two(strides)),
            padding=padding.lower(),
            data_format="channels_last",
            dilation_rate=_same(_two(dilations)),
        )
        return o.keep(result, input)

    return call


# ---------------------------------------------------- what they are called

# Those of one operand that has another name in Keras, or the same.
_UNARY = {
    "abs": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atanh": "arctanh",
    "ceil": "ceil",
    "cos": "cos",
    "cosh": "cosh",
    "elu": "elu",
    "erf": "erf",
    "erfinv": "erfinv",
    "exp": "exp",
    "expm1": "expm1",
    "floor": "floor",
    "log": "log",
    "log1p": "log1p",
    "log_sigmoid": "log_sigmoid",
    "logical_not": "logical_not",
    "negative": "negative",
    "reciprocal": "reciprocal",
    "relu": "relu",
    "relu6": "relu6",
    "round": "round",
    "rsqrt": "rsqrt",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "sign": "sign",
    "sin": "sin",
    "sinh": "sinh",
    "softplus": "softplus",
    "softsign": "softsign",
    "sqrt": "sqrt",
    "square": "square",
    "tan": "tan",
    "tanh": "tanh",
}
_BINARY = {
    "divide_no_nan": "divide_no_nan",
    "floordiv": "floor_divide",
    "floormod": "mod",
    "maximum": "maximum",
    "minimum": "minimum",
    "multiply": "multiply",
    "pow": "power",
    "subtract": "subtract",
}
_COMPARISONS = {
    "equal": "equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "less": "less",
    "less_equal": "less_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
    "not_equal": "not_equal",
}
_REDUCTIONS = {
    "reduce_logsumexp": "logsumexp",
    "reduce_max": "max",
    "reduce_mean": "mean",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_std": "std",
    "reduce_sum": "sum",
    "reduce_variance": "var",
}

#: What each function of TensorFlow computes.
_TABLE: dict[str, Callable[..., Any]] = {
    "add": _add,
    "add_n": _add_n,
    "argmax": _arg("argmax"),
    "argmin": _arg("argmin"),
    "argsort": _argsort,
    "atan2": _atan2,
    "avg_pool2d": _pool("AveragePooling2D"),
    "bias_add": _bias_add,
    "broadcast_to": _broadcast_to,
    "cast": _cast,
    "clip_by_value": _clip_by_value,
    "compat.v1.where": _select,
    "concat": _concat,
    "conv2d": _convolution("conv"),
    "count_nonzero": _count_nonzero,
    "crelu": _crelu,
    "cumsum": _cumsum,
    "depth_to_space": _depth_to_space,
    "depthwise_conv2d": _convolution("depthwise_conv"),
    "einsum": _einsum,
    "expand_dims": _expand_dims,
    "fill": _fill,
    "gather": _gather,
    "gelu": _gelu,
    "getitem": _getitem,
    "identity": _identity,
    "image.flip_left_right": _flip_images(-2),
    "image.flip_up_down": _flip_images(-3),
    "image.resize": _resize,
    "image.rgb_to_grayscale": _rgb_to_grayscale,
    "is_finite": _unary("isfinite", "bool"),
    "is_inf": _unary("isinf", "bool"),
    "is_nan": _unary("isnan", "bool"),
    "keras.backend.batch_flatten": _flatten_batch,
    "l2_normalize": _l2_normalize,
    "leaky_relu": _leaky_relu,
    "log_softmax": _over_axis("log_softmax"),
    "matmul": _matmul,
    "max_pool2d": _pool("MaxPooling2D"),
    "moments": _moments,
    "norm": _norm,
    "one_hot": _one_hot,
    "ones": _of_one(1),
    "ones_like": _like("ones_like"),
    "pad": _pad,
    "range": _range,
    "rank": _rank,
    "reduce_all": _reduction("all", "bool"),
    "reduce_any": _reduction("any", "bool"),
    "repeat": _repeat,
    "reshape": _reshape,
    "reverse": _reverse,
    "roll": _roll,
    "shape": _shape,
    "silu": _silu,
    "size": _size,
    "slice": _slice,
    "softmax": _over_axis("softmax"),
    "sort": _sort,
    "space_to_depth": _space_to_depth,
    "split": _split,
    "squared_difference": _squared_difference,
    "squeeze": _squeeze,
    "stack": _stack,
    "stop_gradient": _stop_gradient,
    "strided_slice": _strided_slice,
    "tensordot": _tensordot,
    "tile": _tile,
    "top_k": _top_k,
    "transpose": _transpose,
    "truediv": _divide,
    "unstack": _unstack,
    "where": _where,
    "zeros": _of_one(0),
    "zeros_like": _like("zeros_like"),
}
_TABLE.update({name: _unary(keras_name) for name, keras_name in _UNARY.items()})
_TABLE.update({name: _binary(keras_name) for name, keras_name in _BINARY.items()})
_TABLE.update({name: _binary(keras_name, "bool") for name, keras_name in _COMPARISONS.items()})
_TABLE.update({name: _reduction(keras_name) for name, keras_name in _REDUCTIONS.items()})

# Other names of the same.
_ALIASES = {
    "argmax_v2": "argmax",
    "div": "truediv",
    "divide": "truediv",
    "eq": "equal",
    "floor_div": "floordiv",
    "floor_mod": "floormod",
    "mod": "floormod",
    "ne": "not_equal",
    "neg": "negative",
    "realdiv": "truediv",
    "swish": "silu",
}
# Where in TensorFlow the functions are; another one of that name elsewhere is another function.
_MODULES = frozenset(
    ["", "__operators__", "compat.v1", "compat.v1.linalg", "compat.v1.math", "compat.v1.nn"]
    + ["linalg", "math", "nn"]
)


def _symbol(name: str) -> Callable[..., Any]:
    """What a function of TensorFlow computes.

    Raises:
        ValueError: if it is not known.
    """
    module, _, short = name.rpartition(".")
    short = _ALIASES.get(short, short)
    if name in _TABLE:
        return _TABLE[name]
    if module in _MODULES and short in _TABLE and name != "compat.v1.div":
        return _TABLE[short]
    raise ValueError("it holds the operation tf.%s, which is not known here" % name)


# ---------------------------------------------------- nodes of TensorFlow's graph


def _gathered(function: Callable[..., Any], last: int = 0) -> Callable[..., Any]:
    """The same of a list, which the node has as operands of its own before the `last`."""

    def call(o: Operations, *operands: Any, **attributes: Any) -> Any:
        end = len(operands) - last
        return function(o, list(operands[:end]), *operands[end:], **attributes)

    return call


def _split_node(o: Operations, axis: Any, value: Any, number: int) -> Any:
    return _split(o, value, number, axis)


def _einsum_node(o: Operations, *inputs: Any, equation: str) -> Any:
    return _einsum(o, equation, *inputs)


def _resize_node(method: str) -> Callable[..., Any]:
    def call(o: Operations, images: Any, size: Any, **attributes: Any) -> Any:
        return _resize(o, images, size, method, **attributes)

    return call


_KEEP = {"keep_dims": "keepdims"}
_IMAGE = {name: name for name in ("align_corners", "half_pixel_centers")}
_POOL = {name: name for name in ("ksize", "strides", "padding", "data_format")}
_CONVOLUTION = {name: name for name in ("strides", "padding", "data_format", "dilations")}
_MASKS = {
    name: name
    for name in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
}
_BLOCK = {name: name for name in ("block_size", "data_format")}

#: The kinds of nodes whose names do not lead to a function: what computes them, and which of their
#: attributes are arguments.
_NODES: dict[str, tuple[Any, dict[str, str]]] = {
    "AddN": (_gathered(_add_n), {}),
    "AddV2": ("add", {}),
    "All": ("reduce_all", _KEEP),
    "Any": ("reduce_any", _KEEP),
    "ArgMax": ("argmax", {"output_type": "output_type"}),
    "ArgMin": ("argmin", {"output_type": "output_type"}),
    "AvgPool": ("avg_pool2d", _POOL),
    "BatchMatMul": ("matmul", {"adj_x": "adjoint_a", "adj_y": "adjoint_b"}),
    "BatchMatMulV2": ("matmul", {"adj_x": "adjoint_a", "adj_y": "adjoint_b"}),
    "BatchMatMulV3": ("matmul", {"adj_x": "adjoint_a", "adj_y": "adjoint_b"}),
    "BiasAdd": ("bias_add", {"data_format": "data_format"}),
    "BroadcastTo": ("broadcast_to", {}),
    "Cast": ("cast", {"DstT": "dtype"}),
    "ConcatV2": (_gathered(_concat, 1), {}),
    "Conv2D": ("conv2d", _CONVOLUTION),
    "Cumsum": ("cumsum", {"exclusive": "exclusive", "reverse": "reverse"}),
    "DepthToSpace": ("depth_to_space", _BLOCK),
    "DepthwiseConv2dNative": ("depthwise_conv2d", _CONVOLUTION),
    "DivNoNan": ("divide_no_nan", {}),
    "Einsum": (_einsum_node, {"equation": "equation"}),
    "ExpandDims": ("expand_dims", {}),
    "FloorDiv": ("floordiv", {}),
    "FloorMod": ("floormod", {}),
    "GatherV2": ("gather", {"batch_dims": "batch_dims"}),
    "IsFinite": ("is_finite", {}),
    "IsInf": ("is_inf", {}),
    "IsNan": ("is_nan", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": "alpha"}),
    "LogSoftmax": ("log_softmax", {}),
    "MatMul": ("matmul", {"transpose_a": "transpose_a", "transpose_b": "transpose_b"}),
    "Max": ("reduce_max", _KEEP),
    "MaxPool": ("max_pool2d", _POOL),
    "Mean": ("reduce_mean", _KEEP),
    "Min": ("reduce_min", _KEEP),
    "MirrorPad": ("pad", {"mode": "mode"}),
    "Mul": ("multiply", {}),
    "OneHot": ("one_hot", {"axis": "axis", "T": "dtype"}),
    "Pack": (_gathered(_stack), {"axis": "axis"}),
    "PadV2": (lambda o, x, pads, value: _pad(o, x, pads, constant_values=value), {}),
    "Prod": ("reduce_prod", _KEEP),
    "RealDiv": ("truediv", {}),
    "ResizeBilinear": (_resize_node("bilinear"), _IMAGE),
    "ResizeNearestNeighbor": (_resize_node("nearest"), _IMAGE),
    "ReverseV2": ("reverse", {}),
    "Select": (_select, {}),
    "SelectV2": ("where", {}),
    "SpaceToDepth": ("space_to_depth", _BLOCK),
    "Split": (_split_node, {"num_split": "number"}),
    "SplitV": ("split", {}),
    "Squeeze": ("squeeze", {"squeeze_dims": "axis"}),
    "StopGradient": ("stop_gradient", {}),
    "StridedSlice": ("strided_slice", _MASKS),
    "Sub": ("subtract", {}),
    "Sum": ("reduce_sum", _KEEP),
    "TopKV2": ("top_k", {"sorted": "sorted"}),
    "Unpack": ("unstack", {"num": "num", "axis": "axis"}),
    "ZerosLike": ("zeros_like", {}),
    "OnesLike": ("ones_like", {}),
}
# Nodes with the name of a function, but for capitals.
_SAME = frozenset(
    [*_UNARY, *_BINARY, *_COMPARISONS, "add", "atan2", "fill", "identity", "pad", "range", "rank"]
    + [
        "reshape",
        "roll",
        "shape",
        "size",
        "slice",
        "softmax",
        "squared_difference",
        "tile",
        "transpose",
    ]
)


def _node_function(kind: str) -> tuple[Callable[..., Any], dict[str, str]]:
    """What a node of the kind computes, and its attributes that are arguments, by their names.

    Raises:
        ValueError: if it is not known.
    """
    found, renamed = _NODES.get(kind, (None, {}))
    if found is None:
        words = re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
        name = _ALIASES.get(words, words)
        found = name if name in _SAME else None
    if found is None:
        raise ValueError("it holds the operation %s of TensorFlow, which is not known here" % kind)
    return (_TABLE[found] if isinstance(found, str) else found), renamed
