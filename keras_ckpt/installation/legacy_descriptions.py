"""Keras 3's functions that make models from descriptions, for those of Keras 2, too.

What Keras 3 described, Keras 3 reads as ever. `model_from_yaml` and `model_from_config`, which
Keras 3 removed, are there again.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Callable

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Model
from keras_ckpt.formats import descriptions
from keras_ckpt.installation import usage
from keras_ckpt.installation.legacy_signatures import Activation

#: The function of Keras 3 that is replaced, and those that it removed.
JSON = "model_from_json"
REMOVED = ("model_from_yaml", "model_from_config")
#: The class method that is replaced, in `Model` and `Sequential`.
CONFIG = "from_config"
_DESCRIPTION = "a model that Keras 2 described"
#: Whose own calls of `from_config` are left as they are.
_READERS = ("keras.", "keras_ckpt.")


def with_legacy_json(native: Callable[..., Model], activation: Activation) -> Callable[..., Model]:
    """Returns `model_from_json`, which also takes what `to_json` of Keras 2 returned.

    Args:
        native: Callable, that of the running Keras.
        activation: `Activation`, says whether it does so.
    """

    @functools.wraps(native)
    def model_from_json(json_string: str, custom_objects: CustomObjects | None = None) -> Model:
        if activation.is_active and _is_json_of_keras_2(json_string):
            safe = runtime.is_safe_mode(None)
            with usage.recorded(usage.began(JSON, ("…",), {}, content=_DESCRIPTION)):
                return descriptions.model_from_json(json_string, custom_objects, safe)
        return native(json_string, custom_objects)

    return model_from_json


def _is_json_of_keras_2(text: object) -> bool:
    try:
        found = json.loads(text) if isinstance(text, (str, bytes)) else None
    except (ValueError, RecursionError):
        return False  # Which Keras says in its own words.
    return isinstance(found, dict) and descriptions.is_of_keras_2(found)


def removed(name: str) -> Callable[..., Model]:
    """Returns a function of `REMOVED`, with the arguments that it had."""
    function = getattr(descriptions, name)

    @functools.wraps(function)
    def again(described: object, custom_objects: CustomObjects | None = None) -> Model:
        absent = f"AttributeError: module 'keras.models' has no attribute '{name}'"
        with usage.recorded(usage.began(name, ("…",), {}, refused=absent)):
            made: Model = function(described, custom_objects, runtime.is_safe_mode(None))
        return made

    return again


def with_legacy_config(
    native: Callable[..., Model], activation: Activation
) -> Callable[..., Model]:
    """Returns the class method `from_config`, which also takes what Keras 2 described.

    In classes of users nothing changes.

    Args:
        native: Callable, the function of the class method of the running Keras.
        activation: `Activation`, says whether it does so.
    """

    @functools.wraps(native)
    def from_config(
        this: type, config: Config | list[Config], custom_objects: CustomObjects | None = None
    ) -> Model:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        is_users = activation.is_active and not caller.startswith(_READERS)
        of_keras = this.__module__.startswith("keras.")
        if is_users and of_keras and _is_config_of_keras_2(config):
            if isinstance(config, list):
                config = {"class_name": "Sequential", "config": config}
            safe = runtime.is_safe_mode(None)
            with usage.recorded(usage.began(CONFIG, ("…",), {}, content=_DESCRIPTION)):
                return descriptions.model_from_config(config, custom_objects, safe)
        return native(this, config, custom_objects)

    return from_config


def _is_config_of_keras_2(config: Config | list[Config]) -> bool:
    if isinstance(config, list):  # Of a Sequential, before Keras 2.2.3.
        return bool(config)
    layers = config.get("layers") if isinstance(config, dict) else None
    return bool(layers) and descriptions.is_of_keras_2(config)
