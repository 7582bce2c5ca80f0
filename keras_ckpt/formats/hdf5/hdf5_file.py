"""What the HDF5 formats share: looking into files, and lists of names in attributes."""

from __future__ import annotations

import contextlib
import os
import posixpath
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Iterator, Mapping, Sequence

import numpy as np

from keras_ckpt import progress, runtime
from keras_ckpt._typing import H5Dataset, H5Group, Model
from keras_ckpt.errors import DamagedCheckpoint, UnsafeCheckpoint
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.base import Format, Snapshot
from keras_ckpt.formats.hdf5 import checksums, hdf5_structures, output, recording, validation
from keras_ckpt.formats.summary import Variable
from keras_ckpt.runs.record import ATTRIBUTE, Record, parse
from keras_ckpt.storage import commit, files, rereading

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# HDF5 keeps attributes in the header of an object, which has 64 KiB.
_ATTRIBUTE_LIMIT = 64512


def is_hdf5(path: str) -> bool:
    """Returns whether the file at `path` begins as an HDF5 file does."""
    if not files.isfile(path):
        return False
    with files.reading(path) as file:
        return file.read(len(hdf5_structures.MAGIC)) == hdf5_structures.MAGIC


@contextlib.contextmanager
def opened(
    path: str, file: BinaryIO | None = None, whole: bool = True, verify: bool = False
) -> Iterator[Group]:
    """Opens HDF5 to be read, which is looked at first: the library crashes on damaged files.

    Args:
        path: the file.
        file: a part of it that is the HDF5, as a binary file.
        whole: whether more than the names and attributes of its first group will be read.
        verify: whether to compare all bytes of the file with its checksums, if it has some.

    Raises:
        DamagedCheckpoint: if it is damaged, also when more of it is read later.
        UnsafeCheckpoint: if it reaches for other files, or holds what no checkpoint does.
    """
    module = output.h5py()
    with contextlib.ExitStack() as stack:
        remote: BinaryIO | None = None
        if file is None and not files.stays(path):
            remote = stack.enter_context(files.reading(path))
        try:
            with parsing.reading(path):
                if file is None:
                    with files.reading(path) as content:
                        seen = files.identity_of(content)
                        known = checksums.read(path, content) if verify else None
                        if known is not None:
                            known.check()
                        complete = validation.check(content, files.getsize(path), whole)
                else:
                    complete = validation.check(file, file.seek(0, os.SEEK_END), whole)
                    file.seek(0)
            with parsing.by_library(path):
                source = path if file is remote is None else remote if file is None else file
                found = stack.enter_context(module.File(source, "r"))
                if file is None:
                    rereading.refuse_replaced(path, seen)
                if whole and not complete:
                    validation.refuse_foreign(found, module)
        except DamagedCheckpoint as error:
            files.refuse_unreachable(remote, file)
            if isinstance(error.__cause__, hdf5_structures.Refused):
                raise UnsafeCheckpoint(
                    path,
                    str(error.__cause__),
                    "save it again with `model.save_weights` or `model.save`",
                ) from error.__cause__
            raise
        try:
            yield Group(path, found)
        except DamagedCheckpoint:
            files.refuse_unreachable(remote, file)
            raise


class Attributes:
    """The attributes of a group or of a dataset."""

    def __init__(self, path: str, attributes: Mapping[str, Any]) -> None:
        self.path = path
        self._attributes = attributes

    def __contains__(self, name: str) -> bool:
        with parsing.by_library(self.path):
            return name in self._attributes

    def __iter__(self) -> Iterator[str]:
        with parsing.by_library(self.path):
            names = list(self._attributes)
        return iter(names)

    def text(self, name: str, default: str = "") -> str:
        """Returns an attribute as text."""
        with parsing.by_library(self.path):
            if name not in self._attributes:
                return default
            return as_text(self._attributes[name])

    def texts(self, name: str) -> list[str]:
        """Returns an attribute that is a list of texts."""
        with parsing.by_library(self.path):
            return [as_text(value) for value in self._attributes[name]]


class Dataset:
    """The values of a variable, in an open file.

    Attributes:
        path: the file.
        name: the way to it in the file, e.g. `"/layers/dense/vars/0"`.
        shape: its shape.
        size: how many values it has.
        attrs: its attributes.
    """

    def __init__(self, path: str, data: H5Dataset) -> None:
        self.path = path
        self._data = data
        with parsing.by_library(path):
            self.name = str(data.name)
            self.shape: tuple[int, ...] = tuple(int(length) for length in data.shape or ())
            self.size = int(data.size or 0)
            self.attrs = Attributes(path, data.attrs)
        self._dtype: np.dtype | None = None

    @property
    def dtype(self) -> np.dtype:
        """Its type, which h5py takes longer to find than all else."""
        if self._dtype is None:
            with parsing.by_library(self.path):
                self._dtype = self._data.dtype
        return self._dtype

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """The shape of the pieces that it is stored in, None if it is in one piece."""
        with parsing.by_library(self.path):
            found: tuple[int, ...] | None = self._data.chunks
        return found

    def read(self) -> np.ndarray:
        """Returns the values, in memory that a variable can take over."""
        values = runtime.empty_shared(self.shape, self.dtype)
        if self.size:
            with parsing.by_library(self.path):
                self._data.read_direct(values)
        return values

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.read() if dtype is None else self.read().astype(dtype)


class Group:
    """A group of an open file: groups and datasets by name. None of it is read before it is needed.

    Attributes:
        path: the file.
        name: the way to it in the file.
        attrs: its attributes.
    """

    def __init__(self, path: str, group: H5Group) -> None:
        self.path = path
        self._group = group
        with parsing.by_library(path):
            self.name = str(group.name)
            self.attrs = Attributes(path, group.attrs)

    def __contains__(self, name: str) -> bool:
        with parsing.by_library(self.path):
            return name in self._group

    def __iter__(self) -> Iterator[str]:
        with parsing.by_library(self.path):
            names = list(self._group)
        return iter(names)

    def __len__(self) -> int:
        with parsing.by_library(self.path):
            return len(self._group)

    def get(self, name: str) -> Group | Dataset | None:
        """Returns what is there under a name, or None."""
        with parsing.by_library(self.path):
            # Its own `get` raises where there is none: with HDF5 2.0 an error of any bytes.
            if name not in self._group:
                return None
            found = self._group[name]
        return Dataset(self.path, found) if hasattr(found, "shape") else Group(self.path, found)

    def group(self, name: str) -> Group:
        """Returns the group of a name.

        Raises:
            DamagedCheckpoint: if there is none.
        """
        found = self.get(name)
        if not isinstance(found, Group):
            raise DamagedCheckpoint(self.path, f"it is damaged: it has no group {name!r}")
        return found

    def datasets(self) -> list[tuple[str, Dataset]]:
        """Returns all datasets in it and in its groups, each with the way to it."""
        return [(name, Dataset(self.path, data)) for name, data in self._visited()]

    def names_of_datasets(self) -> list[str]:
        """Returns the names of all datasets in it and in its groups, of which nothing is read."""
        return [posixpath.join(self.name, name) for name, _ in self._visited()]

    def _visited(self) -> list[tuple[str, H5Dataset]]:
        found: list[tuple[str, H5Dataset]] = []

        def visit(name: str, data: H5Group | H5Dataset) -> None:
            if hasattr(data, "shape"):
                found.append((name, data))

        with parsing.by_library(self.path):
            self._group.visititems(visit)
        return found


def outline(path: str) -> tuple[set[str], set[str]]:
    """Returns what is in the first group of a file, and its attributes; neither if it is not HDF5.

    Raises:
        DamagedCheckpoint: if it is damaged.
    """
    if not is_hdf5(path):
        return set(), set()
    with opened(path, whole=False) as file:
        return set(file), set(file.attrs)


def variable(name: str, data: Dataset, role: str) -> Variable:
    """Returns what `inspect` says of a dataset."""
    # Keras 3 notes a type that HDF5 does not have.
    dtype = data.attrs.text("dtype", data.dtype.name)
    return Variable(name, data.shape, dtype, data.size * int(data.dtype.itemsize), role)


def counted(found: Variable, data: Dataset) -> int | None:
    """Returns the value of a variable that counts, or None."""
    return int(data.read()) if found.is_counter else None


def write_names(group: H5Group, name: str, values: Sequence[str]) -> None:
    """Writes a list of names to an attribute, or to several numbered ones if it is long."""
    encoded = np.asarray([value.encode("utf-8") for value in values])
    chunks = max(1, -(-encoded.nbytes // _ATTRIBUTE_LIMIT))
    if chunks == 1:
        group.attrs[name] = encoded if len(values) else []
        return
    for number, part in enumerate(np.array_split(encoded, chunks + 1)):
        group.attrs[f"{name}{number}"] = part


def read_names(group: Group, name: str) -> list[str]:
    """Returns a list of names that `write_names` or Keras wrote."""
    parts = []
    if name in group.attrs:
        parts.append(group.attrs.texts(name))
    while f"{name}{len(parts)}" in group.attrs:
        parts.append(group.attrs.texts(f"{name}{len(parts)}"))
    return [each for part in parts for each in part]


def as_text(value: object) -> str:
    """Returns an attribute as text, whether h5py gives bytes or text."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def snapshot(model: Model, fill: Callable[[H5Group], None], copy: bool) -> Snapshot:
    """Returns the snapshot of a model that is stored as one HDF5 file.

    Args:
        model: the model.
        fill: a function that puts the model into an h5py file, or what stands for one.
        copy: as in `Format.snapshot`.
    """
    total = assignment.nbytes(model)
    if copy:
        recorded = recording.Group()
        fill(recorded)
        fill = recorded.write

    def write(path: str, record: Record | None) -> None:
        with commit.replacing(path, ".h5") as temporary, progress.watching(
            temporary, total, "Saving"
        ), output.created(temporary) as file:
            fill(file)
            put_record(file, record, path, total)

    return Snapshot(write, can_be_in_background=copy)


def put_record(file: H5Group, record: Record | None, path: str, size: int | None) -> None:
    """Writes a record, unless it is None, into a file of h5py that will be at `path`."""
    if record is not None:
        text = record.of(os.path.basename(path), size).dumped()
        file.attrs[ATTRIBUTE] = np.bytes_(text.encode("ascii"))


class HDF5Format(Format):
    """A format that is HDF5."""

    def record(self, path: str) -> Record | None:
        with opened(path, whole=False) as file:
            return parse(file.attrs.text(ATTRIBUTE))

    def put_record(self, path: str, record: Record) -> None:
        with output.h5py().File(path, "r+") as file:
            put_record(file, record, record.name, None)

    def verify(self, path: str) -> None:
        with opened(path, verify=True):
            pass

    def has_checksums(self, path: str) -> bool:
        with files.reading(path) as content:
            return checksums.read(path, content) is not None
