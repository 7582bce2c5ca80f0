"""What Keras 2 had, and Keras 3 removed or gave another meaning under the same name.

Models of Keras 2 come back with these in them where Keras 3 has nothing that does the same. They
are registered with Keras under the package `keras_ckpt`, so that plain Keras loads a model with
them again once keras_ckpt has been imported. They run on every backend.

Importing this package imports no Keras: each module is imported when it is first used.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_ckpt.keras2 import (
        activations,
        constraints,
        embedding_optimizers,
        fixed_training,
        layers,
        losses,
        metrics,
        optimizers,
        regularizers,
        schedules,
    )

__all__ = [
    "activations",
    "constraints",
    "embedding_optimizers",
    "fixed_training",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
    "schedules",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register() -> None:
    """Registers all of it with the running Keras."""
    for name in __all__:
        importlib.import_module(f"{__name__}.{name}")
    importlib.import_module(f"{__name__}.layers").register()
