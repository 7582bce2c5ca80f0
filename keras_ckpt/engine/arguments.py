"""What the arguments of `keras_ckpt.ModelCheckpoint` may be, and what else people pass and mean."""

from __future__ import annotations

import difflib
import numbers
from typing import Any, Mapping

import numpy as np

from keras_ckpt.engine import messages

#: The arguments that only some releases have.
LEGACY = ("period", "load_weights_on_restart")
NAMES = (
    "filepath",
    "monitor",
    "verbose",
    "save_best_only",
    "save_weights_only",
    "mode",
    "save_freq",
    "options",
    "initial_value_threshold",
) + LEGACY


def scalar(value: Any) -> Any:
    """Returns a NumPy array without a shape as the scalar that it holds, anything else as it is."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def is_number(value: Any) -> bool:
    """Returns whether `value` is a real number; a boolean is none."""
    value = scalar(value)
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def string(name: str, value: Any) -> str:
    """Returns `value`, which must be a string with something in it.

    Raises:
        TypeError: if it is not a string.
        ValueError: if it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(
            f"`{name}` must be a string. Received: {value!r}, of type {type(value).__name__}"
        )
    if not value:
        raise ValueError(f"`{name}` must not be empty.")
    return value


def boolean(name: str, value: Any) -> bool:
    """Returns `value` as a boolean: True, False, 1, 0, NumPy's, None for False, or their names.

    Raises:
        ValueError: if it is none of them.
    """
    value = scalar(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        # In the releases any string was true, `"False"` too.
        meant = value.lower() == "true"
        if not meant:
            messages.warn("boolean", name=name, value=value)
        return meant
    if value is None:
        return False
    if isinstance(value, (bool, np.bool_)) or (is_number(value) and value in (0, 1)):
        return bool(value)
    raise ValueError(f"`{name}` must be True or False. Received: {value!r}")


def number(name: str, value: Any) -> Any:
    """Returns `value`, which must be a number, or a boolean in the place of one.

    Raises:
        ValueError: if it is not, or is not a number (NaN).
    """
    value = scalar(value)
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if not is_number(value) or value != value:
        raise ValueError(f"`{name}` must be a number. Received: {value!r}")
    return value


def whole_number(name: str, value: Any, instead: str = "") -> int:
    """Returns `value` as an integer: any whole number from 1 on, also NumPy's, or a float (10.0).

    Args:
        name: the argument's name.
        value: what was passed.
        instead: what else is allowed, for the message.

    Raises:
        ValueError: for anything else.
    """
    value = scalar(value)
    if is_number(value) and value == value and value >= 1 and value % 1 == 0:
        return int(value)
    raise ValueError(f"`{name}` must be {instead}a whole number from 1 on. Received: {value!r}")


def options_or_threshold(options: Any, threshold: Any) -> tuple[Any, float | None]:
    """Returns (options, initial_value_threshold), distinguished by their types.

    The eighth positional argument is `options` up to TF 2.15 and the threshold in Keras 3.

    Raises:
        TypeError: if both are thresholds.
        ValueError: if the threshold is not a number.
    """
    if is_number(options):
        if threshold is not None:
            raise TypeError(
                f"`initial_value_threshold` is given twice: {options!r} in the place of `options` "
                f"and {threshold!r}. Pass it once, by name."
            )
        options, threshold = None, options
    if threshold is not None:
        threshold = float(number("initial_value_threshold", threshold))
    return options, threshold


def unknown(kwargs: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the names that no release has, each with the name that is probably meant, or ""."""
    found = {}
    for name in kwargs:
        if name not in LEGACY:
            near = difflib.get_close_matches(name.lower(), NAMES, n=1, cutoff=0.6)
            found[name] = near[0] if near else ""
    return found
