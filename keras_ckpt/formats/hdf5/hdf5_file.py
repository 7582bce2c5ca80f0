"""What the HDF5 formats share: looking into files, and lists of names in attributes."""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import Any, Iterator, Sequence

import numpy as np

from keras_ckpt import progress, runtime
from keras_ckpt.errors import UnsafeCheckpoint
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.base import Format
from keras_ckpt.formats.hdf5 import validation
from keras_ckpt.storage import atomic

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
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(validation.MAGIC)) == validation.MAGIC


@contextlib.contextmanager
def opened(path: str, file: Any | None = None, whole: bool = True) -> Iterator[Any]:
    """Opens HDF5 to be read, which is looked at first: the library crashes on damaged files.

    Args:
        path: the file.
        file: a part of it that is the HDF5, as a binary file.
        whole: whether more than the names and attributes of its first group will be read.

    Raises:
        DamagedCheckpoint: if it is damaged, also while it is open.
        UnsafeCheckpoint: if it reaches for other files, or holds what no checkpoint does.
    """
    module = h5py()
    with parsing.reading(path):
        try:
            if file is None:
                with open(path, "rb") as content:
                    complete = validation.check(content, os.path.getsize(path), whole)
            else:
                complete = validation.check(file, file.seek(0, os.SEEK_END), whole)
                file.seek(0)
            with module.File(path if file is None else file, "r") as found:
                if whole and not complete:
                    validation.refuse_foreign(found, module)
                yield found
        except validation.Refused as error:
            raise UnsafeCheckpoint(
                path, str(error), "save it again with `model.save_weights` or `model.save`"
            ) from error


def outline(path: str) -> tuple[set[str], set[str]]:
    """Returns what is in the first group of a file, and its attributes; neither if it is no HDF5.

    Raises:
        DamagedCheckpoint: if it is damaged.
    """
    if not is_hdf5(path):
        return set(), set()
    with opened(path, whole=False) as file:
        return set(file), set(file.attrs)


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


def read(data: Any) -> np.ndarray[Any, Any]:
    """Returns the values of a dataset, in memory that a variable can take over."""
    values = runtime.new_array(data.shape, data.dtype)
    if data.size:
        data.read_direct(values)
    return values


def as_text(value: Any) -> str:
    """Returns an attribute as text, whichever way h5py gives it."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


@contextlib.contextmanager
def writing(model: Any, path: str) -> Iterator[Any]:
    """Gives a new HDF5 file for `model`, which takes the place of `path` if all goes well."""
    with atomic.replacing(path, ".h5") as temporary, progress.watching(
        temporary, assignment.nbytes(model), "Saving"
    ), h5py().File(temporary, "w") as file:
        yield file


class HDF5Format(Format):
    """A format that is HDF5."""

    def verify(self, path: str) -> None:
        with opened(path):
            pass
