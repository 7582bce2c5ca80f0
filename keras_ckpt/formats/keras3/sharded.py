"""Keras 3's weights in several files: `.weights.json` says which `.weights.h5` holds which.

Keras writes them from 3.10 on, and reads them from then on, too. Up to 3.14 it loses track of the
files when it goes back to one, and leaves layers as they are without a word.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import re
import shutil
from typing import Callable, Iterator

import numpy as np

from keras_ckpt import endings, progress, runtime
from keras_ckpt._typing import H5Dataset, H5Group, Model
from keras_ckpt.errors import (
    CheckpointError,
    DamagedCheckpoint,
    UnsafeCheckpoint,
    UnsupportedModel,
)
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.base import Format, Probe, Snapshot
from keras_ckpt.formats.hdf5 import hdf5_file, output, recording
from keras_ckpt.formats.keras3 import state
from keras_ckpt.formats.summary import Summary
from keras_ckpt.runs.record import ATTRIBUTE, Record, parse
from keras_ckpt.storage import commit, files, rereading, scratch

#: How many GB a file holds unless a user says it: as in the store of Keras.
MAX_SHARD_SIZE = 5.0
_GB = 1024**3
_INDEX = ".weights.json"
_SHARD = ".weights.h5"
_MAP = "weight_map"
_WRITTEN_SINCE = (3, 10)


# The index.


def _is_index(path: str) -> bool:
    """Returns whether the file at `path` is JSON that says where weights are."""
    if not files.isfile(path):
        return False
    with files.reading(path) as file:
        if file.read(1) != b"{":
            return False
        text = b"{" + file.read()
    # Other libraries have the same for files of their own.
    return f'"{_MAP}"'.encode() in text and b'.safetensors"' not in text


def _groups(path: str) -> dict[str, list[str]]:
    """Returns which files hold each group of values, by the names of the groups.

    Raises:
        DamagedCheckpoint: if the file at `path` does not say so.
        UnsafeCheckpoint: if it names files in other directories.
    """
    with files.reading(path) as file:
        found = parsing.described(path, file.read()).get(_MAP)
    if not isinstance(found, dict):
        raise DamagedCheckpoint(path, f"it is damaged: it has no {_MAP}")
    groups = {
        group: names if isinstance(names, list) else [names] for group, names in found.items()
    }
    for name in (name for names in groups.values() for name in names):
        if not isinstance(name, str) or not name:
            raise DamagedCheckpoint(path, f"it is damaged: {name!r} is not the name of a file")
        if re.search(r"[/\\]", name) or name == "..":
            raise UnsafeCheckpoint(
                path,
                f"it names a file that is not beside it, {name!r}",
                "save it again with `model.save_weights`",
            )
    return groups


def _names(groups: dict[str, list[str]]) -> list[str]:
    """Returns the names of all files."""
    return sorted({name for names in groups.values() for name in names})


def parts(path: str) -> list[str]:
    """Returns the files beside the index at `path` that it names; none if it is damaged."""
    try:
        names = _names(_groups(path))
    except (CheckpointError, OSError):
        return []
    return [os.path.join(files.dirname(path), name) for name in names]


def _described(groups: dict[str, list[str]], total: int, record: Record | None = None) -> str:
    """Returns the content of an index, as Keras writes it, with a record in its metadata."""
    found = {group: names[0] if len(names) == 1 else names for group, names in groups.items()}
    metadata: dict[str, object] = {"total_size": total}
    if record is not None:
        metadata[ATTRIBUTE] = record.dumped()
    return json.dumps({"metadata": metadata, _MAP: found}, indent=4)


# Reading.


class _Joined(hdf5_file.Group):
    """A group of which there is a part in each of several files."""

    def __init__(self, path: str, parts: list[hdf5_file.Group]) -> None:
        self.path = path
        self._parts = parts
        self.name = parts[0].name if parts else "/"
        self.attrs = parts[0].attrs if parts else hdf5_file.Attributes(path, {})

    def __contains__(self, name: str) -> bool:
        return any(name in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for part in self._parts for name in part))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def get(self, name: str) -> hdf5_file.Group | hdf5_file.Dataset | None:
        found = [each for each in (part.get(name) for part in self._parts) if each is not None]
        groups = [each for each in found if isinstance(each, hdf5_file.Group)]
        if groups and len(groups) == len(found):
            return _Joined(self.path, groups)
        return found[0] if found else None

    def datasets(self) -> list[tuple[str, hdf5_file.Dataset]]:
        return [each for part in self._parts for each in part.datasets()]

    def names_of_datasets(self) -> list[str]:
        return [each for part in self._parts for each in part.names_of_datasets()]


@contextlib.contextmanager
def _opened(path: str, verify: bool = False) -> Iterator[_Joined]:
    """Opens all files that the index at `path` names, as if they were one."""
    with contextlib.ExitStack() as stack:
        opened = []
        before = files.identity(path)
        for name in _names(_groups(path)):
            part = os.path.join(files.dirname(path), name)
            if not files.isfile(part):
                raise DamagedCheckpoint(
                    path, f"its file {name} is not beside it", "copy all files of the checkpoint"
                )
            opened.append(stack.enter_context(hdf5_file.opened(part, verify=verify)))
        rereading.refuse_replaced(path, before)
        yield _Joined(path, opened)


# Writing.


class _Shards:
    """The files that values go into, one after another.

    Args:
        directory: where they are made.
        start: what their names begin with.
        limit: how many bytes of values go into one. A larger value has one of its own.

    Attributes:
        groups: which files hold each group of values, by the names of the groups.
        total: how many bytes the values take.
    """

    def __init__(self, directory: str, start: str, limit: float) -> None:
        self.groups: dict[str, list[str]] = {}
        self.total = 0
        self._directory = directory
        self._start = start
        self._limit = limit
        self._files: list[H5Group] = []
        self._opened = contextlib.ExitStack()
        self._held = 0

    def group_for(self, name: str, nbytes: int) -> H5Group:
        """Returns the group of h5py that the next value of the group `name` goes into."""
        if not self._files or (self._held and self._held + nbytes > self._limit):
            path = os.path.join(self._directory, _numbered(self._start, len(self._files)))
            self._files.append(self._opened.enter_context(output.created(path)))
            self._held = 0
        self._held += nbytes
        self.total += nbytes
        file = _numbered(self._start, len(self._files) - 1)
        files = self.groups.setdefault(name, [])
        if file not in files:
            files.append(file)
        return self._files[-1].require_group(name)

    def close(self) -> None:
        """Closes all files. Until then layers may read what they have put there."""
        self._opened.close()


class _Split:
    """Stands for a group of h5py, whose values go into `_Shards`, to the code that fills it."""

    def __init__(self, shards: _Shards, name: str = "/") -> None:
        self.name = name
        self.attrs: dict[str, object] = {}
        self._shards = shards
        self._made: dict[str, H5Dataset] = {}

    @property
    def file(self) -> H5Group:
        """The file that got the last value."""
        return next(reversed(list(self._made.values()))).file

    def create_group(self, name: str) -> _Split:
        """Returns a new group in this one."""
        return _Split(self._shards, f"{self.name.rstrip('/')}/{name}")

    def create_dataset(self, name: str, data: np.ndarray) -> H5Dataset:
        """Returns a new dataset with a value."""
        group = self._shards.group_for(self.name, int(data.nbytes))
        group.attrs.update(self.attrs)
        self._made[name] = group.create_dataset(name, data=data)
        return self._made[name]

    def __getitem__(self, name: str) -> H5Dataset:
        return self._made[name]

    def __delitem__(self, name: str) -> None:
        made = self._made.pop(name)
        del made.parent[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def _start(index: str) -> str:
    """Returns what the names of the files begin with that Keras writes for an index."""
    return os.path.splitext(os.path.basename(index))[0].replace(".weights", "")


def _numbered(start: str, number: int) -> str:
    return f"{start}_{number:05}{_SHARD}"


def _written_here(start: str) -> str:
    return re.escape(start) + r"_\d{5}" + re.escape(_SHARD)


def _is_written_here(start: str, name: str) -> bool:
    """Returns whether a file has the name of one that is written for an index."""
    return re.fullmatch(re.escape(start) + r"(_alt\d+)?" + _written_here(""), name) is not None


def _free_start(index: str) -> str:
    """Returns what the names of new files begin with, so that there are none of these names."""
    directory = files.dirname(index)
    first = _numbered(_start(index), 0)
    there = [
        name
        for name in (files.listdir(directory) if files.isdir(directory) else [])
        if name != first or not _is_placeholder(os.path.join(directory, name))
    ]
    start, number = _start(index), 0
    while any(re.fullmatch(_written_here(start), name) for name in there):
        number += 1
        start = f"{_start(index)}_alt{number}"
    return start


def _is_placeholder(path: str) -> bool:
    """Returns whether a file is HDF5 with nothing in it, as it is put there for Keras to open."""
    try:
        return hdf5_file.is_hdf5(path) and hdf5_file.outline(path) == (set(), set())
    except CheckpointError:
        return False


def _in_use(index: str) -> list[str]:
    """Returns the names of the files of the checkpoint at `index`, if there is a whole one."""
    try:
        return _names(_groups(index))
    except (FileNotFoundError, CheckpointError):
        return []


def _remove(index: str, names: list[str], needed: list[str]) -> None:
    """Removes the files of the checkpoint that has been replaced, but for those of others."""
    directory = files.dirname(index)
    # Keras opens this one first, whatever is in it.
    first = _numbered(_start(index), 0)
    path = os.path.join(directory, first)
    if first not in needed and (first in names or not files.exists(path)):
        with commit.replacing(path) as temporary, output.created(temporary):
            pass
    for name in set(names) - {*needed, first}:
        if _is_written_here(_start(index), name):
            commit.remove(os.path.join(directory, name))


def _replace(
    index: str,
    record: Record | None,
    fill: Callable[[str, str], tuple[dict[str, list[str]], int]],
) -> None:
    """Writes a checkpoint. The one that was there is whole until the new one is.

    Args:
        index: the path of its index.
        record: what it says of itself, or None.
        fill: function that makes the files in a directory, with names that begin as it is told,
            and returns what `_described` takes.
    """
    own = os.path.basename(index)
    index = files.realpath(index)
    commit.refuse_directory(index)
    commit.make_parent(index)
    before = _in_use(index)
    with commit.directory_beside(index) as made:
        groups, total = fill(made, _free_start(index))
        for name in _names(groups):
            commit.move(os.path.join(made, name), os.path.join(files.dirname(index), name))
    with commit.replacing(index) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(_described(groups, total, record and record.of(own, total)))
    _remove(index, before, _names(groups))


class ShardedKerasWeights(Format):
    """The format of `model.save_weights("x.weights.json", max_shard_size=...)` in Keras 3.

    Args:
        max_shard_size: Float, how many GB of values go into one file. A larger value has one of its
            own. Defaults to 5.

    Raises:
        ValueError: if `max_shard_size` is not a number above 0.
    """

    name = "set of files with weights of Keras 3"
    keras_3_reads = True
    native_endings = endings.SHARDED_WEIGHTS
    native_since = (3, 15)

    def __init__(self, max_shard_size: float = MAX_SHARD_SIZE) -> None:
        is_number = isinstance(max_shard_size, (int, float)) and max_shard_size is not True
        if not is_number or not max_shard_size > 0:
            raise ValueError(
                "`max_shard_size` is the largest size of a file in GB, a number above 0. "
                f"Received: max_shard_size={max_shard_size!r}"
            )
        self._max_shard_size = float(max_shard_size)

    def recognises(self, probe: Probe) -> bool:
        return probe.ask(_is_index)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        if runtime.has_own(model, "save_weights"):
            return self._snapshot_by_its_own(model, copy)
        put: Callable[[H5Group], None] = functools.partial(state.put, model)
        if copy:
            recorded = recording.Group()
            put(recorded)
            put = recorded.write
        total = assignment.nbytes(model)

        def fill(directory: str, start: str) -> tuple[dict[str, list[str]], int]:
            shards = _Shards(directory, start, self._max_shard_size * _GB)
            with progress.watching(directory, total, "Saving"), contextlib.closing(shards):
                put(_Split(shards))
            return shards.groups, shards.total

        return Snapshot(functools.partial(_replace, fill=fill), can_be_in_background=copy)

    def _snapshot_by_its_own(self, model: Model, copy: bool) -> Snapshot:
        try:
            inspect.signature(model.save_weights).bind("", max_shard_size=self._max_shard_size)
            can = runtime.version() >= _WRITTEN_SINCE
        except TypeError:
            can = False
        if not can:
            raise ValueError(
                f"`{type(model).__name__}` has a `save_weights` of its own, which cannot write "
                "weights in several files: that takes a `max_shard_size`, and Keras 3.10 or later. "
                "Save to a path that ends in `.weights.h5`."
            )

        def save(directory: str, start: str) -> tuple[dict[str, list[str]], int]:
            made = os.path.join(directory, start + _INDEX)
            model.save_weights(made, max_shard_size=self._max_shard_size)
            groups = _groups(made)
            sizes = [files.getsize(os.path.join(directory, name)) for name in _names(groups)]
            return groups, sum(sizes)

        if not copy:
            return Snapshot(functools.partial(_replace, fill=save), can_be_in_background=False)
        held = scratch.Directory()
        groups, total = save(held.path, "model")

        def fill(directory: str, start: str) -> tuple[dict[str, list[str]], int]:
            renamed = {name: start + name[len("model") :] for name in _names(groups)}
            for name, new in renamed.items():
                shutil.copyfile(os.path.join(held.path, name), os.path.join(directory, new))
            return {g: [renamed[name] for name in names] for g, names in groups.items()}, total

        return Snapshot(functools.partial(_replace, fill=fill), can_be_in_background=True)

    def inspect(self, path: str) -> Summary:
        with _opened(path) as file:
            return state.summary(file)

    def record(self, path: str) -> Record | None:
        with files.reading(path) as file:
            metadata = parsing.described(path, file.read()).get("metadata")
        return parse(str(metadata.get(ATTRIBUTE, ""))) if isinstance(metadata, dict) else None

    def files(self, path: str) -> list[str]:
        directory, start = files.dirname(path), _start(path)
        names = [name for name in _in_use(path) if _is_written_here(start, name)]
        first = _numbered(start, 0)
        if first not in names and _is_placeholder(os.path.join(directory, first)):
            names.append(first)
        return [path, *(os.path.join(directory, name) for name in names)]

    def has_checksums(self, path: str) -> bool:
        return all(hdf5_file.HDF5Format().has_checksums(each) for each in parts(path))

    def verify(self, path: str) -> None:
        with _opened(path, verify=True):
            pass

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with _opened(path, verify=True) as file:
            if state.is_loaded_by_keras(model):
                if runtime.version() < self.native_since:
                    raise UnsupportedModel(
                        path,
                        f"`{type(model).__name__}` has a `load_weights` of its own, and Keras "
                        f"{runtime.keras().__version__} leaves layers as they are when it reads "
                        "weights in several files",
                        "use Keras 3.15 or later, or convert the checkpoint to `.weights.h5`",
                    )
                state.load_by_keras(model, path, _INDEX, strict)
            else:
                state.load(model, path, file, strict)
