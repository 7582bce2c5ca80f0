"""What the arguments of `keras_ckpt.ModelCheckpoint` may be, and what else people pass and mean."""

from __future__ import annotations

import difflib
import functools
import inspect
import numbers
import os
from typing import Any, Callable, Mapping, NamedTuple

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
#: What no release has, and `keras_ckpt.ModelCheckpoint` does.
OWN = (
    "durable",
    "keep_best_n",
    "keep_checkpoint_every_n_hours",
    "keep_period",
    "link_best",
    "link_latest",
    "max_to_keep",
    "on_save",
    "restore_best_weights",
    "resume",
    "save_before_preemption",
    "save_on_background",
)
#: What other libraries call it: PyTorch Lightning, transformers, Ignite, Ray, TensorFlow, Orbax,
#: Composer, Hydra; and what to write here.
PEERS = {
    "best_fn": "keep_best_n",
    "best_mode": "mode",
    "ckpt_path": "resume",
    "dirpath": "filepath",
    "enable_version_counter": "filepath",
    "every_n_epochs": "period",
    "every_n_train_steps": "save_freq",
    "filename": "filepath",
    "greater_is_better": "mode",
    "keep_checkpoints": "max_to_keep",
    "keep_time_interval": "keep_checkpoint_every_n_hours",
    "load_best_model_at_end": "restore_best_weights",
    "metric_for_best_model": "monitor",
    "n_saved": "max_to_keep",
    "num_checkpoints_to_keep": "max_to_keep",
    "num_to_keep": "max_to_keep",
    "resume_from_checkpoint": "resume",
    "save_interval": "save_freq",
    "save_interval_steps": "save_freq",
    "save_last": "link_latest",
    "save_num_checkpoints_to_keep": "max_to_keep",
    "save_on_exception": "saving_on_exception()",
    "save_on_train_epoch_end": "save_freq",
    "save_steps": "save_freq",
    "save_top_k": "keep_best_n",
    "save_total_limit": "max_to_keep",
    "score_name": "monitor",
    "train_time_interval": "save_freq",
}


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


def whole_number(name: str, value: Any, instead: str = "", start: str = "") -> int:
    """Returns `value` as an integer: any whole number from 1 on, also NumPy's, or a float (10.0).

    Args:
        name: the argument's name.
        value: what was passed.
        instead: what else is allowed, for the message.
        start: what the message begins with.

    Raises:
        ValueError: for anything else.
    """
    value = scalar(value)
    if is_number(value) and value == value and value >= 1 and value % 1 == 0:
        return int(value)
    raise ValueError(
        f"{start}`{name}` must be {instead}a whole number from 1 on. Received: {value!r}"
    )


class ByPosition(NamedTuple):
    """A number that was passed by position where stand-alone Keras has `period`."""

    value: Any


#: The place of `save_freq`, `period` in stand-alone Keras, in the arguments by position.
_SEVENTH = 6


def with_seventh_marked(init: Callable[..., None]) -> Callable[..., None]:
    """Returns an `__init__` that is given a number in the seventh place as a `ByPosition`."""

    @functools.wraps(init)
    def marked(self: object, *args: Any, **kwargs: Any) -> None:
        if len(args) > _SEVENTH and is_number(args[_SEVENTH]):
            seventh = ByPosition(args[_SEVENTH])
            args = (*args[:_SEVENTH], seventh, *args[_SEVENTH + 1 :])
        init(self, *args, **kwargs)

    return marked


def seventh(
    save_freq: Any, kwargs: dict[str, Any], callback: type, base: type, others: Seventh
) -> tuple[Any, dict[str, Any], str]:
    """Returns (save_freq, kwargs, why) after a look at what came in the seventh place.

    Args:
        save_freq: what was passed for it.
        kwargs: the arguments of other releases, which get a `period`.
        callback: the class of the callback.
        base: the class that it derives from.
        others: what tells a `period`.
    """
    if not isinstance(save_freq, ByPosition):
        return save_freq, kwargs, ""
    number = save_freq.value
    why = "" if "period" in kwargs else _why_period(callback, base, others)
    return ("epoch", dict(kwargs, period=number), why) if why else (number, kwargs, "")


class Seventh(NamedTuple):
    """What tells whether a number in the seventh place is `period`, as it was passed."""

    monitor: object
    best_only: bool
    path: object


def _why_period(callback: type, base: type, others: Seventh) -> str:
    """Returns why a number in the seventh place can only be `period`, `""` if it can be both."""
    monitor, best_only, path = others
    for each in callback.__mro__[: callback.__mro__.index(base)]:
        if "__init__" in vars(each):
            names = inspect.signature(vars(each)["__init__"]).parameters
            if "period" in names and "save_freq" not in names:
                return f"`{each.__name__}` has a `period`, and no `save_freq`"
    if best_only and isinstance(monitor, str) and monitor.startswith("val_"):
        return f"`{monitor}` is not known at the end of a batch"
    if isinstance(path, (str, os.PathLike)) and "{val_" in str(path):
        return "the path has a value of the validation, which is not known at the end of a batch"
    return ""


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
            near = difflib.get_close_matches(name.lower(), NAMES + OWN, n=1, cutoff=0.6)
            found[name] = PEERS.get(name) or (near[0] if near else "")
    return found
