"""Models from their descriptions alone: `model.to_json()`, `to_yaml()` and `get_config()`."""

from __future__ import annotations

import importlib
from typing import Any

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Model
from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.formats import parsing
from keras_ckpt.formats.config import keras2_reader, making, safety
from keras_ckpt.formats.config.lambdas import named
from keras_ckpt.runtime import internals


def model_from_json(
    json_string: str, custom_objects: CustomObjects | None = None, safe_mode: bool = True
) -> Model:
    """Returns the model that `to_json` of any release described, with new weights.

    Args:
        json_string: String, what `model.to_json()` returned.
        custom_objects: Dict, your own classes and functions by the names in the description.
            Defaults to `None`.
        safe_mode: Boolean, whether to refuse code in it (`Lambda` layers). Defaults to `True`.

    Returns:
        A Keras model, not compiled.

    Raises:
        DamagedCheckpoint: if it is no JSON, or no description of a model.
        UnsafeCheckpoint: if it holds code, with `safe_mode`.
        UnsupportedModel: if the model cannot be made again, e.g. without `custom_objects`.

    Example:

    ```python
    described = model.to_json()  # of any release
    model = keras_ckpt.model_from_json(described)
    keras_ckpt.load_weights(model, "cp-0010.ckpt")
    ```

    Added in keras_ckpt 0.1.0.
    """
    where = "the JSON description"
    return _made(where, parsing.described(where, json_string), custom_objects, safe_mode)


def model_from_yaml(
    yaml_string: str, custom_objects: CustomObjects | None = None, safe_mode: bool = True
) -> Model:
    """Returns the model that `to_yaml` of TensorFlow 2.0 to 2.5 or Keras 2 described.

    No code in the text runs, as it could in these releases: of YAML's own objects only tuples are
    read.

    Args:
        yaml_string: String, what `model.to_yaml()` returned.
        custom_objects: Dict, your own classes and functions by the names in the description.
            Defaults to `None`.
        safe_mode: Boolean, whether to refuse code in it (`Lambda` layers). Defaults to `True`.

    Returns:
        A Keras model, not compiled, with new weights.

    Raises:
        TypeError: if it is no string.
        ImportError: if PyYAML is not installed: `pip install "keras_ckpt[yaml]"`.
        DamagedCheckpoint: if it is no YAML, or no description of a model.
        UnsafeCheckpoint: if it holds code, with `safe_mode`.
        UnsupportedModel: if the model cannot be made again, e.g. without `custom_objects`.

    Example:

    ```python
    dense = "{class_name: Dense, config: {units: 2, batch_input_shape: [null, 3]}}"
    described = f"{{class_name: Sequential, config: [{dense}]}}"
    model = keras_ckpt.model_from_yaml(described)
    ```

    Added in keras_ckpt 0.1.0.
    """
    where = "the YAML description"
    if not isinstance(yaml_string, (str, bytes)):
        raise TypeError(f"`yaml_string` is a string. Received: {yaml_string!r}")
    return _made(where, _parsed(where, yaml_string), custom_objects, safe_mode)


def model_from_config(
    config: Config, custom_objects: CustomObjects | None = None, safe_mode: bool = True
) -> Model:
    """Returns the model that a dict describes, as `model_from_config` of Keras 2 did.

    Args:
        config: Dict with `class_name` and `config`, or what the `get_config()` of a functional or
            sequential model of any release returned.
        custom_objects: Dict, your own classes and functions by the names in the description.
            Defaults to `None`.
        safe_mode: Boolean, whether to refuse code in it (`Lambda` layers). Defaults to `True`.

    Returns:
        A Keras model, not compiled, with new weights.

    Raises:
        TypeError: if it is no dict.
        DamagedCheckpoint: if it is no description of a model.
        UnsafeCheckpoint: if it holds code, with `safe_mode`.
        UnsupportedModel: if the model cannot be made again, e.g. without `custom_objects`.

    Example:

    ```python
    model = keras_ckpt.model_from_config(model.get_config())
    ```

    Added in keras_ckpt 0.1.0.
    """
    if not isinstance(config, dict):
        raise TypeError(f"`config` is a dict, as `get_config()` returns it. Received: {config!r}")
    return _made("the description", config, custom_objects, safe_mode)


def _parsed(where: str, text: str) -> Config:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise ImportError(
            "Descriptions in YAML take PyYAML, which is not installed. Install it with "
            '`pip install "keras_ckpt[yaml]"`, or `pip install pyyaml`.'
        ) from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined]
        """Reads what `to_yaml` wrote, and makes no objects of Python but tuples and dicts."""

    def tuple_of(loader: Any, node: Any) -> list[object]:
        return list(loader.construct_sequence(node, deep=True))

    def dict_of(loader: Any, node: Any) -> dict[object, object]:
        # What the dict was made of: another dict, or nothing.
        return dict(*loader.construct_sequence(node, deep=True))

    Loader.add_constructor("tag:yaml.org,2002:python/tuple", tuple_of)
    for name in ("builtins.dict", "__builtin__.dict", "collections.OrderedDict"):
        Loader.add_constructor(f"tag:yaml.org,2002:python/object/apply:{name}", dict_of)
    try:
        found = yaml.load(text, Loader)
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise DamagedCheckpoint(
            where, f"it cannot be read: {parsing.one_line(error)}", "save it again"
        ) from error
    if not isinstance(found, dict):
        raise DamagedCheckpoint(where, "it does not describe a model", "save it again")
    return found


def is_of_keras_2(description: Config) -> bool:
    """Returns whether Keras 2 wrote a description.

    Args:
        description: Dict with `class_name` and `config`.
    """
    version = str(description.get("keras_version") or "")
    if version:
        return not version.startswith("3")
    return not any(_is_of_keras_3(each) for each in _all(description))


def _is_of_keras_3(described: Config) -> bool:
    config = described.get("config")
    return (
        ("registered_name" in described and "build_config" in described)
        or described["class_name"] == "DTypePolicy"
        or (isinstance(config, dict) and "batch_shape" in config)
    )


def _all(description: object) -> list[Config]:
    """Returns the dicts in a description that describe an object."""
    found: list[Config] = []
    waiting = [description]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                found.append(value)
            waiting += list(value.values())
        elif isinstance(value, (list, tuple)):
            waiting += list(value)
    return found


def _made(
    where: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool
) -> Model:
    if "class_name" not in config and "layers" in config:
        kind = "Functional" if "input_layers" in config else "Sequential"
        config = {"class_name": kind, "config": config}
    if "class_name" not in config or not isinstance(config.get("config"), (dict, list)):
        raise DamagedCheckpoint(where, "it does not describe a model", "save it again")
    is_old = is_of_keras_2(config)
    safety.refuse_code(where, config, custom_objects, safe_mode, by_module=not is_old)
    if is_old:
        version = str(config.get("keras_version") or "")
        return keras2_reader.make(where, config, custom_objects, safe_mode, version)
    keras = runtime.keras()
    safely = internals.safe_mode_scope(safe_mode)
    with internals.object_sharing_scope(), safely, making.from_description(where):
        config, custom = named.functions(config, custom_objects)
        with keras.saving.custom_object_scope(custom):
            if "module" not in config:
                kind = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
                return kind.from_config(config["config"])
            return keras.saving.deserialize_keras_object(config, custom, safe_mode=safe_mode)
