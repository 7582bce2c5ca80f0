"""How the objects of this room are known to Keras."""

from __future__ import annotations

from typing import Any, Callable, TypeVar

from keras_ckpt import runtime

T = TypeVar("T", bound=Callable[..., Any])

#: What stands before the names in files.
PACKAGE = "keras_ckpt"


def registered(found: T, name: str | None = None) -> T:
    """Registers a class or function with Keras.

    Args:
        found: the class or function.
        name: the name in files. Defaults to `None`: its own.
    """
    made: T = runtime.keras().saving.register_keras_serializable(PACKAGE, name)(found)
    return made
