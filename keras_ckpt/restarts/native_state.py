"""The state of a model and its optimizer on Keras 2, which reads its own files.

Its `load_weights` gives the optimizer its state, too, once that has its variables, from all files
that have it but HDF5 files of whole models.
"""

from __future__ import annotations

import contextlib
import os
from typing import ContextManager

from keras_ckpt._typing import Model, Optimizer, Variable
from keras_ckpt.formats import api
from keras_ckpt.formats.hdf5 import hdf5_file
from keras_ckpt.formats.hdf5 import model as hdf5_model
from keras_ckpt.formats.tensorflow.saved_model import VARIABLES
from keras_ckpt.runtime import internals
from keras_ckpt.storage import files


def load(model: Model, path: str) -> None:
    """Gives a model, and its optimizer, their values in a checkpoint.

    Args:
        model: model of Keras 2 with variables.
        path: String, what the running Keras has saved.
    """
    optimizer = getattr(model, "optimizer", None)
    with _scope(model):
        if optimizer is not None:
            internals.build_optimizer_of_keras_2(optimizer, model.trainable_weights)
        _load_weights(model, path)
        if optimizer is not None and hdf5_file.is_hdf5(path):
            with hdf5_file.opened(path) as file:
                values = hdf5_model.optimizer_values(file)
            if values:
                optimizer.set_weights(values)


def load_weights(model: Model, path: str) -> None:
    """Gives a model its weights in a checkpoint, and leaves its optimizer as it is."""
    optimizer = getattr(model, "optimizer", None)
    kept = [] if optimizer is None else [each.numpy() for each in _variables(optimizer)]
    with _scope(model):
        _load_weights(model, path)
        if optimizer is not None and kept:
            optimizer.set_weights(kept)


def _variables(optimizer: Optimizer) -> list[Variable]:
    # From TF 2.11 on an optimizer has no `weights`.
    return list(optimizer.weights if hasattr(optimizer, "weights") else optimizer.variables)


def _load_weights(model: Model, path: str) -> None:
    # A SavedModel has them in a TensorFlow checkpoint.
    api.load_weights(model, os.path.join(path, VARIABLES) if files.isdir(path) else path)


def _scope(model: Model) -> ContextManager[object]:
    strategy = getattr(model, "distribute_strategy", None)
    found: ContextManager[object] = (
        contextlib.nullcontext() if strategy is None else strategy.scope()
    )
    return found
