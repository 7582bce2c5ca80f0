"""Keras 3's files of weights: `.weights.h5`."""

from __future__ import annotations

import functools

from keras_ckpt import endings
from keras_ckpt._typing import Model
from keras_ckpt.formats import assignment
from keras_ckpt.formats.base import Probe, Snapshot
from keras_ckpt.formats.hdf5 import hdf5_file
from keras_ckpt.formats.keras3 import h5_store, keras2_walk, state
from keras_ckpt.formats.summary import Summary


class KerasWeights(hdf5_file.HDF5Format):
    """The format of `model.save_weights("x.weights.h5")` in Keras 3."""

    name = "HDF5 file of weights in the layout of Keras 3"
    keras_3_reads = True
    native_endings = endings.WEIGHTS

    def recognises(self, probe: Probe) -> bool:
        members, _ = probe.ask(hdf5_file.outline)
        return bool({"layers", h5_store.OF_2_12, "vars"} & members)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        if state.is_saved_by_keras(model, "save_weights"):
            return state.snapshot_by_keras(model, model.save_weights, ".weights.h5", copy)
        return hdf5_file.snapshot(model, functools.partial(state.put, model), copy)

    def inspect(self, path: str) -> Summary:
        with hdf5_file.opened(path) as file:
            return state.summary(file)

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with hdf5_file.opened(path, verify=True) as file:
            if state.is_loaded_by_keras(model):
                state.load_by_keras(model, path, ".weights.h5", strict)
            else:
                with keras2_walk.of_file(path, model, file) as visited:
                    state.load(model, path, file, strict, visited=visited)
