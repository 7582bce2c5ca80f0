"""What files hold, in a form that can be compared: the arrays, not the bytes."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import h5py
import numpy as np
import recorder


def contents(directory: str) -> dict[str, Any]:
    """The names of all that is in `directory`, with the arrays in those files that hold some."""
    found: dict[str, Any] = {}
    for parent, directories, files in os.walk(directory):
        for name in directories:
            found[os.path.relpath(os.path.join(parent, name), directory)] = "directory"
        for name in files:
            path = os.path.join(parent, name)
            found[os.path.relpath(path, directory)] = _content(path)
    return found


def _content(path: str) -> Any:
    if path.endswith(".index"):
        reader = recorder.running().tensorflow.train.load_checkpoint(path[: -len(".index")])
        return {
            key: _numbers(reader.get_tensor(key))
            for key in sorted(reader.get_variable_to_shape_map())
            if key != "_CHECKPOINTABLE_OBJECT_GRAPH"
        }
    if h5py.is_hdf5(path):
        return _hdf5(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            weights = io.BytesIO(archive.read("model.weights.h5"))
            return [sorted(archive.namelist()), _hdf5(weights)]
    return "file"


def _hdf5(file: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = _numbers(item[()])

    with h5py.File(file, "r") as opened:
        opened.visititems(visit)
    return found


def _numbers(value: Any) -> Any:
    return "bytes" if isinstance(value, bytes) else np.asarray(value).tolist()
