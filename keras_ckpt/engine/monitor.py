"""Whether a value is better."""

from __future__ import annotations

import difflib
import re
from typing import Any, Callable, Iterable, Mapping

import numpy as np

from keras_ckpt import runtime

MODES = ["auto", "min", "max"]

#: For each direction: what `monitor_op` is, and the value that anything is better than.
COMPARISONS: dict[str, tuple[Callable[..., Any], float]] = {
    "min": (np.less, np.inf),
    "max": (np.greater, -np.inf),
}


#: What has a short name and a long one: `acc` is `accuracy` since TF 2.0, `lr` is
#: `learning_rate` in Keras 3.
_SHORT = {
    "acc": "accuracy",
    "lr": "learning_rate",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}
_RENAMED = {**_SHORT, **{long: short for short, long in _SHORT.items()}}
_PART = re.compile(f"(?:(?<=_)|^)(?:{'|'.join(_RENAMED)})(?=_|$)")


def number(value: object) -> float | None:
    """Returns a value of the logs as a number, None if it is none."""
    value = runtime.python_value(value)
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def mode_from_name(monitor: str) -> str:
    """Returns the direction that `mode="auto"` means for a metric of this name, up to Keras 3.10.

    Raises:
        TypeError, AttributeError: if `monitor` is not a string.
    """
    return "max" if "acc" in monitor or monitor.startswith("fmeasure") else "min"


def without_val(monitor: str) -> str:
    """Returns the name of the metric whose value, or value in validation, is monitored."""
    if hasattr(str, "removeprefix"):
        # In Python 3.9 and later; if it is not a string, the error is that of Keras.
        return monitor.removeprefix("val_")
    return monitor[4:] if monitor.startswith("val_") else monitor


def direction_of(name: str, directions: Mapping[str, str | None]) -> str | None:
    """Returns `"min"` or `"max"` for a metric that is known to have a direction, else None.

    Args:
        name: the metric's name, without `val_`.
        directions: what each compiled metric knows: `"up"`, `"down"` or None.
    """
    modes = {"up": "max", "down": "min"}
    if directions.get(name) in modes:
        return modes[str(directions[name])]
    if name == "loss" or name.endswith("_loss"):
        return "min"
    # With several outputs the logs have the output's name before the metric's.
    for metric in sorted(directions, key=len, reverse=True):
        if name.endswith("_" + metric) and directions[metric] in modes:
            return modes[str(directions[metric])]
    return None


def is_usual(name: str) -> bool:
    """Returns whether the name alone leaves no doubt about the direction."""
    return "acc" in name or "loss" in name


def alias(name: str, names: Iterable[str]) -> str | None:
    """Returns which of `names` means the same value of the logs as `name`, if that is sure.

    Args:
        name: a name such as `val_acc`, or `val_auc`, as TF 2 called what Keras 3 calls `val_AUC`.
        names: those that there are.
    """
    same = [each for each in names if each != name and _plain(each) == _plain(name)]
    return same[0] if len(same) == 1 else None


def _plain(name: str) -> str:
    long = _PART.sub(lambda part: _SHORT.get(part.group(), part.group()), name)
    return long.replace("_", "").lower()


def other_name(name: str) -> str | None:
    """Returns the other name of a value of the logs that has two, such as `val_acc`, else None."""
    renamed = _PART.sub(lambda part: _RENAMED[part.group()], name)
    return renamed if renamed != name else None


def listed(names: Iterable[str]) -> str:
    """Returns names as they stand in a message."""
    return ", ".join(sorted(names)) or "none"


def why_missing(name: str, logs: Mapping[str, Any]) -> str:
    """Returns why the logs have no value of a metric."""
    if name in logs:
        return "its value is None"
    if name.startswith("val_") and not any(other.startswith("val_") for other in logs):
        return (
            "this epoch had no validation: there is none without validation_data or "
            "validation_split, and with validation_freq only in some epochs"
        )
    near = difflib.get_close_matches(name, list(logs), n=1, cutoff=0.6)
    return "it is not in the logs" + (f"; did you mean `{near[0]}`?" if near else "")
