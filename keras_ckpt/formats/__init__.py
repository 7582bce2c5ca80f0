"""How checkpoints are stored: the public functions, each for every format.

One folder holds each family of formats. `api` has the functions, `registry` and `inspection` what
they go by.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from keras_ckpt.errors import (
    CheckpointError,
    DamagedCheckpoint,
    MismatchedCheckpoint,
    NotACheckpoint,
    UnsafeCheckpoint,
    UnsupportedModel,
    WeightsOnly,
)
from keras_ckpt.formats.api import (
    convert,
    latest_checkpoint,
    load_model,
    load_weights,
    save_model,
    save_weights,
    snapshot,
)
from keras_ckpt.formats.base import Format, Snapshot
from keras_ckpt.formats.descriptions import model_from_config, model_from_json, model_from_yaml
from keras_ckpt.formats.registry import format_of
from keras_ckpt.formats.tensorflow.serving import InferenceModel

if TYPE_CHECKING:
    from keras_ckpt.formats.inspection import inspect

__all__ = [
    "CheckpointError",
    "DamagedCheckpoint",
    "Format",
    "InferenceModel",
    "MismatchedCheckpoint",
    "NotACheckpoint",
    "Snapshot",
    "UnsafeCheckpoint",
    "UnsupportedModel",
    "WeightsOnly",
    "convert",
    "format_of",
    "inspect",
    "latest_checkpoint",
    "load_model",
    "load_weights",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
    "save_weights",
    "snapshot",
]


def __getattr__(name: str) -> Any:
    if name == "inspect":
        return importlib.import_module("keras_ckpt.formats.inspection").inspect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
