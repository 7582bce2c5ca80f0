"""Makes models from the descriptions that Keras 2 wrote to HDF5 files and SavedModels.

Keras 3 reads some of these descriptions. This module reads them for what they meant, layer by
layer: it knows which arguments Keras 3 removed, which of them never mattered, and how Keras 2
counted the calls of a layer that is used more than once.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Iterator, List, NamedTuple, Sequence, Union

import numpy as np

from keras_ckpt import keras2, runtime
from keras_ckpt._typing import Config, CustomObjects, Layer, Model, Tensor
from keras_ckpt.formats.config import keras2_arguments as argument_table
from keras_ckpt.formats.config import layer_names, making, masks, tf_ops
from keras_ckpt.formats.config.lambdas import python_code
from keras_ckpt.runtime import internals

_MODELS = ("Functional", "Model", "Sequential")
# What stands in a reference in the place of a layer's name, and before a value.
_CONSTANT = "_CONSTANT_VALUE"

#: Layers that no output comes from: they were made by `add_loss` and `add_metric`.
_ADDED = ("AddLoss", "AddMetric")
#: The modules that parts of layers are in, by what the names of the arguments end in.
_PARTS = {
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}

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
    config: Config,
    custom_objects: CustomObjects | None = None,
    safe_mode: bool = True,
    version: str = "",
) -> Model:
    """Returns the model that Keras 2 described, with new weights.

    Args:
        config: Dict with `class_name` and `config`, as in the attribute `model_config` of HDF5
            files.
        custom_objects: Dict of the user's classes and functions by the names in the description.
            Defaults to `None`.
        safe_mode: Boolean, whether to refuse code in the description (`Lambda` layers). Defaults
            to `True`.
        version: String, the release of Keras that wrote it. Defaults to one of TensorFlow 2.

    Raises:
        ValueError: if a class is not known, or the running Keras cannot make the model.
    """
    # A user's layer may name other objects of the user's, which Keras looks for in this scope.
    config = layer_names.with_allowed_names(config)
    # Keras 3 gives the operations that layers are made of names of its own, which must differ from
    # those of the layers.
    known = runtime.keras().saving.custom_object_scope(custom_objects or {})
    with known, internals.names_reserved(layer_names.names_in(config)):
        model = _Reader(custom_objects or {}, safe_mode, version).model(config)
    making.freeze(model)
    return model


def make(
    path: str,
    config: Config,
    custom_objects: CustomObjects | None,
    safe_mode: bool,
    version: str = "",
) -> Model:
    """Returns the model that Keras 2 described in a checkpoint, with new weights.

    Args:
        path: String, the checkpoint.
        config: as for `model_from_config`.
        custom_objects: as for `model_from_config`.
        safe_mode: as for `model_from_config`.
        version: as for `model_from_config`.

    Raises:
        UnsupportedModel: if a class is not known, or the running Keras cannot make the model.
    """
    with making.from_description(path):
        return model_from_config(config, custom_objects, safe_mode, version)


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
        version: the release of Keras that wrote them.
    """

    def __init__(self, custom_objects: CustomObjects, safe_mode: bool, version: str = "") -> None:
        self.keras: ModuleType = runtime.keras()
        self.custom: dict[str, Any] = dict(self.keras.saving.get_custom_objects(), **custom_objects)
        self.safe_mode = safe_mode
        self.version = version

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
            found: type[Layer] | None = None
            if module == "layers":
                found = keras2.layers.find(name, config.get("config"))
            found = found or getattr(getattr(self.keras, module), name, None)
            if found is None and module == "layers":
                found = internals.layer_of_applications(name.rpartition(">")[2])
            if found is None and module in ("constraints", "regularizers"):
                found = getattr(keras2, module).BY_NAME.get(name)
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
        if name in _MODELS or hasattr(self.keras.layers, name) or keras2.layers.find(name):
            return self.layer(value)
        return self._part(value, *_PARTS.values())

    def _part(self, value: Config, *modules: str) -> object:
        """Returns an initializer, a regularizer or a constraint."""
        cls = self._class(value, *modules)
        return self._make(cls, dict(value.get("config") or {}), cls is self._own_class(value))

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
        return cls(**argument_table.known(cls, config, strict=False))

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
        if name == "Lambda" and "function_type" in settings:
            return self._lambda(settings)
        kind, settings = argument_table.of_keras_3(str(name), settings, self.version)
        cls = self._class({**config, "class_name": kind, "config": settings}, "layers")
        if name == "Lambda":
            return cls.from_config(settings, custom_objects=self.custom)
        later = {key: settings.get(key) for key in argument_table.SET_LATER}
        settings = argument_table.known(cls, settings)
        name = settings.pop("name", None)  # May be the name of a class, too.
        made = {key: self._argument(key, value) for key, value in settings.items()}
        layer = cls(name=name, **made)
        for key, value in later.items():
            # Some classes of Keras 3 do not take it, others take it and lose it.
            if value is not None and getattr(layer, key, None) in (None, True):
                setattr(layer, key, self._argument(key, value))
        return layer

    def _argument(self, key: str, value: object) -> object:
        """Returns an argument of one of Keras's layers, as it was meant in Keras 2."""
        for ending, module in _PARTS.items():
            if key.endswith(ending) and isinstance(value, dict) and "class_name" in value:
                return self._part(value, module)
        found = self.value(value)
        if key.endswith("activation") and isinstance(found, str):
            return keras2.activations.CHANGED.get(found, found)
        return found

    def _lambda(self, settings: Config) -> Layer:
        """Returns a `Lambda` that Keras 2 described by its code, or by the name of its function."""
        known = {key: settings.get(key) for key in ("name", "trainable", "dtype", "arguments")}
        for key in ("function", "output_shape", "mask"):
            kind = settings.get(f"{key}_type")
            value = self.value(settings.get(key))
            if kind in ("lambda", "function"):
                module = settings.get("module" if key == "function" else f"{key}_module")
                named = dict(self.custom)
                if settings.get("name") in named:
                    value, kind = settings["name"], "function"
                value = python_code.function_of(value, named, module, kind == "lambda")
            elif isinstance(value, list):
                value = tuple(value)
            if value is not None:
                known[key] = value
        given = {key: self.value(value) for key, value in known.items() if value is not None}
        return self.keras.layers.Lambda(**given)

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
                model.add(self.keras.Input(batch_shape=self._shape(shape), dtype=dtype))
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
        #: What `add_loss` and `add_metric` have added, with the layers that do so.
        self.added: list[tuple[str, object]] = []
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
        outputs = self._outer("output_layers")
        model = cls(self._outer("input_layers"), outputs, name=self.settings.get("name"))
        if self.added:
            model = self._with_added(model, outputs, cls)
        return model if self._is_in_order(model) else None

    def _with_added(self, model: Model, outputs: Any, cls: type[Model]) -> Model:
        """Returns the model with what was added, which Keras 3 has only where an output passes."""
        names = list(model.output_names)
        first = outputs[0] if isinstance(outputs, list) else outputs
        if isinstance(outputs, dict):
            raise ValueError("losses were added to a model whose outputs are a dict")
        for name, value in self.added:
            first = self._layer(name)([first, value])
        outputs = [first, *outputs[1:]] if isinstance(outputs, list) else first
        model = cls(self._outer("input_layers"), outputs, name=self.settings.get("name"))
        model.output_names = names
        return model

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
        several = [found]
        if isinstance(found, (list, tuple)):
            nested = any(isinstance(each, (list, tuple)) for each in found)
            several = list(masks.tensors(found) if nested else found)
        elif isinstance(found, dict):
            several = list(found.values())
        if reference.output >= len(several):
            raise ValueError(
                f"the running Keras has {len(several)} of the outputs of its layer "
                f"{reference.layer!r}, and output {reference.output} is used"
            )
        return several[reference.output]

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
        if self.configs[name]["class_name"] in _ADDED:
            value = self._as_tensor(given)
            self.added.append((name, value))
            self.tensors[name, number] = value
            return True
        if self._is_operation(name):
            self.tensors[name, number] = self.operations.call(self.configs[name], given, arguments)
            return True
        layer = self._layer(name)
        given, arguments = self._states_named(layer, self.configs[name], given, arguments)
        arguments = dict(arguments, **argument_table.of_call(self.configs[name]))
        named = {key: self._as_tensor(value) for key, value in arguments.items()}
        inputs = self._as_tensor(given)
        result = layer(inputs, **named, **masks.for_call(layer, inputs, named))
        masks.pass_on(self.configs[name], inputs, result)
        if named.get("training") is not None:
            keras2.fixed_training.fix(layer)
        self.operations.starts_with_batch(result)
        self.tensors[name, number] = result
        return True

    def _states_named(
        self, layer: Layer, config: Config, given: object, others: dict[str, object]
    ) -> tuple[object, dict[str, object]]:
        """Returns the argument of a call without the states of a recurrent layer, and the others.

        Keras 2 described a call with an `initial_state` as one on a list of it all.
        """
        layers = self.reader.keras.layers
        if not isinstance(given, list) or not isinstance(layer, (layers.RNN, layers.Bidirectional)):
            return given, others
        if config["config"].get("num_constants"):
            raise ValueError(f"the layer {layer.name!r} is called with constants")
        first, states = given[0], given[1:]
        if not states:
            return first, others
        return first, dict(others, initial_state=states if len(states) > 1 else states[0])

    def _first_argument(self, data: Sequence[Any], arguments: dict[str, object]) -> object:
        """Returns the tensor or value at the start of a call.

        Args:
            data: a reference, as a rule followed by a dict of the other arguments.
            arguments: receives these.
        """
        if data and isinstance(data[0], (list, tuple)):  # The states of a cell, of several.
            return [self._first_argument(each, arguments) for each in data]
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
