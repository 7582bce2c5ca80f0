"""Paths, and the file calls that a callback makes: on local disks and on remote file systems."""

from __future__ import annotations

import os
import re
from types import ModuleType
from typing import TypeVar

from keras_ckpt._typing import StrPath
from keras_ckpt.runtime import installed

T = TypeVar("T")


def is_remote(path: StrPath) -> bool:
    """Returns whether a path is on a file system that only TensorFlow's `gfile` knows."""
    known = r"(/cns|/cfs|/gcs|/hdfs|/readahead|/placer|/tfhub|.*://)"
    return re.match(known, str(path)) is not None


class FileSystem:
    """The file calls that a callback makes, on local disks and on remote ones."""

    def __init__(self, gfile: ModuleType | None = None) -> None:
        self._gfile = gfile

    def exists(self, path: str) -> bool:
        """Returns whether there is a file or directory at `path`."""
        gfile = self.gfile_for(path)
        return bool(gfile.exists(path)) if gfile else os.path.exists(path)

    def makedirs(self, path: str, exist_ok: bool = True) -> None:
        """Makes the directory `path` and its parents.

        Args:
            path: string, the directory.
            exist_ok: boolean, whether another process may have made it meanwhile. Only
                TensorFlow's file systems do not ask.
        """
        gfile = self.gfile_for(path)
        if gfile:
            gfile.makedirs(path)
        else:
            os.makedirs(path, exist_ok=exist_ok)

    def gfile_for(self, path: str) -> ModuleType | None:
        """Returns TensorFlow's `gfile` if it is used for `path`, else None."""
        if self._gfile is None and is_remote(path):
            remote: ModuleType = installed.tensorflow().io.gfile
            return remote
        return self._gfile


def file_system(gfile: bool = False) -> FileSystem:
    """Returns the file system.

    Args:
        gfile: boolean, whether local paths, too, go through TensorFlow's `gfile` where TensorFlow
            is loaded, as they do in Keras 2; its errors are not those of `os`. Defaults to False.
    """
    module = installed.tensorflow_if_loaded() if gfile else None
    return FileSystem(module.io.gfile if module is not None else None)


def path_to_string(path: T | os.PathLike[str]) -> T | str:
    """Returns a `PathLike` as a string, anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path
