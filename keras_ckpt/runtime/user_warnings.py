"""Warnings that point at the user's code, however deep below it they arise."""

from __future__ import annotations

import sys
import warnings

#: What stands between a user's line and a warning. TensorFlow 2.0 and 2.1 are `tensorflow_core`,
#: and their training loops go through context managers.
_LIBRARIES = (
    "keras_ckpt",
    "keras",
    "tf_keras",
    "tensorflow",
    "tensorflow_core",
    "contextlib",
    "importlib",
)


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the line of the user's code that led here.

    Args:
        message: the text.
        category: the type of the warning. Defaults to `UserWarning`.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_library(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    # Not by a `stacklevel`: that leaves out the frames of the import system when it counts.
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in _LIBRARIES
