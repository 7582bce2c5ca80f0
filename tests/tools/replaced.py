"""What `install()` replaces in Keras and TensorFlow, as it stands now."""

from __future__ import annotations

import sys
import types
from typing import Any

import helpers

keras = helpers.keras
METHODS = ("save", "save_weights", "load_weights")


def everything() -> dict[str, Any]:
    """Returns all that may be replaced, by its name."""
    found: dict[str, Any] = {name: vars(keras.Model).get(name) for name in METHODS}
    names = ("ModelCheckpoint", "load_model", "save_model", "load_weights", "save_weights")
    for path, module in list(sys.modules.items()):
        if path.split(".")[0] in ("keras", "tensorflow", "tf_keras", "tensorflow_core"):
            if isinstance(module, types.ModuleType):
                for name in names:
                    if name in vars(module):
                        found[path + ":" + name] = vars(module)[name]
    return {name: value for name, value in found.items() if value is not None}


def is_replacement(value: Any) -> bool:
    # Those of methods and functions say that they are of Keras's module.
    module = getattr(value, "__globals__", {}).get("__name__") or getattr(value, "__module__", "")
    return str(module).startswith("keras_ckpt")
