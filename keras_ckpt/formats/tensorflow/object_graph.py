"""The graph of objects in a TensorFlow checkpoint, and how a Keras model looks in it.

TensorFlow finds a variable by the names on the way to it from the model: `layer_with_weights-0`,
then `kernel`. The names are those that the layers had in Keras 2; most are still the same.
"""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

from keras_ckpt import runtime
from keras_ckpt._typing import Layer, Model, Optimizer, Variable
from keras_ckpt.formats.assignment import variable_name
from keras_ckpt.formats.config import beside_variables, optimizer_state, vocabularies
from keras_ckpt.formats.tensorflow import protobuf

KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
#: Under which name an optimizer for mixed precision had its scale of the loss.
LOSS_SCALE = "loss_scale"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_ESCAPED = {"..": ".", ".S": "/"}

# What Keras 2 called a variable that has another name in Keras 3, by the class that makes it.
_RENAMED: dict[str, dict[str, str]] = {
    "BaseDepthwiseConv": {"kernel": "depthwise_kernel"},
}

# Where Keras itself keeps layers and variables that the user's attributes hold already.
_BOOKKEEPING = frozenset(
    [
        "_compile_metrics",
        "_functional",
        "_layers",
        "_loss_tracker",
        "_metrics",
        "_modules",
        "_non_trainable_variables",
        "_tracked",
        "_tracker",
        "_trainable_variables",
        "_variables",
        "optimizer",
    ]
)


class Node:
    """An object of a model: what it holds by name, or the variable that it is.

    Attributes:
        children: nodes by name; one may be there under several.
        variable: the Keras variable, if it is one.
        dtype: the type that it has in files, if not its own.
        layers: of a model in which Keras 2 counted more layers as those with weights, all of them.
        in_order: of a Sequential, all its layers.
        is_metric: whether it is a metric, which Keras 2 took for a part of its model.
        keeping: the layer, if it keeps something beside its variables, such as a table.
    """

    def __init__(self, variable: Variable | None = None, dtype: str | None = None) -> None:
        self.children: dict[str, Node] = {}
        self.variable = variable
        self.dtype = dtype
        self.layers: list[Node] = []
        self.in_order: list[Node] = []
        self.keeping: Layer | None = None
        self.is_metric = False

    def nodes(self) -> Iterator[tuple[tuple[str, ...], Node]]:
        """Yields each node once with the shortest way to it, nearest first."""
        seen = {id(self)}
        queue: list[tuple[tuple[str, ...], Node]] = [((), self)]
        for way, node in queue:
            yield way, node
            further = list(node.children.items())
            further += [(f"layer-{number}", child) for number, child in enumerate(node.layers)]
            for name, child in further:
                if id(child) not in seen:
                    seen.add(id(child))
                    queue.append((way + (name,), child))


class StoredNode(NamedTuple):
    """An object in a checkpoint: what it holds by name, and the key of its value if it has one.

    If it is a table, `table` is what the keys of its keys and values begin with.
    """

    children: dict[str, int]
    key: str | None
    slots: list[tuple[int, str, int]]
    table: str | None = None


def _escape(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


def key_of(way: tuple[str, ...]) -> str:
    """Returns the name of the tensor of the variable that is found by the names in `way`."""
    return "/".join(_escape(name) for name in way) + _VALUE


def way_of(key: str) -> str:
    """Returns the way to a variable, with slashes, from the name of its tensor."""
    if not key.endswith(_VALUE):
        return key
    return re.sub(r"\.[.S]", lambda found: _ESCAPED[found.group()], key[: -len(_VALUE)])


def dump(root: Node) -> tuple[bytes, dict[str, Node]]:
    """Returns the encoded graph, and the variables by the key of their tensor."""
    found = list(root.nodes())
    numbers = {id(node): number for number, (_, node) in enumerate(found)}
    variables: dict[str, Node] = {}
    out = []
    for way, node in found:
        encoded = b"".join(
            protobuf.bytes_field(
                1,
                protobuf.int_field(1, numbers[id(child)]) + protobuf.bytes_field(2, name),
            )
            for name, child in node.children.items()
        )
        if node.variable is not None:
            key = key_of(way)
            variables[key] = node
            encoded += protobuf.bytes_field(
                2,
                protobuf.bytes_field(1, "VARIABLE_VALUE")
                + protobuf.bytes_field(2, variable_name(node.variable))
                + protobuf.bytes_field(3, key),
            )
        out.append(protobuf.bytes_field(1, encoded))
    return b"".join(out), variables


def load(data: bytes) -> list[StoredNode]:
    """Returns the objects of an encoded graph; the first is the root.

    Raises:
        ValueError: if it is damaged.
    """
    nodes = []
    for encoded in protobuf.get_all(protobuf.parse(data), 1):
        fields = protobuf.parse(encoded)
        children = {}
        for part in protobuf.get_all(fields, 1):
            child = protobuf.parse(part)
            children[protobuf.get_text(child, 2)] = protobuf.get_int(child, 1)
        key = table = None
        for part in protobuf.get_all(fields, 2):
            attribute = protobuf.parse(part)
            kind = protobuf.get_text(attribute, 1)
            if kind == "VARIABLE_VALUE":
                key = protobuf.get_text(attribute, 3)
            elif kind.startswith("table"):
                table = protobuf.get_text(attribute, 3)
        slots = []
        for part in protobuf.get_all(fields, 3):
            slot = protobuf.parse(part)
            number, variable = protobuf.get_int(slot, 1), protobuf.get_int(slot, 3)
            slots.append((number, protobuf.get_text(slot, 2), variable))
        nodes.append(StoredNode(children, key, slots, table))
    for node in nodes:
        numbers = list(node.children.values())
        numbers += [number for first, _, second in node.slots for number in (first, second)]
        if any(number >= len(nodes) for number in numbers):
            raise ValueError("an object refers to one that is not there")
    if not nodes:
        raise ValueError("it has no objects")
    return nodes


def _attributes(owner: Layer) -> Iterator[tuple[str, object]]:
    for name, value in list(vars(owner).items()):
        if name not in _BOOKKEEPING and not name.startswith("_self_"):
            yield name, value
    # On PyTorch a layer is a module, which keeps the layers in it apart from its attributes.
    for name, value in list(vars(owner).get("_modules", {}).items()):
        if name not in _BOOKKEEPING:
            yield name, value


class _Builder:
    def __init__(self, model: Model) -> None:
        keras = runtime.keras()
        self._layer_class = keras.layers.Layer
        self._sequential = keras.Sequential
        self._metric = keras.metrics.Metric
        # Not what random layers and metrics keep: Keras 2 had none of it in its checkpoints.
        self._weights = {id(variable): variable for variable in model.weights}
        self._made: dict[int, Node] = {}

    def layer(self, layer: Layer) -> Node:
        if id(layer) in self._made:
            return self._made[id(layer)]
        node = self._made[id(layer)] = Node()
        if type(layer).__name__ in beside_variables.LAYERS:
            node.keeping = layer
        if isinstance(layer, self._sequential) or hasattr(layer, "_operations_by_depth"):
            self._graph_network(node, layer)
        renamed = {
            old: new
            for cls in type(layer).__mro__
            for old, new in _RENAMED.get(cls.__name__, {}).items()
        }
        for name, value in _attributes(layer):
            child = self._value(value)
            if child is not None:
                if child.variable is not None and name == "_" + child.variable.name:
                    name = name[1:]
                node.children.setdefault(renamed.get(name, name), child)
        self._unnamed(node, layer, renamed)
        if any(cls.__name__ == "BatchNormalization" for cls in type(layer).__mro__):
            self._widen(layer)
        return node

    def _widen(self, layer: Layer) -> None:
        """Stores a layer's numbers in 32 bits, as Keras 2 kept them whatever the layer's type."""
        for variable in layer._trainable_variables + layer._non_trainable_variables:
            if str(variable.dtype) in ("float16", "bfloat16"):
                self._variable(variable).dtype = "float32"

    def _graph_network(self, node: Node, model: Model) -> None:
        if any(type(layer).__name__ in beside_variables.LAYERS for layer in model.layers):
            node.layers = [self.layer(layer) for layer in model.layers]
        with_weights = 0
        for layer in model.layers:
            if layer.weights:
                node.children[f"layer_with_weights-{with_weights}"] = self.layer(layer)
                with_weights += 1
        if isinstance(model, self._sequential):
            # Releases of Keras 2 disagree on whether the input counts as a layer here. A reader
            # that counts otherwise would take one layer for another, so leave these names out.
            node.in_order = [self.layer(layer) for layer in model.layers]
            return
        for number, layer in enumerate(model.layers):
            node.children[f"layer-{number}"] = self.layer(layer)

    def _unnamed(self, node: Node, layer: Layer, renamed: dict[str, str]) -> None:
        """Adds what no attribute leads to, and each variable under its own name as Keras 2 did."""
        held = {id(each) for _, each in node.nodes()}
        for sub in getattr(layer, "_layers", []):
            if sub.weights and sub is not getattr(layer, "_functional", None):
                child = self.layer(sub)
                if id(child) not in held:
                    node.children.setdefault(sub.name, child)
        for variable in layer._trainable_variables + layer._non_trainable_variables:
            if id(variable) in self._weights:
                name = renamed.get(variable.name, variable.name)
                node.children.setdefault(name, self._variable(variable))

    def _variable(self, variable: Variable) -> Node:
        return self._made.setdefault(id(variable), Node(variable))

    def _value(self, value: object) -> Node | None:
        if id(value) in self._weights:
            return self._variable(value)
        if isinstance(value, self._layer_class):
            return self.layer(value)
        if isinstance(value, self._metric):
            found = self._made.setdefault(id(value), Node())
            found.is_metric = True
            return found
        items: list[tuple[object, object]] = []
        if isinstance(value, (list, tuple)):
            items = list(enumerate(value))
        elif isinstance(value, dict):
            items = list(value.items())
        node = Node()
        for name, item in items:
            child = self._value(item) if item is not value else None
            if child is not None:
                node.children[str(name)] = child
        return node if node.children else None


def _optimizer(optimizer: Optimizer) -> Node:
    node = Node()
    variables = list(optimizer.variables)
    made = {id(variable): Node(variable) for variable in variables}
    iterations = made.get(id(optimizer.iterations))
    rate = getattr(optimizer, "_learning_rate", None)
    for name, value in vars(optimizer).items():
        if name in _BOOKKEEPING or not isinstance(value, (list, tuple)):
            continue
        items = {str(i): made[id(item)] for i, item in enumerate(value) if id(item) in made}
        if items and name not in ("_variables", "_trainable_variables"):
            node.children[name] = child = Node()
            child.children = items
    every = Node()
    if iterations is not None:
        iterations.dtype = "int64"
        node.children["_iterations"] = every.children["0"] = iterations
    if id(rate) in made:
        node.children["_learning_rate"] = made[id(rate)]
    # Nadam had its product before its slots up to Keras 3.9. In Keras 2 it is none of them.
    product = getattr(optimizer, "_u_product", None)
    for variable in sorted(variables, key=lambda each: each is product):
        if variable is not rate and variable is not optimizer.iterations:
            every.children[str(len(every.children))] = made[id(variable)]
    node.children["_variables"] = every
    return node


def describe(model: Model) -> Node:
    """Returns the objects of a Keras 3 model under the names that Keras 2 would give them.

    The optimizer is among them, as `optimizer`, if the model has one with variables.
    """
    root = _Builder(model).layer(model)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        root.children["optimizer"] = node = _optimizer(optimizer_state.inner(optimizer))
        scale = optimizer_state.loss_scale(optimizer)
        if scale:
            node.children[LOSS_SCALE] = state = Node()
            state.children = {name: Node(variable) for name, variable in scale.items()}
            state.children[optimizer_state.GOOD_STEPS].dtype = "int64"
    return root


class Match(NamedTuple):
    """Which variable of a model gets which tensor of a checkpoint, and which layer which table."""

    found: dict[int, tuple[Node, str]]
    missing: list[str]
    unused: list[str]
    tables: list[tuple[Layer, str]] = []
    beside: list[tuple[Layer, str, str]] = []


def match(node: Node, stored: list[StoredNode], start: int) -> Match:
    """Returns the variables under `node` with their keys, found by the same names from `start`."""
    bound: dict[int, int] = {id(node): start}
    queue = [node]
    for current in queue:
        names = stored[bound[id(current)]].children
        for name, child in _named_children(current, names):
            if name in names and id(child) not in bound:
                bound[id(child)] = names[name]
                queue.append(child)
    found: dict[int, tuple[Node, str]] = {}
    missing = []
    for _, each in node.nodes():
        if each.variable is None:
            continue
        key = stored[bound[id(each)]].key if id(each) in bound else None
        if key is None:
            missing.append(variable_name(each.variable))
        else:
            found[id(each.variable)] = (each, key)
    below = [
        (each.keeping, under)
        for _, each in node.nodes()
        if each.keeping is not None and id(each) in bound
        for under in _under(stored, bound[id(each)])
    ]
    tables = [(layer, under.table) for layer, under in below if under.table is not None]
    beside = [
        (layer, name, key)
        for layer, under in below
        for name, child in under.children.items()
        if beside_variables.takes(layer, name)
        for key in [stored[child].key]
        if key is not None
    ]
    taken = {key for _, key in found.values()} | {key for _, _, key in beside}
    others = set(_keys(stored, start)) - set(_not_weights(stored, start))
    for _, each in node.nodes():
        if each.is_metric and id(each) in bound:
            others -= {under.key for under in _under(stored, bound[id(each)]) if under.key}
    return Match(found, missing, sorted(others - taken), tables, beside)


def _named_children(node: Node, names: dict[str, int]) -> list[tuple[str, Node]]:
    """Returns the nodes under a node, with the names that they have in a checkpoint.

    Args:
        node: the node.
        names: the names in the checkpoint.
    """
    children = list(node.children.items())
    layers = node.layers
    if not any(name.startswith("layer_with_weights-") for name in names):
        # TensorFlow 2.0 had no other names for a Sequential that was made without an input.
        layers = layers or node.in_order
    if not layers:
        return children
    # Releases disagree on whether the input of a Sequential counts as a layer.
    count = sum(bool(re.fullmatch(r"layer-\d+", name)) for name in names)
    first = count - len(layers)
    if first not in (0, 1):
        return children
    by_number = [(f"layer-{first + i}", child) for i, child in enumerate(layers)]
    return by_number + [each for each in children if not each[0].startswith("layer_with_weights-")]


def _under(stored: list[StoredNode], start: int) -> Iterator[StoredNode]:
    """Yields an object of a checkpoint, and those under it."""
    seen = {start}
    queue = [start]
    for number in queue:
        yield stored[number]
        for child in stored[number].children.values():
            if child not in seen:
                seen.add(child)
                queue.append(child)


# What a checkpoint holds in addition to the weights of the model.
_NOT_WEIGHTS = frozenset(
    ["optimizer", "keras_api", "save_counter", "signatures", "loss", "metrics", "_metrics"]
)
# And what its layers do: the state of random numbers, of the last batch, of counting words.
_NOT_WEIGHTS_OF_LAYERS = frozenset(
    [
        "_random_generator",
        "_rng",
        "keras_api",
        "num_documents",
        "states",
        vocabularies.TOKEN_WEIGHTS,
    ]
)


# The children of an optimizer. Which they are depends on the release, and on its arguments.
_OF_OPTIMIZERS = ({"_iterations"}, {"iter", "decay"}, {"iter", "learning_rate"})


def is_optimizer(node: StoredNode) -> bool:
    """Returns whether an object of a checkpoint is an optimizer, whatever its name.

    Args:
        node: the object.
    """
    return bool(node.slots) or any(each <= set(node.children) for each in _OF_OPTIMIZERS)


def _not_weights(stored: list[StoredNode], start: int) -> Iterator[str | None]:
    """Yields what a model holds beside weights, which a SavedModel lists among its variables.

    TensorFlow 2.9 counted the state of an optimizer of `optimizers.experimental` as well.
    """
    for each in _under(stored, start):
        for name, child in each.children.items():
            if name in _NOT_WEIGHTS_OF_LAYERS:
                yield stored[child].key
            elif is_optimizer(stored[child]):
                yield from (below.key for below in _under(stored, child))


def _keys(stored: list[StoredNode], start: int) -> Iterator[str]:
    seen: set[int] = {start}
    queue = [start]
    for number in queue:
        key = stored[number].key
        if key is not None:
            yield key
        for name, child in stored[number].children.items():
            if number == start and name in _NOT_WEIGHTS:
                continue
            if name in _NOT_WEIGHTS_OF_LAYERS or is_optimizer(stored[child]):
                continue
            if child not in seen:
                seen.add(child)
                queue.append(child)
