"""Whether the checkpoints in a directory are what was written: all of their bytes are read."""

from __future__ import annotations

import os
from typing import Callable, Iterator, NamedTuple, TypeVar

from keras_ckpt import endings
from keras_ckpt._typing import StrPath
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint, NotACheckpoint
from keras_ckpt.formats import registry
from keras_ckpt.formats.base import Format
from keras_ckpt.formats.keras3 import sharded
from keras_ckpt.formats.parsing import one_line
from keras_ckpt.formats.tensorflow import tensor_bundle
from keras_ckpt.storage import files, places, rereading, temporary
from keras_ckpt.storage.places import Unreachable

#: What is a checkpoint by its name, whatever has become of it.
_ENDINGS = endings.FILES
_INDEX = ".index"


class Verified(NamedTuple):
    """What has become of a checkpoint.

    Attributes:
        path: String, the checkpoint.
        format: String, the name of its format, empty if that cannot be determined.
        flaw: String, why it cannot be loaded, `None` if it can.
        has_checksums: Boolean, whether there are checksums of all of its values. If not, it has
            been read, and nothing says that it is what was written.
        missing: String, which package it takes to read it that is not installed, `None` if it has
            been read.
    """

    path: str
    format: str
    flaw: str | None
    has_checksums: bool
    missing: str | None = None


def verify(path: StrPath) -> Iterator[Verified]:
    """Reads each byte of a checkpoint, or of all below a directory, and compares the checksums.

    Args:
        path: String or `PathLike`, a checkpoint of any format, or a directory.

    Yields:
        A `Verified` for each checkpoint. What is no checkpoint is passed over, unless it has the
        name of one.

    Raises:
        FileNotFoundError: if there is nothing at `path`.

    Example:

    ```python
    damaged = [each.path for each in verify("training_1") if each.flaw is not None]
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = os.fspath(path)
    if name.endswith(_INDEX) and files.isfile(name):
        name = name[: -len(_INDEX)]
    found = _one(name)
    if found is not None:
        yield found
    elif files.isdir(name):
        yield from _below(name, _one, lambda path, why: Verified(path, "", why, False))
    elif files.lexists(name):
        yield Verified(name, "", "it is in no known format", False)
    else:
        raise FileNotFoundError(f"There is no checkpoint at {name}")


def checkpoints_below(directory: StrPath) -> Iterator[str]:
    """Yields what is a checkpoint in a directory and in those below, or has the name of one.

    Args:
        directory: String or `PathLike`.

    Raises:
        OSError: if one of the directories cannot be read.
    """

    def unreadable(path: str, why: str) -> str:
        raise OSError(f"{path}: {why}")

    return _below(os.fspath(directory), _named, unreadable)


_Found = TypeVar("_Found")


def _below(
    directory: str,
    one: Callable[[str], _Found | None],
    unreadable: Callable[[str, str], _Found],
) -> Iterator[_Found]:
    """Yields what `one` returns for each checkpoint in a directory and in those below.

    Args:
        directory: the directory.
        one: returns None for what is no checkpoint.
        unreadable: returns what to yield for a directory that cannot be read, and why.
    """
    parts: set[str] = set()
    try:
        there = _entries(directory)
    except Unreachable:
        raise
    except OSError as error:
        yield unreadable(directory, f"it cannot be read: {error.strerror or error}")
        return
    for path, _ in there:
        if path.endswith(endings.SHARDED_WEIGHTS):
            parts.update(sharded.parts(path))
    for path, is_directory in there:
        if path.endswith(_INDEX):
            path = path[: -len(_INDEX)]
        elif path in parts or tensor_bundle.is_data_file(path):
            continue
        found = one(path)
        if found is not None:
            yield found
        elif is_directory:
            yield from _below(path, one, unreadable)


def _entries(directory: str) -> list[tuple[str, bool]]:
    """Returns what is in a directory by its path, and whether it is one itself and no link."""
    if places.is_url(directory):
        paths = [files.join(directory, name) for name in files.listdir(directory)]
        return [(path, files.isdir(path)) for path in paths if not _is_temporary(path)]
    with os.scandir(directory) as entries:
        found = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
    return sorted(found)


def _is_temporary(path: str) -> bool:
    return temporary.is_one(os.path.basename(path))


def _named(path: str) -> str | None:
    """Returns `path` if there is a checkpoint, or what has the name of one."""
    try:
        registry.format_of(path)
    except NotACheckpoint:
        is_one_by_name = path.endswith(_ENDINGS) or files.lexists(path + _INDEX)
        return path if is_one_by_name else None
    except (CheckpointError, ImportError, OSError):
        return path if path.endswith(_ENDINGS) else None
    return path


def _one(path: str) -> Verified | None:
    """Returns what has become of the checkpoint at `path`, None if there is none."""

    def look() -> tuple[Format, bool]:
        kind = registry.format_of(path)
        kind.verify(path)
        return kind, kind.has_checksums(path)

    try:
        kind, has_checksums = rereading.settled(path, look)
        return Verified(path, kind.name, None, has_checksums)
    except NotACheckpoint as error:
        is_one_by_name = path.endswith(_ENDINGS) or files.lexists(path + _INDEX)
        return Verified(path, "", error.found, False) if is_one_by_name else None
    except FileNotFoundError as error:
        if os.path.islink(path) and not files.exists(path):
            flaw = "it is a link that leads nowhere"
            return Verified(path, "", flaw, False) if path.endswith(_ENDINGS) else None
        if files.lexists(path) or files.lexists(path + _INDEX):
            # It is there, and a file that belongs to it is not.
            return Verified(path, _format(path), one_line(error), False)
        return None  # It has been removed meanwhile.
    except Unreachable:
        raise
    except OSError as error:
        return Verified(path, "", f"it cannot be read: {error.strerror or error}", False)
    except ImportError as error:
        return Verified(path, _format(path), None, False, str(error))
    except CheckpointError as error:
        return Verified(path, _format(path), error.found, isinstance(error, DamagedCheckpoint))


def _format(path: str) -> str:
    try:
        return registry.format_of(path).name
    except (CheckpointError, ImportError, OSError):
        return ""
