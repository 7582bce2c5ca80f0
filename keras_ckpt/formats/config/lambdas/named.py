"""Functions in descriptions of Keras 3, which it would run whichever Python compiled them."""

from __future__ import annotations

from keras_ckpt._typing import Config, CustomObjects, Function
from keras_ckpt.formats.config.lambdas import python_code


def functions(config: Config, custom_objects: CustomObjects | None) -> tuple[Config, CustomObjects]:
    """Returns a description in which functions have names in place of code, and what these mean.

    Args:
        config: Dict, a description by Keras 3.
        custom_objects: Dict, the user's classes and functions, or None. One under the name of a
            `Lambda` layer takes the place of its function.

    Raises:
        ValueError: if there is code that the running Python cannot have compiled, and that cannot
            be made again.
    """
    custom = dict(custom_objects or {})
    found: dict[str, object] = {}

    def name(function: Function) -> Config:
        known = f"keras_ckpt_function_{len(found)}"
        found[known] = function
        # As Keras 3 describes a function that is registered.
        return {
            "module": "builtins",
            "class_name": "function",
            "config": known,
            "registered_name": known,
        }

    def walk(value: object, layer: object) -> object:
        if isinstance(value, list):
            return [walk(each, None) for each in value]
        if not isinstance(value, dict):
            return value
        inner = value.get("config")
        if value.get("class_name") == "__lambda__" and isinstance(inner, dict):
            return name(custom[layer] if layer in custom else _made(inner, custom))
        if value.get("class_name") == "Lambda" and isinstance(inner, dict):
            made = {key: walk(each, None) for key, each in inner.items() if key != "function"}
            made["function"] = walk(inner.get("function"), inner.get("name"))
            return dict(value, config=made)
        return {key: walk(each, None) for key, each in value.items()}

    made = walk(config, None)
    assert isinstance(made, dict)
    return (made, {**custom, **found}) if found else (config, custom)


def _made(inner: Config, custom: CustomObjects) -> Function:
    parts = inner.get("value") or [inner.get(key) for key in ("code", "defaults", "closure")]
    function = python_code.function_of(parts, dict(custom), None, True)
    # By this name Keras 3 saves its code again.
    function.__name__ = "<lambda>"
    return function
