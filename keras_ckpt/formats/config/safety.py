"""Whether making the model that a file describes would run code or read other files."""

from __future__ import annotations

import importlib
import re
import sys

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint, UnsafeCheckpoint, UnsupportedModel
from keras_ckpt.formats.config.lambdas import python_code

_DEEPEST = 200

# Where Keras has what a model is made of. All else in it is no part of a model, and has been named
# in attacks: `keras.utils.get_file`, `keras.config.enable_unsafe_deserialization`.
_WITHIN = r"(tf_)?keras(\.(api|src|_tf_keras\.keras))*"
_FUNCTIONS = re.compile(
    _WITHIN + r"\.(activations|constraints|initializers|losses|metrics|ops|regularizers)(\.\w+)*"
)
_CLASSES = re.compile(
    _WITHIN + r"(\.(activations|backend\.\w+\.optimizers|constraints|distillation|dtype_policies"
    r"|engine|initializers|layers|losses|metrics|mixed_precision|models|optimizers|quantizers"
    r"|random|regularizers)(\.\w+)*)?"
)
# The modules with the operations that Keras makes layers of (`x + 1`), beside much else.
_OPERATIONS = re.compile(r"keras(\.src)?\.ops(\.\w+)*")
# Functions there that make whatever their argument names.
_MAKERS = frozenset(["deserialize", "get", "serialize"])
# Packages that hold none of a user's classes and functions.
_NOT_OF_PROJECTS = frozenset(getattr(sys, "stdlib_module_names", sys.builtin_module_names)) | {
    "keras",
    "tensorflow",
    "tf_keras",
}
# Other packages of the Keras project, and keras_ckpt itself.
_SISTERS = re.compile(r"(keras_hub|keras_cv|keras_nlp)(\.\w+)*|keras_ckpt(\.\w+)*")
_ELSEWHERE = {"FeatureSpace": re.compile(r"keras(\.src)?\.(utils|layers)(\.\w+)*")}

_TRUST = "load with safe_mode=False if you trust the file"
_UNKNOWN = (
    "pass your own classes in custom_objects, or build the model and call "
    "keras_ckpt.load_weights(model, path), which needs no configuration"
)

# Layers that run what their description holds, or read what it names.
_CODE = {
    "TorchModuleWrapper": "a module of PyTorch, which is unpickled",
    "TFSMLayer": "the graph in another SavedModel",
}


def refuse_code(
    path: str,
    config: object,
    custom_objects: CustomObjects | None,
    safe_mode: bool,
    by_module: bool = True,
) -> None:
    """Raises an error if the description of a model would run what it must not.

    Args:
        path: String, the checkpoint.
        config: its description of the model, or of how the model was compiled.
        custom_objects: the user's classes and functions, which it may name, or None.
        safe_mode: Boolean. `False` if the user trusts the file.
        by_module: Boolean, whether Keras 3 reads the description, and imports what it names from
            the module that it names. Defaults to `True`.

    Raises:
        UnsafeCheckpoint: if it holds code, or names something that is no part of a model.
        UnsupportedModel: if it names something that is neither in Keras nor in `custom_objects`.
        DamagedCheckpoint: if it is nested too deeply.
    """
    waiting = [(config, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEEPEST:
            raise DamagedCheckpoint(path, "the description of its model is nested too deeply")
        if isinstance(value, dict):
            if "class_name" in value and safe_mode:
                _check(path, value, custom_objects or {}, by_module)
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]


#: Arguments that a layer with weights has at least as many values as.
_SIZES = ("filters", "input_dim", "output_dim", "units")
#: How many values of a layer take no time to make.
_FEW = 4096
#: What the description of such a layer has, too.
_OF_WEIGHTS = ("depthwise_initializer", "embeddings_initializer", "kernel_initializer")


def refuse_sizes(path: str, config: object, stored: int) -> None:
    """Raises an error if a model is described with more values than a checkpoint can hold.

    To make it would take time and memory before its values are found missing.

    Args:
        path: String, the checkpoint.
        config: its description of the model.
        stored: Integer, how many values there are for all variables of the model.

    Raises:
        UnsafeCheckpoint: if a layer has more.
    """
    most = max(stored, _FEW)  # A model that is not built yet has no values.
    waiting = [config]
    for value in waiting:
        if isinstance(value, dict):
            settings = value.get("config")
            if isinstance(settings, dict) and any(each in settings for each in _OF_WEIGHTS):
                for key in _SIZES:
                    size = settings.get(key)
                    if isinstance(size, int) and size > most:
                        raise UnsafeCheckpoint(
                            path,
                            f"the layer {settings.get('name')!r} in its model has {key}={size}, "
                            f"and there are {stored} values in it for all layers",
                            "copy the file again if it is yours",
                        )
            waiting += list(value.values())
        elif isinstance(value, list):
            waiting += value


def _check(path: str, value: Config, custom: CustomObjects, by_module: bool) -> None:
    """Raises an error if one object in a description is not safe to make."""
    kind = str(value["class_name"])
    config = value.get("config")
    settings: Config = config if isinstance(config, dict) else {}
    name = str(config if kind == "function" and isinstance(config, str) else kind)
    if _is_custom(value, kind, name, custom, by_module):
        return
    what = ""
    if kind == "__lambda__" or (kind == "Lambda" and _is_code(settings)):
        stored = (settings.get(key) for key in ("code", "value", "function"))
        code = python_code.source_of(next(filter(None, stored), None))
        what = "a Lambda, which holds code" + (f": {code}" if code and len(code) < 500 else "")
    elif kind in _CODE:
        what = f"a {kind}, which runs {_CODE[kind]}"
    elif isinstance(settings.get("vocabulary"), str):
        what = f"a {kind}, which reads the file {settings['vocabulary']!r}"
    if what:
        raise UnsafeCheckpoint(
            path, f"{settings.get('name', kind)!r} in its model is {what}", _TRUST
        )
    if not by_module or kind.startswith("__") and kind != "__typespec__":
        return
    module = value.get("module")
    if module is None or (module == "builtins" and kind == "function"):
        return
    if not _is_part(kind, name, str(module)):
        raise _no_part_of_keras(path, name, str(module))


def _no_part_of_keras(path: str, name: str, module: str) -> CheckpointError:
    """Returns the error for a name that would be imported from outside Keras."""
    # Any module may belong to a user's project but for those of Python and Keras.
    is_of_project = module.split(".")[0] not in _NOT_OF_PROJECTS
    kind = UnsupportedModel if is_of_project else UnsafeCheckpoint
    return kind(
        path,
        f"Keras {runtime.keras().__version__} cannot make the model again: {name!r} of {module!r} "
        "is no part of Keras",
        _UNKNOWN,
    )


def _is_part(kind: str, name: str, module: str) -> bool:
    """Returns whether a class or function may be a part of a model of Keras."""
    if kind == "function":
        return bool(_FUNCTIONS.fullmatch(module)) and name not in _MAKERS
    if _OPERATIONS.fullmatch(module):
        return _is_operation(module, name)
    patterns = [_CLASSES, _SISTERS] + ([_ELSEWHERE[kind]] if kind in _ELSEWHERE else [])
    return any(pattern.fullmatch(module) for pattern in patterns)


def _is_operation(module: str, name: str) -> bool:
    """Returns whether a module of Keras has an operation of this name."""
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, runtime.keras().Operation)


def _is_custom(value: Config, kind: str, name: str, custom: CustomObjects, by_module: bool) -> bool:
    """Returns whether a class or function is the user's, by the name that Keras looks for."""
    names = [name]
    if kind != "function":
        names = [value.get("registered_name", kind)]
        if not by_module:
            names += [kind, kind.split(">")[-1]]
    find = runtime.keras().saving.get_registered_object
    return any(isinstance(each, str) and find(each, custom) is not None for each in names)


def _is_code(settings: Config) -> bool:
    """Returns whether a Lambda holds code, and not the name of a function."""
    if any(
        settings.get(f"{name}_type") == "lambda" for name in ("function", "output_shape", "mask")
    ):
        return True
    return not isinstance(settings.get("function"), (dict, str))
