"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from typing import Iterator


def refuse_directory(path: str) -> None:
    """Raises IsADirectoryError if a directory is where a file is to be written."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)


def make_parent(path: str) -> None:
    """Makes the directory that `path` is in, as TensorFlow's writers did."""
    parent = os.path.dirname(path)
    if parent:
        os.makedirs(parent, exist_ok=True)


def _temporary(path: str, ending: str) -> str:
    parent, name = os.path.split(path)
    return os.path.join(parent, ".%s.%s%s" % (name, uuid.uuid4().hex[:12], ending))


@contextlib.contextmanager
def replacing(path: str, ending: str = ".tmp") -> Iterator[str]:
    """Gives the path of a temporary file that takes the place of `path` if all goes well.

    Args:
        path: the file to write; links are followed.
        ending: what the temporary name ends in, for writers that go by it.
    """
    path = os.path.realpath(path)
    refuse_directory(path)
    make_parent(path)
    temporary = _temporary(path, ending)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


@contextlib.contextmanager
def replacing_directory(path: str) -> Iterator[str]:
    """Gives the path of a new directory that takes the place of `path` if all goes well."""
    path = os.path.realpath(path)
    make_parent(path)
    temporary = _temporary(path, ".tmp")
    old = _temporary(path, ".old")
    os.mkdir(temporary)
    try:
        yield temporary
        if os.path.isdir(path):
            os.rename(path, old)
        try:
            os.rename(temporary, path)
        except OSError:
            if os.path.isdir(old):
                os.rename(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def under_ending(path: str, ending: str) -> Iterator[str]:
    """Gives a name of the file at `path` that ends in `ending`, for readers that go by it."""
    if path.endswith(ending):
        yield path
        return
    import tempfile

    directory = tempfile.mkdtemp(prefix="keras_ckpt_")
    link = os.path.join(directory, "checkpoint" + ending)
    try:
        try:
            os.symlink(os.path.abspath(path), link)
        except OSError:
            # Not every system lets every user make links.
            shutil.copyfile(path, link)
        yield link
    finally:
        shutil.rmtree(directory, ignore_errors=True)
