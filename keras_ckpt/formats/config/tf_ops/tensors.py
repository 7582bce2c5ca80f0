"""TensorFlow's operations in functional models of Keras 2, by the operations of Keras 3.

Keras 2 wrote `x * 2.0` and `tf.reshape(x, (-1, 8))` as layers: `TensorFlowOpLayer` with a node of
TensorFlow's graph up to TF 2.3, `TFOpLambda` with the name of a function from 2.4 on. Here they
become calls of `keras.ops`, which Keras 3 has as nodes of its own in the graph of a model. Only
what is registered is called; no name in a file is ever looked up anywhere else.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from keras_ckpt.formats.config.tf_ops.registration import function_of, function_of_node

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


def is_unknown(value: Any) -> bool:
    return isinstance(value, Size)


def flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            for leaf in flat(each):
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
        return any(self.is_tensor(each) for each in flat(values))

    def keep(self, result: Any, *sources: Any) -> Any:
        """Returns the result, of which is noted that it has the batch where the sources have."""
        for each in flat(list(sources)):
            if id(each) in self._with_batch and len(each.shape) == len(result.shape):
                self._with_batch[id(result)] = result
        return result

    def starts_with_batch(self, *tensors: Any) -> None:
        """Notes that the first axis of the tensors is the batch, as in all layers of Keras."""
        for each in flat(list(tensors)):
            if self.is_tensor(each) and len(each.shape):
                self._with_batch[id(each)] = each

    def has_batch(self, tensor: Any) -> bool:
        """Whether the first axis of a tensor is known to be the batch."""
        return id(tensor) in self._with_batch

    def array(self, value: Any) -> Any:
        """A constant as an array of the type that TensorFlow gives it."""
        if self.is_tensor(value) or isinstance(value, np.ndarray):
            return value
        if any(self.is_tensor(each) for each in flat(value)):
            return self.ops.stack([self.tensor(each) for each in value], axis=0)
        if any(is_unknown(each) for each in flat(value)):
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
            return value.item().make() if is_unknown(value.item()) else np.int32(value.item())
        return self.ops.stack([self.tensor(each) for each in value], axis=0)

    def like(self, value: Any, dtype: str) -> Any:
        """An operand beside one of the type `dtype`."""
        if any(is_unknown(each) for each in flat(value)):
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
        return value if dtype_of(value) == dtype else self.keep(self.ops.cast(value, dtype), value)

    def static(self, value: Any) -> Any:
        """A list or number that must be known before the model is called."""
        if any(self.is_tensor(each) or is_unknown(each) for each in flat(value)):
            raise ValueError("an argument depends on the sizes of what the model is called on")
        if isinstance(value, np.ndarray):
            return value.tolist()
        return _map(lambda each: each.item() if hasattr(each, "item") else each, value)

    def sizes(self, value: Any) -> list[Any]:
        """A shape as a list of numbers and Sizes."""
        if self.is_tensor(value):
            raise ValueError("a shape is computed when the model is called")
        found = [leaf for each in flat(value) for leaf in flat(_as_list(each))]
        if any(self.is_tensor(each) for each in found):
            raise ValueError("a shape is computed when the model is called")
        return [each if is_unknown(each) else int(each) for each in found]

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
            function = function_of(str(settings["function"]))
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
        function, renamed = function_of_node(node["op"])
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
        values = list(flat([given, arguments]))
        tensors = list({id(each): each for each in values if self.is_tensor(each)}.values())
        if not tensors or any(map(is_unknown, values)):
            return function(self, *given, **arguments)
        inputs = {id(t): self.keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in tensors}
        for each in tensors:
            if self.has_batch(each):
                self.starts_with_batch(inputs[id(each)])
        given, arguments = _map(lambda each: inputs.get(id(each), each), [given, arguments])
        results = function(self, *given, **arguments)
        if not all(map(self.is_tensor, flat(results))):
            return results
        inside = self.keras.Model(list(inputs.values()), results)
        if len(inside.operations) <= len(inputs) + 1:
            back = {id(inputs[id(each)]): each for each in tensors}
            given, arguments = _map(lambda each: back.get(id(each), each), [given, arguments])
            return function(self, *given, **arguments)
        inside.name = self._new_name(name)
        outputs = inside(tensors)
        for result, output in zip(flat(results), flat(outputs)):
            if self.has_batch(result):
                self.starts_with_batch(output)
        return outputs

    def _rename(self, result: Any, name: str) -> None:
        """Names what is new in the graph after the layer that it was.

        Keras's names for operations are those that Keras 2 gave to layers such as `add`.
        """
        queue = [each for each in flat(result) if self.is_tensor(each)]
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


def dtype_of(value: Any) -> str:
    dtype = value.dtype
    return str(getattr(dtype, "name", dtype))


def type_name(value: Any) -> str:
    """The name of a type: TensorFlow's `tf.int32`, NumPy's, or one in words."""
    return str(value).replace("DT_", "").lower() if value is not None else ""


DTYPES = {"float": "float32", "double": "float64", "half": "float16"}


def _attribute(value: dict[str, Any]) -> Any:
    """An attribute of a node, from the JSON of its protocol buffer."""
    if not value:
        return None
    (kind, found), *_ = value.items()
    if kind == "type":
        name = type_name(found)
        return DTYPES.get(name, name)
    if kind == "i":
        return int(found)
    if kind == "s":
        return base64.b64decode(found).decode("utf-8")
    if kind == "list":
        return [_attribute({key: each}) for key, every in found.items() for each in every]
    return found
