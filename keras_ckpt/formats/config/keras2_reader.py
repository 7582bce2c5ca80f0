"""Makes the model again that Keras 2 described: in HDF5 files, and in SavedModels.

Keras 3 reads some of these descriptions. This reads them for what they meant, layer by layer: it
knows which arguments are gone and which never mattered, and how Keras 2 counted the calls of a
layer that is used more than once.
"""

from __future__ import annotations

import inspect
from typing import Any, Iterator

import numpy as np

from keras_ckpt import runtime
from keras_ckpt.formats.config import making, tf_ops

_MODELS = ("Functional", "Model", "Sequential")
# What may be written in place of a class's own arguments, and says nothing in Keras 3.
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
# Those that Keras 3 does without if they have the value that does nothing.
_NEUTRAL: dict[str, tuple[Any, ...]] = {"groups": (1,), "renorm_momentum": (0.99,)}
_RENAMED: dict[str, dict[str, str]] = {"LeakyReLU": {"alpha": "negative_slope"}}


def _unknown(name: str) -> ValueError:
    return ValueError("the class %r is not known" % name)


def model_from_config(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Returns the model that Keras 2 described, with new weights.

    Args:
        config: dict with `class_name` and `config`, as in the attribute `model_config` of HDF5
            files.
        custom_objects: the user's classes and functions by the names in the description.
        safe_mode: whether to refuse code in the description (`Lambda` layers).

    Raises:
        ValueError: if a class is not known, or the running Keras cannot make the model.
    """
    # Keras looks there for what a layer of the user's names itself.
    with runtime.keras().saving.custom_object_scope(custom_objects or {}):
        return _Reader(custom_objects or {}, safe_mode).model(config)


def make(path: str, config: Any, custom_objects: dict[str, Any] | None, safe_mode: bool) -> Any:
    """Returns the model that the checkpoint at `path` describes so.

    Raises:
        UnsupportedModel: if it cannot be made.
    """
    with making.from_description(path):
        return model_from_config(config, custom_objects, safe_mode)


def _is_reference(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 3
        and isinstance(value[0], str)
        and all(isinstance(number, int) for number in value[1:])
    )


class _Reader:
    def __init__(self, custom_objects: dict[str, Any], safe_mode: bool) -> None:
        self.keras = runtime.keras()
        self.custom = dict(self.keras.saving.get_custom_objects(), **custom_objects)
        self.safe_mode = safe_mode

    # ------------------------------------------------ objects

    def _own_class(self, config: dict[str, Any]) -> Any:
        """The user's class of that name, or None."""
        name = str(config["class_name"])
        for each in (config.get("registered_name"), name, name.split(">")[-1]):
            # That of a `custom_object_scope`, too.
            found = self.keras.saving.get_registered_object(each, self.custom) if each else None
            if found is not None:
                return found
        return None

    def _class(self, config: dict[str, Any], *modules: str) -> Any:
        own = self._own_class(config)
        if own is not None:
            return own
        name = str(config["class_name"])
        for module in modules:
            found = getattr(getattr(self.keras, module), name, None)
            if found is not None:
                return found
        raise _unknown(name)

    def value(self, value: Any) -> Any:
        """An argument of a layer: what is described in it is made."""
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            # The name of a function of the user's, as a rule an activation.
            return self.custom.get(value, value) if isinstance(value, str) else value
        if "class_name" not in value:
            return {name: self.value(each) for name, each in value.items()}
        name = value["class_name"]
        config: Any = value.get("config")
        if name in ("__lambda__", "__tuple__", "__numpy__", "__ellipsis__"):
            return self._special(name, value)
        if name == "TensorShape":
            return tuple(value["items"])
        if name == "function":
            # A function of the user's, as Keras 3 describes it.
            return self.value(config)
        if str(name).startswith("Policy"):
            return config["name"]
        if name in _MODELS or hasattr(self.keras.layers, name):
            return self.layer(value)
        cls = self._class(value, "initializers", "regularizers", "constraints")
        return self._make(cls, dict(config or {}), cls is self._own_class(value))

    def _special(self, name: str, value: dict[str, Any]) -> Any:
        if name == "__tuple__":
            return tuple(self.value(each) for each in value["items"])
        if name == "__numpy__":
            config = value["config"]
            return np.array(config["value"], config["dtype"]).tolist()
        raise ValueError("it holds a %s, which is not read" % name.strip("_"))

    def _make(self, cls: Any, config: dict[str, Any], is_own: bool) -> Any:
        if is_own:
            return cls.from_config(config) if hasattr(cls, "from_config") else cls(**config)
        return cls(**self._known(cls, config, strict=False))

    def _known(self, cls: Any, config: dict[str, Any], strict: bool = True) -> dict[str, Any]:
        """The arguments that the class has today."""
        names = set()
        for each in cls.__mro__:
            if "__init__" in vars(each):
                names |= set(inspect.signature(each.__init__).parameters)
        names |= {"trainable"}
        kept = {}
        for key, value in config.items():
            key = _RENAMED.get(cls.__name__, {}).get(key, key)
            if key in names:
                kept[key] = value
            elif strict and not self._is_without_meaning(cls, key, value):
                raise ValueError(
                    "Keras %s has no %s=%r of the layer %s"
                    % (self.keras.__version__, key, value, cls.__name__)
                )
        return kept

    def _is_without_meaning(self, cls: Any, key: str, value: Any) -> bool:
        if key in _WITHOUT_MEANING or value in (None, False, [], {}):
            return True
        if key in _OF_THE_BASE:
            return any(text in cls.__name__ for text in ("Depthwise", "Separable"))
        return value in _NEUTRAL.get(key, ())

    # ------------------------------------------------ layers

    def layer(self, config: dict[str, Any]) -> Any:
        """The layer that is described, or the model."""
        name = config["class_name"]
        own = self._own_class(config)
        if own is None and name in _MODELS:
            return self.model(config)
        settings = dict(config["config"])
        if name == "Lambda" and self.safe_mode:
            raise ValueError(
                "the layer %r is a Lambda, which holds code. Load with safe_mode=False if you "
                "trust the file" % settings.get("name")
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
        name = settings.pop("name", None)  # May be that of a class, too.
        return cls(name=name, **{key: self.value(value) for key, value in settings.items()})

    def _input(self, settings: dict[str, Any]) -> Any:
        shape = settings.get("batch_input_shape") or settings.get("batch_shape")
        if shape is None:
            raise ValueError("the input %r has no shape" % settings.get("name"))
        if isinstance(shape, dict):
            shape = self.value(shape)
        return self.keras.Input(
            batch_shape=tuple(shape),
            dtype=self.value(settings.get("dtype")),
            name=settings.get("name"),
            sparse=bool(settings.get("sparse")),
        )

    # ------------------------------------------------ models

    def model(self, config: dict[str, Any]) -> Any:
        """The model that is described."""
        settings: Any = config.get("config")
        name = config["class_name"]
        own = self._own_class(config)
        if name == "Sequential":
            return self._sequential(settings, own or self.keras.Sequential)
        if not isinstance(settings, dict) or "input_layers" not in settings:
            if own is not None:
                return own.from_config(dict(settings or {}))
            raise _unknown(str(name))
        if own is None and name not in _MODELS:
            raise _unknown(str(name))
        return self._functional(settings, own or self.keras.Model)

    def _sequential(self, settings: Any, cls: Any) -> Any:
        if isinstance(settings, list):
            settings = {"layers": settings}  # Before Keras 2.3.
        model = cls(name=settings.get("name"))
        for number, each in enumerate(settings["layers"]):
            if each["class_name"] == "InputLayer":
                model.add(self._input(each["config"]))
                continue
            shape = each["config"].get("batch_input_shape") if number == 0 else None
            if shape and each["class_name"] not in _MODELS:
                # Embeddings took whole numbers, whatever they give out.
                dtype = "int32" if each["class_name"] == "Embedding" else None
                model.add(self.keras.Input(batch_shape=tuple(shape), dtype=dtype))
            model.add(self.layer(each))
        if not model.built and settings.get("build_input_shape"):
            model.build(tuple(self.value(settings["build_input_shape"])))
        return model

    def _functional(self, settings: dict[str, Any], cls: Any) -> Any:
        model = _Graph(self, settings).model(cls)
        return model if model is not None else _Graph(self, settings, as_one=True).model(cls)


class _Graph:
    """The layers of a functional model and their calls, which are made in the order they can be."""

    def __init__(self, reader: _Reader, settings: dict[str, Any], as_one: bool = False) -> None:
        self.reader = reader
        self.as_one = as_one
        self.settings = settings
        self.configs = {self._name(each): each for each in settings["layers"]}
        self.layers: dict[str, Any] = {}
        self.tensors: dict[tuple[str, int], Any] = {}
        self.first = {name: self._first(name) for name in self.configs}
        self.operations = tf_ops.Operations(reader.keras, self.configs, as_one)

    @staticmethod
    def _name(config: dict[str, Any]) -> str:
        return str(config.get("name") or config["config"]["name"])

    def _first(self, name: str) -> int:
        """The number of the first call: a model that knows its input has been called before."""
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
        asked = [number for who, number, _ in self._references(self.settings) if who == name]
        return 0 if 0 in asked else first

    def _references(self, value: Any) -> Iterator[tuple[str, int, int]]:
        for each in value["layers"]:
            yield from _references_in(each.get("inbound_nodes", []))
        yield from _references_in(value["output_layers"])

    def model(self, cls: Any) -> Any:
        for name, config in self.configs.items():
            if config["class_name"] == "InputLayer":
                settings = dict(config["config"], name=name)
                self.tensors[name, 0] = self.reader._input(settings)
                self.operations.starts_with_batch(self.tensors[name, 0])
        waiting = [
            (name, self.first[name] + number, node)
            for name, config in self.configs.items()
            for number, node in enumerate(config.get("inbound_nodes", []))
        ]
        while waiting:
            left = [call for call in waiting if not self._call(*call)]
            if len(left) == len(waiting):
                raise ValueError(
                    "the calls of its layers %s cannot be put in order"
                    % ", ".join(sorted({name for name, _, _ in left}))
                )
            waiting = left
        model = cls(
            self._outer("input_layers"),
            self._outer("output_layers"),
            name=self.settings.get("name"),
        )
        return model if self._is_in_order(model) else None

    def _is_in_order(self, model: Any) -> bool:
        """Whether the layers with weights are in the order of the file, which their weights have.

        Keras orders them by how many calls lie between them and the output. An operation of
        TensorFlow may be several of Keras 3.
        """
        if not any(map(self._is_operation, self.configs)):
            return True
        found = [layer.name for layer in model.layers if layer.weights]
        if found == [name for name in self.configs if name in found]:
            return True
        if self.as_one:
            raise ValueError(
                "its layers %s come in another order in Keras 3" % ", ".join(sorted(found))
            )
        return False

    def _is_operation(self, name: str) -> bool:
        config = self.configs[name]
        return self.reader._own_class(config) is None and tf_ops.is_operation(config)

    def _outer(self, which: str) -> Any:
        value = self.settings[which]
        if _is_reference(value):
            return self._as_tensor(self._tensor(value))
        found = self._as_tensor(self._filled(value))
        return found[0] if isinstance(found, list) and len(found) == 1 else found

    def _as_tensor(self, value: Any) -> Any:
        """The same with tensors for what is known of the shapes of others."""
        if isinstance(value, (list, tuple)):
            return [self._as_tensor(each) for each in value]
        if isinstance(value, dict):
            return {name: self._as_tensor(each) for name, each in value.items()}
        if isinstance(value, (tf_ops.Size, np.ndarray)):
            return self.operations.tensor(value)
        return value

    def _layer(self, name: str) -> Any:
        if name not in self.layers:
            config = self.configs[name]
            self.layers[name] = self.reader.layer(config)
        return self.layers[name]

    def _tensor(self, reference: Any) -> Any:
        name, call, output = reference
        found = self.tensors[name, call]
        if isinstance(found, (list, tuple)):
            return found[output]
        if isinstance(found, dict):
            return list(found.values())[output]
        return found

    def _is_ready(self, value: Any) -> bool:
        return all(
            (name, call) in self.tensors
            for name, call, _ in _references_in(value)
            if name in self.configs
        )

    def _filled(self, value: Any) -> Any:
        """The same with the tensors in the place of the references to them."""
        if isinstance(value, (list, tuple)):
            if len(value) == 3 and value[0] == "_CONSTANT_VALUE":
                return value[2]
            if _is_reference(value) and (value[0], value[1]) in self.tensors:
                return self._tensor(value)
            return [self._filled(each) for each in value]
        if isinstance(value, dict):
            return {name: self._filled(each) for name, each in value.items()}
        return value

    def _call(self, name: str, number: int, node: Any) -> bool:
        """Calls a layer, if all that it is called on is there."""
        if not self._is_ready(node):
            return False
        arguments: dict[str, Any] = {}
        if isinstance(node, dict) and node.get("class_name") == "__tuple__":
            node = node["items"]
        if isinstance(node, dict):
            given: Any = {key: self._first_argument(each, arguments) for key, each in node.items()}
        elif node and isinstance(node[0], str):
            given = self._first_argument(node, arguments)
        else:
            given = [self._first_argument(each, arguments) for each in node]
            if len(given) == 1 and not self._is_operation(name):
                given = given[0]
        arguments = {key: value for key, value in arguments.items() if value is not None}
        if self._is_operation(name):
            self.tensors[name, number] = self.operations.call(self.configs[name], given, arguments)
            return True
        layer = self._layer(name)
        result = layer(self._as_tensor(given), **self._as_tensor(arguments))
        self.operations.starts_with_batch(result)
        self.tensors[name, number] = result
        return True

    def _first_argument(self, data: Any, arguments: dict[str, Any]) -> Any:
        name, call, output = data[:3]
        if len(data) > 3 and data[3]:
            arguments.update(self._filled(data[3]))
        if name == "_CONSTANT_VALUE":
            return output
        return self._tensor((name, call, output))


def _references_in(value: Any) -> Iterator[tuple[str, int, int]]:
    """The tensors that are named in a description of calls."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _references_in(each)
    elif isinstance(value, (list, tuple)):
        head = value[:3]
        if _is_reference(head):
            if head[0] != "_CONSTANT_VALUE":
                yield head[0], head[1], head[2]
            value = value[3:]
        for each in value:
            yield from _references_in(each)
