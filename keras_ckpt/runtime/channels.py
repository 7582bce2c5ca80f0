"""Where messages go: warnings at the user's line, Keras's own output, TensorFlow's logger."""

from __future__ import annotations

import importlib
import logging
import sys
import warnings

from keras_ckpt.runtime import installed

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


def tensorflow_logger() -> logging.Logger:
    """Returns the logger named `tensorflow`, on which Keras 2.x warned."""
    module = installed.tensorflow_if_loaded()
    if module is not None:
        # TensorFlow's own accessor also gives the logger its handler.
        found: logging.Logger = module.get_logger()
        return found
    return logging.getLogger("tensorflow")


def print_msg(message: str) -> None:
    """Prints a message as Keras does.

    That is to stdout, or to absl's log once `disable_interactive_logging()` was called.
    """
    if not _interactive_logging():
        importlib.import_module("absl.logging").info(message)
        return
    try:
        sys.stdout.write(message + "\n")
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write((message + "\n").encode(encoding, errors="ignore").decode(encoding))
    sys.stdout.flush()


def _interactive_logging() -> bool:
    utils = installed.keras().utils
    if hasattr(utils, "is_interactive_logging_enabled"):
        return bool(utils.is_interactive_logging_enabled())
    return True
