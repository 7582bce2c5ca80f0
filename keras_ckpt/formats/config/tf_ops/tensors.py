"""TensorFlow's operations in functional models of Keras 2, by the operations of Keras 3.

Keras 2 wrote `x * 2.0` and `tf.reshape(x, (-1, 8))` as layers: `TensorFlowOpLayer` with a node of
TensorFlow's graph up to TF 2.3, `TFOpLambda` with the name of a function from 2.4 on. Here they
become calls of `keras.ops`, which Keras 3 has as nodes of its own in the graph of a model. Only
what is registered is called; no name in a file is ever looked up anywhere else.
"""

from __future__ import annotations

import base64
import json
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Tuple, TypeVar, Union

import numpy as np

from keras_ckpt._typing import Config, Tensor
from keras_ckpt.formats.config.tf_ops.registration import Function, function_of, function_of_node

if TYPE_CHECKING:
    from typing import Protocol
else:  # Python 3.7 has none.
    Protocol = object

#: The sizes of the axes, `None` for those that are known only when the model is called.
Shape = Tuple[Union[int, None], ...]
_Result = TypeVar("_Result")


class Array(Protocol):
    """A tensor of Keras, or an array of NumPy."""

    @property
    def shape(self) -> Shape: ...

    @property
    def dtype(self) -> object: ...

    def __getitem__(self, key: Any) -> Any: ...


#: The layers that hold operations.
CLASSES = frozenset(["TensorFlowOpLayer", "TFOpLambda", "SlicingOpLambda"])
# Those that call a method or read an attribute of a tensor of a kind that Keras 3 does not have.
_OF_OBJECTS = frozenset(["ClassMethod", "InstanceMethod", "InstanceProperty"])


def is_operation(config: Config) -> bool:
    """Returns whether the layer that is described holds an operation of TensorFlow.

    Args:
        config: Dict with `class_name` and `config`.

    Raises:
        ValueError: if it calls a method of a tensor, which Keras 3 has nothing for.
    """
    if config["class_name"] in _OF_OBJECTS:
        settings = config["config"]
        what = [settings[key] for key in sorted(settings) if key in ("cls_ref", "cls_symbol")]
        what += [settings[key] for key in ("method_name", "attr_name") if key in settings]
        method = ".".join(map(str, what)) or config["class_name"]
        raise ValueError(
            f"its layer {settings.get('name')!r} holds {method} of TensorFlow, which is not known "
            "to keras_ckpt"
        )
    return config["class_name"] in CLASSES


class Size:
    """The size of an axis that is known only when the model is called.

    Args:
        make: returns it as a tensor of Keras.
        row: returns a tensor of ones that has only this axis. `None` if no tensor has it.
        is_batch: whether it is the size of the batch.
    """

    def __init__(
        self,
        make: Callable[[], Tensor],
        row: Callable[[], Tensor] | None = None,
        is_batch: bool = False,
    ) -> None:
        self.make = make
        self.row = row
        self.is_batch = is_batch

    def _with(self, other: int | Size, compute: Callable[[Tensor, Tensor], Tensor]) -> Size:
        def make() -> Tensor:
            return compute(self.make(), other.make() if isinstance(other, Size) else int(other))

        return Size(make)

    def __add__(self, other: int | Size) -> Size:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __mul__(self, other: int | Size) -> Size:
        if other == 1:
            return self
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __sub__(self, other: int | Size) -> Size:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: int | Size) -> Size:
        return self._with(other, lambda a, b: b - a)

    def __floordiv__(self, other: int | Size) -> Size:
        return self._with(other, lambda a, b: a // b)

    def __mod__(self, other: int | Size) -> Size:
        return self._with(other, lambda a, b: a % b)


def any_unknown(*values: object) -> bool:
    """Returns whether there is a `Size` in the values."""
    return any(isinstance(each, Size) for each in flat(values))


def flat(value: object) -> Iterator[Any]:
    """Yields the values in nested lists, dicts and arrays of objects."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from flat(each)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        yield from value.ravel()
    else:
        yield value


def _as_list(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _map(function: Callable[[Any], object], value: object) -> Any:
    """Applies `function` to each value in nested lists and dicts; tuples become lists."""
    if isinstance(value, dict):
        return {name: _map(function, each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map(function, each) for each in value]
    return function(value)


def constant(value: object) -> object:
    """Returns a constant from its description: slices, arrays and ellipses are made."""
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
        raise ValueError(f"an argument is a {name}, which keras_ckpt does not read")
    return {key: constant(each) for key, each in value.items()}


class Operations:
    """Makes the calls of operations in a functional model.

    Args:
        keras: the running Keras 3.
        names: the names of the layers of the model, which its operations must not take.
        as_one: whether an operation of TensorFlow that takes several of Keras's becomes a model
            inside the model, so that it counts as one when layers are put in order.
    """

    def __init__(self, keras: ModuleType, names: Iterable[str], as_one: bool = False) -> None:
        self.keras = keras
        self.ops = keras.ops
        self._names = set(names)
        self._called: set[str] = set()
        self._as_one = as_one
        # By their ids, which stay theirs while the objects are kept here.
        self._seen: dict[int, object] = {}
        self._with_batch: dict[int, object] = {}

    # ------------------------------------------------ values

    def is_tensor(self, value: object) -> bool:
        """Returns whether it is a tensor: a value known only when the model is called."""
        return isinstance(value, self.keras.KerasTensor)

    def any_tensor(self, *values: object) -> bool:
        """Returns whether there is a tensor in the values."""
        return any(self.is_tensor(each) for each in flat(values))

    def keep(self, result: _Result, *sources: object) -> _Result:
        """Returns the result, and notes that its first axis is the batch if a source's is."""
        for each in flat(list(sources)):
            if id(each) in self._with_batch and len(each.shape) == len(static_shape(result)):
                self._with_batch[id(result)] = result
        return result

    def starts_with_batch(self, *tensors: object) -> None:
        """Notes that the first axis of the tensors is the batch, as for all layers of Keras."""
        for each in flat(list(tensors)):
            if self.is_tensor(each) and len(each.shape):
                self._with_batch[id(each)] = each

    def has_batch(self, tensor: object) -> bool:
        """Returns whether the first axis of a tensor is known to be the batch."""
        return id(tensor) in self._with_batch

    def array(self, value: object) -> Tensor:
        """Returns a constant as an array of the type that TensorFlow gives it.

        An array with a `Size` in it has the type `object`. Tensors are returned as they are.
        """
        if isinstance(value, (np.ndarray, self.keras.KerasTensor)):
            return value
        if isinstance(value, (list, tuple)) and self.any_tensor(value):
            return self.ops.stack([self.tensor(each) for each in value], axis=0)
        if any_unknown(value):
            return np.asarray(value, object)
        array = np.asarray(value)
        narrow = {"float64": "float32", "int64": "int32"}
        return array.astype(narrow.get(array.dtype.name, array.dtype))

    def tensor(self, value: object) -> Tensor:
        """Returns a value as the operations of Keras take it: a tensor, or an array of numbers."""
        if isinstance(value, Size):
            return value.make()
        array = self.array(value)
        if not isinstance(array, np.ndarray) or array.dtype != object:
            return array
        if array.ndim == 0:
            item = array.item()
            return item.make() if isinstance(item, Size) else np.int32(item)
        return self.ops.stack([self.tensor(each) for each in array], axis=0)

    def like(self, value: Any, dtype: str) -> Any:
        """Returns an operand in the type of the other one.

        Args:
            value: a tensor, an array, or a number, which stays a number of Python.
            dtype: String, the type.
        """
        if any_unknown(value):
            value = self.tensor(value)
        if self.is_tensor(value):
            return self.cast(value, dtype)
        if np.ndim(value) == 0:
            kind = float if "float" in dtype else (bool if dtype == "bool" else int)
            return kind(value)
        return np.asarray(value, "float32" if dtype == "bfloat16" else dtype)

    def cast(self, value: object, dtype: str) -> Tensor:
        """Returns the value in a type; if it has that, the value itself."""
        if not isinstance(value, self.keras.KerasTensor):
            return np.asarray(value, dtype)
        return value if dtype_of(value) == dtype else self.keep(self.ops.cast(value, dtype), value)

    def static(self, value: object) -> Any:
        """Returns a list or number that must be known before the model is called.

        Raises:
            ValueError: if it is not known then.
        """
        if self.any_tensor(value) or any_unknown(value):
            raise ValueError("an argument depends on the sizes of what the model is called on")
        if isinstance(value, np.ndarray):
            return value.tolist()
        return _map(lambda each: each.item() if hasattr(each, "item") else each, value)

    def sizes(self, value: object) -> list[int | Size]:
        """Returns the sizes in a shape.

        Raises:
            ValueError: if the shape is the value of a tensor.
        """
        if self.is_tensor(value):
            raise ValueError("a shape is computed when the model is called")
        found = [leaf for each in flat(value) for leaf in flat(_as_list(each))]
        if any(self.is_tensor(each) for each in found):
            raise ValueError("a shape is computed when the model is called")
        return [each if isinstance(each, Size) else int(each) for each in found]

    def shape_of(self, tensor: Array) -> list[int | Size]:
        """Returns the sizes of the axes of a tensor."""

        def size(axis: int) -> Size:
            def row() -> Tensor:
                key = tuple(slice(None) if each == axis else 0 for each in range(rank))
                return self.ops.ones_like(tensor[key], dtype="int32")

            is_batch = axis == 0 and self.has_batch(tensor)
            return Size(lambda: self.ops.sum(row()), row, is_batch)

        rank = len(tensor.shape)
        return [size(i) if each is None else each for i, each in enumerate(tensor.shape)]

    def apply(self, name: str, *arguments: object, **named: object) -> Tensor:
        """Returns the result of an operation of Keras 3; if nothing is a tensor, an array.

        Args:
            name: String, the operation: its name in `keras.ops`.
            arguments: the arguments of the operation.
            named: the same.
        """
        if self.any_tensor(list(arguments), named):
            return getattr(self.ops, name)(*arguments, **named)
        if hasattr(np, name):
            return np.asarray(getattr(np, name)(*arguments, **named))
        return self.ops.convert_to_numpy(getattr(self.ops, name)(*arguments, **named))

    def layer(self, kind: str, x: object, *arguments: object) -> Tensor:
        """Returns the result of a layer of Keras for a tensor.

        Args:
            kind: String, the class of the layer.
            x: the tensor.
            arguments: the arguments of the class.
        """
        return getattr(self.keras.layers, kind)(*arguments, name=self._new_name(kind.lower()))(x)

    # ------------------------------------------------ calls

    def call(self, config: Config, given: object, arguments: dict[str, object]) -> object:
        """Returns the results of an operation: tensors, or constants if it takes no tensor.

        Args:
            config: the description of the layer that holds the operation.
            given: the first argument; for a `TensorFlowOpLayer`, the list of its tensors.
            arguments: the other arguments, by name.

        Raises:
            ValueError: if the operation is not known.
        """
        settings = config["config"]
        name = str(config.get("name") or settings["name"])
        if config["class_name"] == "TensorFlowOpLayer":
            function, operands, named = self._node(settings, given)
        else:
            function = function_of(str(settings["function"]))
            operands = [constant(given)]
            named = {key: constant(value) for key, value in arguments.items() if key != "name"}
        if name not in self._called:
            self._called.add(name)
            self._names.discard(name)
        if self._as_one:
            result = self._in_a_model(function, name, operands, named)
        else:
            result = function(self, *operands, **named)
        self._rename(result, name)
        return result

    def _node(
        self, settings: Config, given: object
    ) -> tuple[Function, list[object], dict[str, object]]:
        """Returns the function, the operands and the other arguments of a node."""
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
        self, function: Function, name: str, given: list[object], arguments: dict[str, object]
    ) -> object:
        """Returns the results of an operation, as those of a model if it is several of Keras's."""
        values = list(flat([given, arguments]))
        tensors = list({id(each): each for each in values if self.is_tensor(each)}.values())
        if not tensors or any_unknown(values):
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

    def _rename(self, result: object, name: str) -> None:
        """Names the new operations in the graph after the layer that they stand for.

        The names that Keras gives them, such as `add`, are those that Keras 2 gave to layers.
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
            unique = f"{name}.{number}"
        self._names.add(unique)
        return unique


def _clean(name: str) -> str:
    # Names in Keras 3 have no slash; in Keras 2 they have, from the scopes of TensorFlow.
    return name.replace("/", ".")


def dtype_of(value: Array) -> str:
    """Returns the name of the type of a tensor or array."""
    dtype = value.dtype
    return str(getattr(dtype, "name", dtype))


def static_shape(value: object) -> Shape:
    """Returns the shape of a tensor, an array, a number, or a nested list of numbers."""
    found = getattr(value, "shape", None)
    return tuple(np.asarray(value, object).shape if found is None else found)


def type_name(value: object) -> str:
    """Returns the name of a type that is given as TensorFlow's, NumPy's, or by a name."""
    return str(value).replace("DT_", "").lower() if value is not None else ""


DTYPES = {"float": "float32", "double": "float64", "half": "float16"}


def _attribute(value: Config) -> object:
    """Returns an attribute of a node, from the JSON of its protocol buffer."""
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
