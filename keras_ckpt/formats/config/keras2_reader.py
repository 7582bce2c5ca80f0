"""Makes models from the descriptions that Keras 2 wrote to HDF5 files and SavedModels.

Keras 3 reads some of these descriptions. This module reads them for what they meant, layer by
layer: it knows which arguments Keras 3 removed, which of them never mattered, and how Keras 2
counted the calls of a layer that is used more than once.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any, Iterator, List, NamedTuple, Sequence, Union

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Layer, Model, Tensor
from keras_ckpt.formats.config import making, tf_ops

_MODELS = ("Functional", "Model", "Sequential")
# Arguments that Keras 3 does not have and does not need.
_WITHOUT_MEANING = frozenset(
    [
        "batch_input_shape",
        "build_config",
        "build_input_shape",
        "implementation",
        "input_length",
        "key_shape",
        "query_shape",
        "value_shape",
    ]
)
# Depthwise and separable convolutions listed the arguments of the convolution that they are made
# from, beside their own.
_OF_THE_BASE = frozenset(
    ["filters", "kernel_constraint", "kernel_initializer", "kernel_regularizer"]
)
# Arguments that Keras 3 may lack, with the values at which they do nothing.
_NEUTRAL: dict[str, tuple[object, ...]] = {"groups": (1,), "renorm_momentum": (0.99,)}
_RENAMED: dict[str, dict[str, str]] = {"LeakyReLU": {"alpha": "negative_slope"}}
# What stands in a reference in the place of a layer's name, and before a value.
_CONSTANT = "_CONSTANT_VALUE"

#: The call of a layer: the tensors that it is called on, each with the other arguments; or, for
#: the layers that take a dict, these by name.
Node = Union[Config, List[Any]]


class Reference(NamedTuple):
    """Where a tensor comes from.

    Attributes:
        layer: the name of the layer.
        call: the number of the call of this layer.
        output: the number of the output of this call.
    """

    layer: str
    call: int
    output: int


def _unknown(name: str) -> ValueError:
    return ValueError(f"the class {name!r} is not known")


def model_from_config(
    config: Config, custom_objects: CustomObjects | None = None, safe_mode: bool = True
) -> Model:
    """Returns the model that Keras 2 described, with new weights.

    Args:
        config: Dict with `class_name` and `config`, as in the attribute `model_config` of HDF5
            files.
        custom_objects: Dict of the user's classes and functions by the names in the description.
            Defaults to `None`.
        safe_mode: Boolean, whether to refuse code in the description (`Lambda` layers). Defaults
            to `True`.

    Raises:
        ValueError: if a class is not known, or the running Keras cannot make the model.
    """
    # A user's layer may name other objects of the user's, which Keras looks for in this scope.
    with runtime.keras().saving.custom_object_scope(custom_objects or {}):
        return _Reader(custom_objects or {}, safe_mode).model(config)


def make(path: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool) -> Model:
    """Returns the model that Keras 2 described in a checkpoint, with new weights.

    Args:
        path: String, the checkpoint.
        config: as for `model_from_config`.
        custom_objects: as for `model_from_config`.
        safe_mode: as for `model_from_config`.

    Raises:
        UnsupportedModel: if a class is not known, or the running Keras cannot make the model.
    """
    with making.from_description(path):
        return model_from_config(config, custom_objects, safe_mode)


def _reference(value: object) -> Reference | None:
    """Returns what a list refers to, or None if it is not a reference."""
    if isinstance(value, (list, tuple)) and len(value) == 3:
        layer, call, output = value
        if isinstance(layer, str) and isinstance(call, int) and isinstance(output, int):
            return Reference(layer, call, output)
    return None


class _Reader:
    """Makes layers and models from their descriptions.

    Args:
        custom_objects: the user's classes and functions by the names in the descriptions.
        safe_mode: whether to refuse code in them.
    """

    def __init__(self, custom_objects: CustomObjects, safe_mode: bool) -> None:
        self.keras: ModuleType = runtime.keras()
        self.custom: dict[str, Any] = dict(self.keras.saving.get_custom_objects(), **custom_objects)
        self.safe_mode = safe_mode

    # ------------------------------------------------ objects

    def _own_class(self, config: Config) -> type[Layer] | None:
        """Returns the user's class of that name, or None."""
        name = str(config["class_name"])
        for each in (config.get("registered_name"), name, name.split(">")[-1]):
            # Also finds what a `custom_object_scope` names.
            found: type[Layer] | None = (
                self.keras.saving.get_registered_object(each, self.custom) if each else None
            )
            if found is not None:
                return found
        return None

    def _class(self, config: Config, *modules: str) -> type[Layer]:
        """Returns the user's class of that name, or Keras's in one of its modules."""
        own = self._own_class(config)
        if own is not None:
            return own
        name = str(config["class_name"])
        for module in modules:
            found: type[Layer] | None = getattr(getattr(self.keras, module), name, None)
            if found is not None:
                return found
        raise _unknown(name)

    def value(self, value: object) -> object:
        """Returns an argument of a layer, with the objects that are described in it."""
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            # It may be the name of a function of the user's, as a rule an activation.
            return self.custom.get(value, value) if isinstance(value, str) else value
        if "class_name" not in value:
            return {name: self.value(each) for name, each in value.items()}
        name = value["class_name"]
        config = value.get("config")
        if name in ("__lambda__", "__tuple__", "__numpy__", "__ellipsis__"):
            return self._special(name, value)
        if name == "TensorShape":
            return tuple(value["items"])
        if name == "function":
            # This is how Keras 3 describes a function of the user's.
            return self.value(config)
        if str(name).startswith("Policy"):
            return value["config"]["name"]
        if name in _MODELS or hasattr(self.keras.layers, name):
            return self.layer(value)
        cls = self._class(value, "initializers", "regularizers", "constraints")
        return self._make(cls, dict(config or {}), cls is self._own_class(value))

    def _shape(self, value: object) -> tuple[int | None, ...]:
        """Returns a shape, which is described as a list or as a `TensorShape`."""
        shape = self.value(value)
        if not isinstance(shape, (list, tuple)):
            raise ValueError(f"{shape!r} is not a shape")
        return tuple(shape)

    def _special(self, name: str, value: Config) -> object:
        """Returns an argument that JSON has no type for."""
        if name == "__tuple__":
            return tuple(self.value(each) for each in value["items"])
        if name == "__numpy__":
            config = value["config"]
            return np.array(config["value"], config["dtype"]).tolist()
        raise ValueError(f"it holds a {name.strip('_')}, which keras_ckpt does not read")

    def _make(self, cls: type[Layer], config: Config, is_own: bool) -> object:
        """Returns an initializer, a regularizer or a constraint."""
        if is_own:
            return cls.from_config(config) if hasattr(cls, "from_config") else cls(**config)
        return cls(**self._known(cls, config, strict=False))

    def _known(self, cls: type[Layer], config: Config, strict: bool = True) -> Config:
        """Returns the arguments that the class has today.

        Raises:
            ValueError: if it is `strict` and an argument that matters is gone.
        """
        names = set()
        for each in cls.__mro__:
            if "__init__" in vars(each):
                names |= set(inspect.signature(vars(each)["__init__"]).parameters)
        names |= {"trainable"}
        kept = {}
        for key, value in config.items():
            key = _RENAMED.get(cls.__name__, {}).get(key, key)
            if key in names:
                kept[key] = value
            elif strict and not self._is_without_meaning(cls, key, value):
                raise ValueError(
                    f"Keras {self.keras.__version__} has no {key}={value!r} of the layer "
                    f"{cls.__name__}"
                )
        return kept

    def _is_without_meaning(self, cls: type[Layer], key: str, value: object) -> bool:
        """Returns whether a layer does the same without an argument."""
        if key in _WITHOUT_MEANING or value in (None, False, [], {}):
            return True
        if key in _OF_THE_BASE:
            return any(text in cls.__name__ for text in ("Depthwise", "Separable"))
        return value in _NEUTRAL.get(key, ())

    # ------------------------------------------------ layers

    def layer(self, config: Config) -> Layer:
        """Returns the layer or the model that is described."""
        name = config["class_name"]
        own = self._own_class(config)
        if own is None and name in _MODELS:
            return self.model(config)
        settings = dict(config["config"])
        if name == "Lambda" and self.safe_mode:
            raise ValueError(
                f"the layer {settings.get('name')!r} is a Lambda, which holds code. Load with "
                "safe_mode=False if you trust the file"
            )
        if own is not None:
            if "layers" in settings and "input_layers" in settings:
                return self._functional(settings, own)
            settings.pop("batch_input_shape", None)
            settings["dtype"] = self.value(settings.get("dtype"))
            return own.from_config(settings)
        cls = self._class(config, "layers")
        if name == "Lambda":
            return cls.from_config(settings, custom_objects=self.custom)
        if name == "BatchNormalization" and isinstance(settings.get("axis"), list):
            (settings["axis"],) = settings["axis"]
        settings = self._known(cls, settings)
        name = settings.pop("name", None)  # May be the name of a class, too.
        return cls(name=name, **{key: self.value(value) for key, value in settings.items()})

    def input(self, settings: Config) -> Tensor:
        """Returns the input that is described."""
        shape = settings.get("batch_input_shape") or settings.get("batch_shape")
        if shape is None:
            raise ValueError(f"the input {settings.get('name')!r} has no shape")
        return self.keras.Input(
            batch_shape=self._shape(shape),
            dtype=self.value(settings.get("dtype")),
            name=settings.get("name"),
            sparse=bool(settings.get("sparse")),
        )

    # ------------------------------------------------ models

    def model(self, config: Config) -> Model:
        """Returns the model that is described."""
        settings = config.get("config")
        name = config["class_name"]
        own = self._own_class(config)
        if name == "Sequential":
            return self._sequential(config["config"], own or self.keras.Sequential)
        if not isinstance(settings, dict) or "input_layers" not in settings:
            if own is not None:
                return own.from_config(dict(settings or {}))
            raise _unknown(str(name))
        if own is None and name not in _MODELS:
            raise _unknown(str(name))
        return self._functional(settings, own or self.keras.Model)

    def _sequential(self, settings: Config | list[Config], cls: type[Model]) -> Model:
        if isinstance(settings, list):
            settings = {"layers": settings}  # Before Keras 2.3.
        model = cls(name=settings.get("name"))
        for number, each in enumerate(settings["layers"]):
            if each["class_name"] == "InputLayer":
                model.add(self.input(each["config"]))
                continue
            shape = each["config"].get("batch_input_shape") if number == 0 else None
            if shape and each["class_name"] not in _MODELS:
                # The dtype of an Embedding is that of its output: its input is of whole numbers.
                dtype = "int32" if each["class_name"] == "Embedding" else None
                model.add(self.keras.Input(batch_shape=tuple(shape), dtype=dtype))
            model.add(self.layer(each))
        if not model.built and settings.get("build_input_shape"):
            model.build(self._shape(settings["build_input_shape"]))
        return model

    def _functional(self, settings: Config, cls: type[Model]) -> Model:
        model = _Graph(self, settings).model(cls)
        return model if model is not None else _Graph(self, settings, as_one=True).model(cls)


class _Graph:
    """The layers of a functional model and their calls.

    A layer is called as soon as all the tensors are there that it is called on.

    Args:
        reader: makes the layers.
        settings: the `config` of the model.
        as_one: as for `tf_ops.Operations`.
    """

    def __init__(self, reader: _Reader, settings: Config, as_one: bool = False) -> None:
        self.reader = reader
        self.as_one = as_one
        self.settings = settings
        self.configs: dict[str, Config] = {self._name(each): each for each in settings["layers"]}
        self.layers: dict[str, Layer] = {}
        #: What each call of a layer returned: tensors, or lists or dicts of them.
        self.tensors: dict[tuple[str, int], object] = {}
        self.first = {name: self._first(name) for name in self.configs}
        self.operations = tf_ops.Operations(reader.keras, self.configs, as_one)

    @staticmethod
    def _name(config: Config) -> str:
        return str(config.get("name") or config["config"]["name"])

    def _first(self, name: str) -> int:
        """Returns the number of a layer's first call.

        That is 1 for a model within the model that has an input, whose call Keras 2 counted.
        """
        config = self.configs[name]
        inside = config["config"]
        if isinstance(inside, dict) and "input_layers" in inside:
            first = 1
        elif config["class_name"] == "Sequential":
            layers = inside if isinstance(inside, list) else inside["layers"]
            start = layers[0] if layers else {"class_name": "", "config": {}}
            is_input = start["class_name"] == "InputLayer"
            first = int(is_input or "batch_input_shape" in start["config"])
        else:
            return 0
        calls = [each.call for each in self._references() if each.layer == name]
        return 0 if 0 in calls else first

    def _references(self) -> Iterator[Reference]:
        """Yields all the references to tensors in the model."""
        for each in self.settings["layers"]:
            yield from _references_in(each.get("inbound_nodes", []))
        yield from _references_in(self.settings["output_layers"])

    def model(self, cls: type[Model]) -> Model | None:
        """Returns the model, or None if its operations must be `as_one` to keep its order."""
        for name, config in self.configs.items():
            if config["class_name"] == "InputLayer":
                settings = dict(config["config"], name=name)
                self.tensors[name, 0] = self.reader.input(settings)
                self.operations.starts_with_batch(self.tensors[name, 0])
        waiting = [
            (name, self.first[name] + number, node)
            for name, config in self.configs.items()
            for number, node in enumerate(config.get("inbound_nodes", []))
        ]
        while waiting:
            left = [call for call in waiting if not self._call(*call)]
            if len(left) == len(waiting):
                names = ", ".join(sorted({name for name, _, _ in left}))
                raise ValueError(f"the calls of its layers {names} cannot be put in order")
            waiting = left
        model = cls(
            self._outer("input_layers"),
            self._outer("output_layers"),
            name=self.settings.get("name"),
        )
        return model if self._is_in_order(model) else None

    def _is_in_order(self, model: Model) -> bool:
        """Returns whether the layers with weights are in the order of the weights in the file.

        Keras orders them by how many calls lie between them and the output. An operation of
        TensorFlow may be several of Keras 3.
        """
        if not any(map(self._is_operation, self.configs)):
            return True
        found = [layer.name for layer in model.layers if layer.weights]
        if found == [name for name in self.configs if name in found]:
            return True
        if self.as_one:
            names = ", ".join(sorted(found))
            raise ValueError(f"its layers {names} come in another order in Keras 3")
        return False

    def _is_operation(self, name: str) -> bool:
        config = self.configs[name]
        return self.reader._own_class(config) is None and tf_ops.is_operation(config)

    def _outer(self, which: str) -> object:
        """Returns the inputs or the outputs of the model, in the lists and dicts of the file."""
        value = self.settings[which]
        reference = _reference(value)
        if reference is not None:
            return self._as_tensor(self._tensor(reference))
        found = self._as_tensor(self._filled(value))
        return found[0] if isinstance(found, list) and len(found) == 1 else found

    def _as_tensor(self, value: object) -> object:
        """Returns the value with tensors in the place of sizes and arrays."""
        if isinstance(value, (list, tuple)):
            return [self._as_tensor(each) for each in value]
        if isinstance(value, dict):
            return {name: self._as_tensor(each) for name, each in value.items()}
        if isinstance(value, (tf_ops.Size, np.ndarray)):
            return self.operations.tensor(value)
        return value

    def _layer(self, name: str) -> Layer:
        if name not in self.layers:
            config = self.configs[name]
            self.layers[name] = self.reader.layer(config)
        return self.layers[name]

    def _tensor(self, reference: Reference) -> object:
        found = self.tensors[reference.layer, reference.call]
        if isinstance(found, (list, tuple)):
            return found[reference.output]
        if isinstance(found, dict):
            return list(found.values())[reference.output]
        return found

    def _is_ready(self, node: Node) -> bool:
        """Returns whether all the tensors are there that a layer is called on."""
        return all(
            (each.layer, each.call) in self.tensors
            for each in _references_in(node)
            if each.layer in self.configs
        )

    def _filled(self, value: object) -> object:
        """Returns the value with tensors in the place of the references to them."""
        if isinstance(value, (list, tuple)):
            if len(value) == 3 and value[0] == _CONSTANT:
                return value[2]
            reference = _reference(value)
            if reference is not None and (reference.layer, reference.call) in self.tensors:
                return self._tensor(reference)
            return [self._filled(each) for each in value]
        if isinstance(value, dict):
            return {name: self._filled(each) for name, each in value.items()}
        return value

    def _call(self, name: str, number: int, node: Node) -> bool:
        """Calls a layer if all the tensors are there that it is called on; returns whether so."""
        if not self._is_ready(node):
            return False
        arguments: dict[str, object] = {}
        given: object
        if isinstance(node, dict) and node.get("class_name") == "__tuple__":
            node = node["items"]
        if isinstance(node, dict):
            given = {key: self._first_argument(each, arguments) for key, each in node.items()}
        elif node and isinstance(node[0], str):
            given = self._first_argument(node, arguments)
        else:
            several = [self._first_argument(each, arguments) for each in node]
            is_list = len(several) != 1 or self._is_operation(name)
            given = several if is_list else several[0]
        arguments = {key: value for key, value in arguments.items() if value is not None}
        if self._is_operation(name):
            self.tensors[name, number] = self.operations.call(self.configs[name], given, arguments)
            return True
        layer = self._layer(name)
        named = {key: self._as_tensor(value) for key, value in arguments.items()}
        result = layer(self._as_tensor(given), **named)
        self.operations.starts_with_batch(result)
        self.tensors[name, number] = result
        return True

    def _first_argument(self, data: Sequence[object], arguments: dict[str, object]) -> object:
        """Returns the tensor or value at the start of a call.

        Args:
            data: a reference, as a rule followed by a dict of the other arguments.
            arguments: receives these.
        """
        others = data[3] if len(data) > 3 else None
        if isinstance(others, dict):
            arguments.update({key: self._filled(each) for key, each in others.items()})
        if data[0] == _CONSTANT:
            return data[2]
        reference = _reference(data[:3])
        if reference is None:
            raise ValueError(f"the call of a layer on {data[:3]!r} is not known")
        return self._tensor(reference)


def _references_in(value: object) -> Iterator[Reference]:
    """Yields the tensors that are named in a description of calls."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _references_in(each)
    elif isinstance(value, (list, tuple)):
        head = _reference(value[:3])
        if head is not None:
            if head.layer != _CONSTANT:
                yield head
            value = value[3:]
        for each in value:
            yield from _references_in(each)
