"""Checkpoints on other file systems (`gs://bucket/...`): written here, copied there, and back."""

from __future__ import annotations

import contextlib
import errno
import os
from types import ModuleType
from typing import Iterator

from keras_ckpt import runtime
from keras_ckpt.storage import scratch

#: Beside an index of this name, the files that it names begin with the rest of the name.
_JSON = ".weights.json"


def _gfile() -> ModuleType:
    found: ModuleType = runtime.tensorflow().io.gfile
    return found


@contextlib.contextmanager
def uploading(path: str) -> Iterator[str]:
    """Gives a local path; what is written there is copied to a remote `path` afterwards.

    Args:
        path: remote, or local, in which case it is given as it is.

    Raises:
        ImportError: if TensorFlow, which knows the file systems, is not installed.
        OSError: if the file system fails.
    """
    if not runtime.is_remote(path):
        yield path
        return
    gfile = _gfile()
    parent, _, name = path.rstrip("/").rpartition("/")
    with scratch.directory() as directory:
        yield os.path.join(directory, name)
        found = [
            os.path.relpath(os.path.join(folder, file), directory)
            for folder, _, files in os.walk(directory)
            for file in files
        ]
        # What names others comes after them: the index, and the state file at last.
        found.sort(key=lambda file: (file == "checkpoint", file.endswith((".index", _JSON)), file))
        for file in found:
            target = parent + "/" + file.replace(os.sep, "/")
            gfile.makedirs(target.rpartition("/")[0])
            _copy(gfile, os.path.join(directory, file), target)


def _copy(gfile: ModuleType, source: str, target: str) -> None:
    size = os.path.getsize(source)
    gfile.copy(source, target, overwrite=True)
    if gfile.stat(target).length == size:
        return
    # TensorFlow's own `ram://` appends to what is there.
    gfile.remove(target)
    gfile.copy(source, target)
    if gfile.stat(target).length != size:
        raise OSError(errno.EIO, "The file system has not kept all that was written", target)


@contextlib.contextmanager
def downloaded(path: str) -> Iterator[str]:
    """Gives the local path of a copy of a remote checkpoint.

    Args:
        path: remote, or local, in which case it is given as it is.

    Raises:
        ImportError: if TensorFlow, which knows the file systems, is not installed.
    """
    if not runtime.is_remote(path):
        yield path
        return
    gfile = _gfile()
    path = path.rstrip("/")
    parent, _, name = path.rpartition("/")
    parts = [part.rstrip("/") for part in gfile.listdir(parent)]
    if name in parts and gfile.isdir(path):
        found = [
            folder.rstrip("/") + "/" + file
            for folder, _, files in gfile.walk(path)
            for file in files
        ]
    else:
        index = name.endswith(_JSON)
        starts = (name + ".", *([name[: -len(_JSON)] + "_"] if index else []))
        found = [parent + "/" + part for part in parts if part == name or part.startswith(starts)]
    with scratch.directory() as directory:
        for file in found:
            target = os.path.join(directory, file[len(parent) + 1 :])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            gfile.copy(file, target)
        yield os.path.join(directory, name)
