"""Describes a model as Keras 2 did, so that TensorFlow 2.0 to 2.15 can make it again.

The other way round is in `legacy_config`.
"""

from __future__ import annotations

import inspect
from typing import Any

from keras_ckpt import runtime

# Arguments that came after TensorFlow 2.0, with the value at which a layer does what it did before.
_NEWER: dict[str, tuple[Any, ...]] = {
    "build_config": (),
    "data_format": (None,),
    "flash_attention": (None, False),
    "groups": (1,),
    "input_axes": (None,),
    "keepdims": (False,),
    "lora_alpha": (None,),
    "lora_rank": (None,),
    "optional": (False,),
    "output_axes": (None,),
    "quantization_config": (None,),
    "rms_scaling": (False,),
    "seed": (None,),
    "sliding_window": (None,),
    "synchronized": (False,),
    "use_gate": (False,),
    "zero_output_for_mask": (False,),
}
_RENAMED = {"LeakyReLU": {"negative_slope": "alpha"}}
# What optimizers have today and say nothing with.
_OF_OPTIMIZERS = {
    "gradient_accumulation_steps": (None,),
    "clipnorm": (None,),
    "clipvalue": (None,),
    "ema_momentum": (0.99,),
    "ema_overwrite_frequency": (None,),
    "global_clipnorm": (None,),
    "loss_scale_factor": (None,),
    "use_ema": (False,),
    "weight_decay": (None, 0, 0.0),
}
# Layers that Keras 2 wants to be told the shapes of their inputs, which Keras 3 refuses to be.
_TOLD_SHAPES = ("MultiHeadAttention",)
_NESTED = ("Functional", "Sequential")


class NotInKeras2(ValueError):
    """The model has what no description of Keras 2 can say."""


def is_one(description: dict[str, Any]) -> bool:
    """Returns whether a model is described as Keras 2 did, by the way it tells its inputs."""
    config = description.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    return any(
        isinstance(each, dict)
        and isinstance(each.get("config"), dict)
        and "batch_input_shape" in each["config"]
        for each in layers or []
    )


def of_model(description: dict[str, Any]) -> dict[str, Any]:
    """Returns what Keras 2 would have written of a model.

    Args:
        description: dict with `class_name` and `config`, as Keras 3 describes it.

    Raises:
        NotInKeras2: if Keras 2 has no such model.
    """
    name = description["class_name"]
    config = description["config"]
    if name == "Sequential":
        # Keras 3 keeps what it needs to build models without an input shape.
        kept = {key: config[key] for key in ("name",)}
        layers = [_layer(each) for each in config["layers"]]
        first = layers[0]["class_name"] if layers else None
        if first != "InputLayer":
            raise NotInKeras2("the model %r has no input" % config["name"])
        return {"class_name": name, "config": dict(kept, layers=layers)}
    if "input_layers" not in config:
        raise NotInKeras2("the model is of a class of its own")
    # Of the user's classes, too: a graph of layers says all that is in them.
    return {"class_name": "Model" if name == "Functional" else name, "config": _graph(config)}


def of_training(config: dict[str, Any]) -> dict[str, Any]:
    """Returns what Keras 2 would have written of how a model was compiled.

    Args:
        config: dict as Keras 3 writes it to HDF5 files, with `optimizer_config`.
    """
    kept = {key: _plain(config.get(key)) for key in ("loss", "metrics", "weighted_metrics")}
    return dict(
        kept,
        loss_weights=config.get("loss_weights"),
        sample_weight_mode=None,
        optimizer_config=_optimizer(config["optimizer_config"]),
    )


def _optimizer(description: dict[str, Any]) -> dict[str, Any]:
    name, config = description["class_name"], description["config"]
    if "inner_optimizer" in config:
        settings = {key: config[key] for key in ("initial_scale", "dynamic_growth_steps")}
        inner = _optimizer(config["inner_optimizer"])
        # Keras 3 finds it by its module.
        settings["inner_optimizer"] = dict(inner, module="keras.optimizers", registered_name=None)
    else:
        settings = _known(name, _plain(config), _OF_OPTIMIZERS)
    return {"class_name": name, "config": settings}


def _known(name: str, config: dict[str, Any], neutral: dict[str, tuple[Any, ...]]) -> Any:
    renamed = _RENAMED.get(name, {})
    kept = {}
    for key, value in config.items():
        if key in neutral and (key == "build_config" or value in neutral[key]):
            continue
        kept[renamed.get(key, key)] = value
    return kept


def _plain(value: Any) -> Any:
    """Returns a value in which objects are described as Keras 2 did."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _plain(each) for key, each in value.items()}
    name, config = value["class_name"], value.get("config") or {}
    if name == "DTypePolicy":
        return config["name"]
    if name == "function":
        return config
    if name == "__lambda__":
        raise NotInKeras2("it holds code")
    if name in ("L1", "L2"):
        # The class of both, and the only one in TensorFlow 2.0.
        return {"class_name": "L1L2", "config": dict({"l1": 0.0, "l2": 0.0}, **config)}
    if name in _NESTED or hasattr(runtime.keras().layers, name):
        return _layer(value)
    settings = _known(name, _plain(config), _NEWER)
    return _described(value, settings)


def _layer(description: dict[str, Any]) -> dict[str, Any]:
    name, config = description["class_name"], description["config"]
    if name in _NESTED:
        return of_model(description)
    if name in _TOLD_SHAPES:
        raise NotInKeras2("either Keras 2 or Keras 3 could read %s" % name)
    if not (hasattr(runtime.keras().layers, name) or _is_layer_of_users(description)):
        raise NotInKeras2("the operation %s is no layer" % name)
    settings = _known(name, _plain(config), _NEWER)
    if name == "InputLayer":
        settings["batch_input_shape"] = settings.pop("batch_shape")
        settings.setdefault("ragged", False)
    # Keras 3 finds a layer within another by its module, which Keras 2 does not look at.
    return _described(description, settings)


def _described(description: dict[str, Any], config: Any) -> dict[str, Any]:
    name = description.get("registered_name") or description["class_name"]
    module = description.get("module")
    ours = {"module": module, "registered_name": None} if module else {}
    return dict(ours, class_name=name, config=config)


def _is_layer_of_users(description: dict[str, Any]) -> bool:
    module = str(description.get("module"))
    return not module.startswith(("keras.", "keras_core."))


def _graph(config: dict[str, Any]) -> dict[str, Any]:
    # In Keras 2 a model that knows its input counts that as its first call, and in Keras 3 not. So
    # each call of one is written twice, and the second is meant here, and the first there.
    nested = {
        each["name"]
        for each in config["layers"]
        if each["class_name"] in _NESTED or "input_layers" in each["config"]
    }

    masks = _masks(config["layers"])

    def tensor(history: Any) -> list[Any]:
        name, node, output = history
        if name in masks:
            raise NotInKeras2("the mask %r is used for something else, too" % name)
        return [name, 2 * node + 1 if name in nested else node, output]

    def filled(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            return tensor(value["config"]["keras_history"])
        if isinstance(value, (list, tuple)):
            return [filled(each) for each in value]
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        return value

    layers = []
    for each in config["layers"]:
        if each["name"] in masks:
            continue
        made = _layer(each)
        names = _arguments(each)
        calls = []
        for node in each["inbound_nodes"]:
            kwargs = dict(node["kwargs"])
            if _source(kwargs.get("mask")) in masks:
                del kwargs["mask"]
            calls.append(_call(filled(node["args"]), filled(kwargs), names))
        if each["name"] in nested:
            calls = [call for call in calls for _ in range(2)]
        layers.append(dict(made, name=each["name"], inbound_nodes=calls))
    # A single tensor stays one: Keras 3 makes of a list of one a model that answers with lists.
    outer = {
        which: _map_references(tensor, config[which]) for which in ("input_layers", "output_layers")
    }
    return dict({"name": config["name"], "layers": layers}, **outer)


def _masks(layers: list[dict[str, Any]]) -> set[str]:
    """Returns the names of the operations that make the masks of Embedding and Masking layers.

    Keras 3 writes these masks down as tensors, with the layers that take them. Keras 2 does not,
    and either makes them anew when the layers are called.
    """
    masked = {
        (_source(node["args"][0]), value)
        for each in layers
        for node in each["inbound_nodes"]
        for value in _masked(each)
        if node["args"]
    }
    found: set[str] = set()
    for each in layers:
        for node in each["inbound_nodes"]:
            args = node["args"]
            compares = each["class_name"] == "NotEqual" and len(args) == 2
            if compares and not isinstance(args[1], (dict, list)):
                if (_source(args[0]), args[1]) in masked:
                    found.add(each["name"])
            elif each["class_name"] == "Any" and args and _source(args[0]) in found:
                found.add(each["name"])
    return found


def _masked(description: dict[str, Any]) -> list[float]:
    """Returns the value, if any, that a layer masks."""
    config = description["config"]
    if description["class_name"] == "Embedding" and config.get("mask_zero"):
        return [0]
    return [config["mask_value"]] if description["class_name"] == "Masking" else []


def _source(tensor: Any) -> str | None:
    """Returns the name of the layer that a tensor is from."""
    if isinstance(tensor, dict) and tensor.get("class_name") == "__keras_tensor__":
        return str(tensor["config"]["keras_history"][0])
    return None


def _map_references(function: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _map_references(function, each) for key, each in value.items()}
    if len(value) == 3 and isinstance(value[0], str):
        return function(value)
    return [_map_references(function, each) for each in value]


def _arguments(description: dict[str, Any]) -> list[str]:
    """Returns the names of what a layer of Keras is called with."""
    cls = getattr(runtime.keras().layers, description["class_name"], None)
    if cls is None:
        return ["inputs"]
    return list(inspect.signature(cls.call).parameters)[1:]


def _call(args: list[Any], kwargs: dict[str, Any], names: list[str]) -> list[Any]:
    """Returns a call as Keras 2 wrote it: its tensors, each with the other arguments."""
    others = {key: value for key, value in kwargs.items() if value is not None}
    if len(args) > len(names):
        raise NotInKeras2("a layer is called with %d tensors" % len(args))
    others.update(dict(zip(names[1:], args[1:])))
    # Only one kind of argument came first: a tensor, or a list of them.
    first = args[0] if args else others.pop(names[0])
    tensors = [first] if isinstance(first[0], str) else list(first)
    if not all(len(each) == 3 and isinstance(each[0], str) for each in tensors):
        raise NotInKeras2("a layer is called with a nest of tensors")
    return [each + [others] for each in tensors]
