"""What the HDF5 formats share: looking into files, and lists of names in attributes."""

from __future__ import annotations

import importlib
from typing import Any, Sequence

import numpy as np

_MAGIC = b"\x89HDF\r\n\x1a\n"
# HDF5 keeps attributes in the header of an object, which has 64 KiB.
_ATTRIBUTE_LIMIT = 64512


def h5py() -> Any:
    """Returns the module h5py.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise ImportError(
            "HDF5 checkpoints need the package h5py. Install it with `pip install h5py`."
        ) from None


def is_hdf5(path: str) -> bool:
    """Returns whether the file at `path` begins as an HDF5 file does."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def write_names(group: Any, name: str, values: Sequence[str]) -> None:
    """Writes a list of names to an attribute, or to several numbered ones if it is long."""
    encoded = np.asarray([value.encode("utf-8") for value in values])
    chunks = max(1, -(-encoded.nbytes // _ATTRIBUTE_LIMIT))
    if chunks == 1:
        group.attrs[name] = encoded if len(values) else []
        return
    for number, part in enumerate(np.array_split(encoded, chunks + 1)):
        group.attrs["%s%d" % (name, number)] = part


def read_names(group: Any, name: str) -> list[str]:
    """Returns a list of names that `write_names` or Keras wrote."""
    parts = []
    if name in group.attrs:
        parts.append(group.attrs[name])
    while "%s%d" % (name, len(parts)) in group.attrs:
        parts.append(group.attrs["%s%d" % (name, len(parts))])
    return [as_text(value) for part in parts for value in part]


def as_text(value: Any) -> str:
    """Returns an attribute as text, whichever way h5py gives it."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
