"""Every `ModelCheckpoint` that Keras ever shipped, working on the Keras you have now.

Importing this package imports no Keras and no TensorFlow: that happens at the first use of a name.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from keras_ckpt import _clone

if TYPE_CHECKING:
    from keras_ckpt.errors import (
        CheckpointError,
        DamagedCheckpoint,
        MismatchedCheckpoint,
        NotACheckpoint,
        UnsafeCheckpoint,
        UnsupportedModel,
        WeightsOnly,
    )
    from keras_ckpt.formats import (
        convert,
        latest_checkpoint,
        load_model,
        load_weights,
        model_from_config,
        model_from_json,
        model_from_yaml,
        save_model,
        save_weights,
    )
    from keras_ckpt.formats.inspection import inspect
    from keras_ckpt.installation.patch import emulate, install, uninstall
    from keras_ckpt.model_checkpoint import ModelCheckpoint
    from keras_ckpt.restarts.catalogue import Checkpoint, best_checkpoint, checkpoints

__version__ = "0.1.0"

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "DamagedCheckpoint",
    "MismatchedCheckpoint",
    "ModelCheckpoint",
    "NotACheckpoint",
    "UnsafeCheckpoint",
    "UnsupportedModel",
    "WeightsOnly",
    "best_checkpoint",
    "checkpoints",
    "convert",
    "emulate",
    "inspect",
    "install",
    "latest_checkpoint",
    "load_model",
    "load_weights",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
    "save_weights",
    "uninstall",
]

#: The public names, and the modules that they are in.
_NAMES: dict[str, str] = {
    "Checkpoint": "keras_ckpt.restarts.catalogue",
    "CheckpointError": "keras_ckpt.errors",
    "DamagedCheckpoint": "keras_ckpt.errors",
    "MismatchedCheckpoint": "keras_ckpt.errors",
    "ModelCheckpoint": "keras_ckpt.model_checkpoint",
    "NotACheckpoint": "keras_ckpt.errors",
    "UnsafeCheckpoint": "keras_ckpt.errors",
    "UnsupportedModel": "keras_ckpt.errors",
    "WeightsOnly": "keras_ckpt.errors",
    "best_checkpoint": "keras_ckpt.restarts.catalogue",
    "checkpoints": "keras_ckpt.restarts.catalogue",
    "convert": "keras_ckpt.formats",
    "emulate": "keras_ckpt.installation.patch",
    "inspect": "keras_ckpt.formats.inspection",
    "install": "keras_ckpt.installation.patch",
    "latest_checkpoint": "keras_ckpt.formats",
    "load_model": "keras_ckpt.formats",
    "load_weights": "keras_ckpt.formats",
    "model_from_config": "keras_ckpt.formats",
    "model_from_json": "keras_ckpt.formats",
    "model_from_yaml": "keras_ckpt.formats",
    "save_model": "keras_ckpt.formats",
    "save_weights": "keras_ckpt.formats",
    "uninstall": "keras_ckpt.installation.patch",
}

#: The packages that can be reached without an import of their own.
_ROOMS = ("compat", "formats")


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module("keras_ckpt." + name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, "__version__"])


def _register_with_keras() -> None:
    """Lets Keras know what models of Keras 2 may hold, now or as soon as it is imported."""
    from keras_ckpt.installation.import_hook import ImportHook

    hook = ImportHook(["keras"], lambda name: register())

    def register() -> None:
        hook.stop()
        if str(getattr(sys.modules["keras"], "__version__", "")).startswith("3"):
            importlib.import_module("keras_ckpt.keras2").register()

    if "keras" in sys.modules:
        register()
    else:
        hook.start()


_clone.find_compat()
_register_with_keras()
