"""Describes a model as Keras 2 did, so that TensorFlow 2.0 to 2.15 can make it again.

`keras2_reader` reads these descriptions.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable, Dict, Iterable, List, Tuple, Union

from keras_ckpt import keras2, runtime
from keras_ckpt._typing import Config
from keras_ckpt.formats.config import keras2_arguments

#: Names of arguments, with the values at which a layer or optimizer does the same without them.
Neutral = Dict[str, Tuple[object, ...]]
#: A tensor, as the name of its layer, the number of the call and the number of the output.
Reference = List[Union[str, int]]

# Arguments that came after TensorFlow 2.0.
_NEWER: Neutral = {
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
    "renorm": (False,),
    "renorm_clipping": (None,),
    "renorm_momentum": (0.99,),
    "rms_scaling": (False,),
    "seed": (None,),
    "sliding_window": (None,),
    "synchronized": (False,),
    "use_gate": (False,),
    "zero_output_for_mask": (False,),
}
# Those that came later in some layers alone: Keras 2 took images with the channels last there.
_OF_IMAGES: Neutral = {
    "antialias": (False,),
    "crop_to_aspect_ratio": (False,),
    "data_format": (None, "channels_last"),
    "pad_to_aspect_ratio": (False,),
}
_LOOKUP: Neutral = {
    "idf_weights": (None,),
    "oov_method": ("floormod",),
    "salt": (None,),
}
#: Arguments that did nothing in the first releases of Keras 3, the only ones that had them.
_WITHOUT_EFFECT = {"RandomRotation": ("value_range",)}
#: Layers that mean another one in Keras 2 if they have both strides and a dilation.
_CONVOLUTIONS = ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
_NEWER_IN: dict[str, Neutral] = {
    **dict.fromkeys(_CONVOLUTIONS, {"interleaved": (True, False)}),
    "Attention": {"score_mode": ("dot",)},
    "Discretization": {"output_mode": ("int",), "sparse": (False,)},
    "GroupNormalization": {"groups": ()},
    "Hashing": {"output_mode": ("int",), "sparse": (False,)},
    "IntegerLookup": {**_LOOKUP, "vocabulary_dtype": ("int64",)},
    "Normalization": {"invert": (False,)},
    "StringLookup": {**_LOOKUP, "encoding": ("utf-8",)},
    "SyncBatchNormalization": {"synchronized": (True,)},
    "TextVectorization": {
        **_LOOKUP,
        "encoding": ("utf-8",),
        "ragged": (False,),
        "sparse": (False,),
    },
    "ZeroPadding1D": {"data_format": (None, "channels_last")},
    "CenterCrop": _OF_IMAGES,
    "RandomBrightness": _OF_IMAGES,
    "RandomContrast": {**_OF_IMAGES, "value_range": ([0, 255], (0, 255))},
    "RandomCrop": {**_OF_IMAGES, "resizes_first": (True, False)},
    "RandomFlip": _OF_IMAGES,
    "RandomRotation": _OF_IMAGES,
    "RandomTranslation": _OF_IMAGES,
    "RandomZoom": _OF_IMAGES,
    "Resizing": {**_OF_IMAGES, "fill_mode": ("constant",), "fill_value": (0.0,)},
}
#: Layers that look values up, with the type of their vocabularies.
_LOOKUPS = {"IntegerLookup": "int64", "StringLookup": "string"}
_RENAMED = {"LeakyReLU": {"negative_slope": "alpha"}}
# Arguments of the optimizers of Keras 3.
_OF_OPTIMIZERS: Neutral = {
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
# Layers whose description has the shapes of their inputs in Keras 2, which Keras 3 refuses.
_WITH_SHAPES = ("MultiHeadAttention",)
#: Losses that Keras 2 computed over the last axis alone.
_OF_THE_LAST_AXIS = ("SparseCategoricalCrossentropy",)
#: What stands before the names of `keras_ckpt.keras2`.
_PACKAGE = "keras_ckpt>"
_OWN_FUNCTIONS = {
    _PACKAGE + "keras2_hard_sigmoid": "hard_sigmoid",
    "keras2_hard_sigmoid": "hard_sigmoid",
    _PACKAGE + "no_loss": None,
}
#: Activations whose name means another one in Keras 2.
_CHANGED_ACTIVATIONS = ("hard_sigmoid",)
#: Layers whose name means another one in Keras 2.
_CHANGED_LAYERS = ("RandomCrop",)
#: Optimizers of `keras_ckpt.keras2`, with their names in Keras 2.
_OWN_OPTIMIZER = re.compile(_PACKAGE + r"(?:Keras2|Summed|Rows|Whole)(\w+)")
_NESTED = ("Functional", "Sequential")
#: What a description says of the class.
_NAMES = ("class_name", "module", "registered_name")


class NotInKeras2(ValueError):
    """The model has something that Keras 2 cannot describe."""


def is_one(description: Config) -> bool:
    """Returns whether a model is described as Keras 2 did: its inputs differ from Keras 3's.

    Args:
        description: Dict with `class_name` and `config`.
    """
    config = description.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    return any(
        isinstance(each, dict)
        and isinstance(each.get("config"), dict)
        and "batch_input_shape" in each["config"]
        for each in layers or []
    )


def of_model(description: Config) -> Config:
    """Returns the description of a model that Keras 2 would have written.

    Args:
        description: Dict with `class_name` and `config`, as Keras 3 writes it.

    Raises:
        NotInKeras2: if Keras 2 has no such model.
    """
    name = description["class_name"]
    config = description["config"]
    if name == "Sequential":
        # But for these, all that Keras 3 writes is for models that have no input.
        layers = [_layer(each) for each in config["layers"]]
        first = layers[0]["class_name"] if layers else None
        if first != "InputLayer":
            raise NotInKeras2(f"the model {config['name']!r} has no input")
        return {"class_name": name, "config": {"name": config["name"], "layers": layers}}
    if "input_layers" not in config:
        raise NotInKeras2("the model is of a class of its own")
    # The model may be of a class of the user's: its graph of layers says all that is in it.
    return {"class_name": "Model" if name == "Functional" else name, "config": _graph(config)}


def of_training(config: Config) -> Config:
    """Returns the description of how a model was compiled that Keras 2 would have written.

    Args:
        config: Dict as Keras 3 writes it to HDF5 files, with `optimizer_config`.
    """
    kept = {key: _plain(config.get(key)) for key in ("loss", "metrics", "weighted_metrics")}
    return dict(
        kept,
        loss_weights=config.get("loss_weights"),
        sample_weight_mode=None,
        optimizer_config=_optimizer(config["optimizer_config"]),
    )


def _optimizer(description: Config) -> Config:
    own = _OWN_OPTIMIZER.fullmatch(_full_name(description))
    name, config = own[1] if own else description["class_name"], description["config"]
    if "inner_optimizer" in config:
        settings = {key: config[key] for key in ("initial_scale", "dynamic_growth_steps")}
        inner = _optimizer(config["inner_optimizer"])
        # Keras 3 finds it by its module.
        settings["inner_optimizer"] = dict(inner, module="keras.optimizers", registered_name=None)
    else:
        settings = _known(name, _plain_config(config), _OF_OPTIMIZERS)
    return {"class_name": name, "config": settings}


def _known(name: str, config: Config, neutral: Neutral) -> Config:
    """Returns the arguments of a class by the names in Keras 2, without the neutral ones."""
    renamed = _RENAMED.get(name, {})
    kept = {}
    for key, value in config.items():
        if key in neutral and (key == "build_config" or value in neutral[key]):
            continue
        if key in _WITHOUT_EFFECT.get(name, ()):
            continue
        kept[renamed.get(key, key)] = value
    return kept


def _plain(value: object) -> object:
    """Returns a value in which objects are described as Keras 2 did."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, str) and value.startswith(_PACKAGE):
        return _OWN_FUNCTIONS.get(value, value)
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return _plain_config(value)
    name, config = value["class_name"], value.get("config") or {}
    if name == "DTypePolicy":
        return config["name"]
    if name == "function":
        return _OWN_FUNCTIONS.get(str(config), config)
    if name == "__lambda__":
        raise NotInKeras2("it holds code")
    if _full_name(value) == _PACKAGE + "OfBatch":
        _check_reduction(config["reduction"])
        return _plain(config["regularizer"])
    if _full_name(value) == _PACKAGE + "OverAllSteps":
        return _plain(config["loss"])
    if name in ("L1", "L2"):
        # The class of both, and the only one in TensorFlow 2.0.
        return {"class_name": "L1L2", "config": dict({"l1": 0.0, "l2": 0.0}, **config)}
    if name in _NESTED or hasattr(runtime.keras().layers, name):
        return _layer(value)
    if name in _OF_THE_LAST_AXIS and config.get("axis", -1) != -1:
        raise NotInKeras2(f"{name} has no axis in Keras 2")
    settings = _known(name, _plain_config(config), _NEWER)
    return _described(value, settings)


def _plain_config(config: Config) -> Config:
    for key, each in config.items():
        if key.endswith("activation") and each in _CHANGED_ACTIVATIONS:
            raise NotInKeras2(f"the activation {each!r} of Keras 3 is another one in Keras 2")
    return {key: _plain(each) for key, each in config.items()}


def _layer(description: Config) -> Config:
    name, config = description["class_name"], description["config"]
    if name in _NESTED:
        return of_model(description)
    is_of_keras_2 = _full_name(description).startswith(_PACKAGE)
    name = name[len(_PACKAGE) :] if name.startswith(_PACKAGE) else name
    if name in _CHANGED_LAYERS and not is_of_keras_2:
        raise NotInKeras2(f"{name} of Keras 3 is another layer in Keras 2")
    if name in _CONVOLUTIONS and not config.get("interleaved"):
        if keras2_arguments.has_strides_in_dilation(config):
            raise NotInKeras2(f"{name} with strides and a dilation is another layer in Keras 2")
    if name in _WITH_SHAPES:
        raise NotInKeras2(f"no description of {name} is read by both Keras 2 and Keras 3")
    if not (hasattr(runtime.keras().layers, name) or _is_layer_of_users(description)):
        raise NotInKeras2(f"the operation {name} is not a layer")
    has_penalty = name == "ActivityRegularization" or config.get("activity_regularizer")
    if has_penalty and not _is_of_batch(description):
        _check_reduction("mean" if keras2.regularizers.divides_by_batch_size() else "sum")
    settings = _known(name, _plain_config(config), {**_NEWER, **_NEWER_IN.get(name, {})})
    if name == "ActivityRegularization" and is_of_keras_2:
        _check_reduction(settings.pop("reduction"))
    if name in _LOOKUPS and settings.get("output_mode") == "int":
        # Keras 2 wants the type of what comes out.
        settings["dtype"] = _LOOKUPS[name] if settings.get("invert") else "int64"
    if name == "Discretization" and settings.get("bin_boundaries"):
        settings["num_bins"] = None  # Keras 2 takes one of them, and Keras 3 has both.
    if name == "InputLayer":
        settings["batch_input_shape"] = settings.pop("batch_shape")
        settings.setdefault("ragged", False)
    # Keras 3 finds a layer within another by its module, which Keras 2 does not look at.
    return _described(description, settings)


def _full_name(description: Config) -> str:
    """Returns the name of a class with its package, which is in one of two places."""
    return str(description.get("registered_name") or description["class_name"])


def _is_of_batch(description: Config) -> bool:
    """Returns whether the description says how the penalty on the outputs of a layer counts."""
    config = description["config"]
    penalty = config.get("activity_regularizer")
    return "reduction" in config or (
        isinstance(penalty, dict) and _full_name(penalty) == _PACKAGE + "OfBatch"
    )


def _check_reduction(reduction: str) -> None:
    if reduction != "mean":
        raise NotInKeras2("Keras 2 divides a penalty on outputs by the size of the batch")


def _described(description: Config, config: Config) -> Config:
    """Returns the description of an object by its arguments and by the class that it had."""
    name = _full_name(description)
    if name.startswith(_PACKAGE):
        # A layer that Keras 2 had.
        return {"class_name": name[len(_PACKAGE) :], "config": config}
    module = description.get("module")
    found: Config = {"module": module, "registered_name": None} if module else {}
    return dict(found, class_name=name, config=config)


def _is_layer_of_users(description: Config) -> bool:
    module = str(description.get("module"))
    return not module.startswith(("keras.", "keras_core."))


def _as_called(description: Config) -> Config:
    """Returns the description of a layer whose calls say of `training` what Keras 2 understands.

    Keras 3 notes what the argument was, and puts that of the model in its place; Keras 2 keeps it.
    """
    base = keras2.fixed_training.unfixed(_full_name(description))
    if base is not None:
        is_own = str(description.get("module")).startswith(f"{keras2.fixed_training.__name__}")
        left_out = _NAMES if is_own else ("class_name", "registered_name")
        others = {key: description[key] for key in description if key not in left_out}
        return dict(others, class_name=base)
    nodes = [
        dict(node, kwargs={key: node["kwargs"][key] for key in node["kwargs"] if key != "training"})
        for node in description["inbound_nodes"]
    ]
    return dict(description, inbound_nodes=nodes)


def _graph(config: Config) -> Config:
    config = dict(config, layers=[_as_called(each) for each in config["layers"]])
    # A model within the model that has an input has been called once, as Keras 2 counts, before
    # the model calls it; as Keras 3 counts, it has not. So each of its calls is written twice: the
    # references are to the second for Keras 2, and to the first for Keras 3.
    nested = {
        each["name"]
        for each in config["layers"]
        if each["class_name"] in _NESTED or "input_layers" in each["config"]
    }
    # In the lists of inputs and outputs Keras 3 counts the calls of these from 1.
    from_1 = {
        each["name"]
        for each in config["layers"]
        if each["name"] in nested and each["class_name"] != "Sequential"
    }
    masks = _masks(config["layers"])

    def tensor(history: tuple[str, int, int]) -> Reference:
        name, node, output = history
        if name in masks:
            raise NotInKeras2(f"the mask {name!r} is used for something else, too")
        return [name, 2 * node + 1 if name in nested else node, output]

    def outer_tensor(history: tuple[str, int, int]) -> Reference:
        name, node, output = history
        return tensor((name, node - 1 if name in from_1 else node, output))

    def filled(value: object) -> object:
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
            args = [filled(value) for value in node["args"]]
            kwargs = {key: filled(value) for key, value in kwargs.items()}
            calls.append(_call(args, kwargs, names))
        if each["name"] in nested:
            calls = [call for call in calls for _ in range(2)]
        layers.append(dict(made, name=each["name"], inbound_nodes=calls))
    # A single tensor stays one: with a list of one, a model of Keras 3 returns a list.
    outer = {
        which: _map_references(outer_tensor, config[which])
        for which in ("input_layers", "output_layers")
    }
    return dict({"name": config["name"], "layers": layers}, **outer)


def _masks(layers: Iterable[Config]) -> set[str]:
    """Returns the names of the operations that make the masks of Embedding and Masking layers.

    Keras 3 describes these masks as tensors, with the layers that take them. Keras 2 does not, and
    both make them anew when the layers are called.
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


def _masked(description: Config) -> list[float]:
    """Returns the value that a layer masks, in a list, which is empty if it masks none."""
    config = description["config"]
    if description["class_name"] == "Embedding" and config.get("mask_zero"):
        return [0]
    return [config["mask_value"]] if description["class_name"] == "Masking" else []


def _source(tensor: object) -> str | None:
    """Returns the name of the layer that a tensor is from, or None if it is not a tensor."""
    if isinstance(tensor, dict) and tensor.get("class_name") == "__keras_tensor__":
        return str(tensor["config"]["keras_history"][0])
    return None


def _map_references(function: Callable[[tuple[str, int, int]], Reference], value: Any) -> object:
    """Applies `function` to each reference in nested lists and dicts."""
    if isinstance(value, dict):
        return {key: _map_references(function, each) for key, each in value.items()}
    if len(value) == 3 and isinstance(value[0], str):
        return function(value)
    return [_map_references(function, each) for each in value]


def _arguments(description: Config) -> list[str]:
    """Returns the names of the arguments that a layer of Keras is called with."""
    cls = getattr(runtime.keras().layers, description["class_name"], None)
    if cls is None:
        return ["inputs"]
    return list(inspect.signature(cls.call).parameters)[1:]


def _is_nothing(value: object) -> bool:
    """Returns whether an argument is None, or for several tensors one None each."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(each is None for each in value)
    return value is None


def _call(args: list[Any], kwargs: Config, names: list[str]) -> list[list[object]]:
    """Returns a call as Keras 2 wrote it: its tensors, each with the other arguments.

    Args:
        args: the positional arguments, with references in the place of tensors.
        kwargs: the other arguments.
        names: the names of all arguments of the layer.
    """
    others = {key: value for key, value in kwargs.items() if not _is_nothing(value)}
    if len(args) > len(names):
        raise NotInKeras2(f"a layer is called with {len(args)} tensors")
    others.update(dict(zip(names[1:], args[1:])))
    # The first argument is a tensor, or a list of them.
    first = args[0] if args else others.pop(names[0])
    tensors = [first] if isinstance(first[0], str) else list(first)
    if not all(len(each) == 3 and isinstance(each[0], str) for each in tensors):
        raise NotInKeras2("a layer is called with a nest of tensors")
    return [each + [others] for each in tensors]
