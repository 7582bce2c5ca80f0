"""Temporary files and directories, removed when they are no longer used."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from types import ModuleType
from typing import IO, Iterator


@contextlib.contextmanager
def directory() -> Iterator[str]:
    """Gives the path of a new directory, which is removed afterwards with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="keras_ckpt_") as path:
        yield path


class Directory:
    """A new directory that is removed with all that is in it when nothing refers to this object.

    Attributes:
        path: path of the directory.
    """

    def __init__(self) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="keras_ckpt_")
        self.path: str = self._made.name

    def copy_file(self, name: str, target: str) -> None:
        """Copies the file `name` in it to the path `target`."""
        shutil.copyfile(os.path.join(self.path, name), target)

    def copy_content(self, target: str) -> None:
        """Copies all that is in it into the directory at the path `target`."""
        for name in os.listdir(self.path):
            source = os.path.join(self.path, name)
            copy = shutil.copytree if os.path.isdir(source) else shutil.copyfile
            copy(source, os.path.join(target, name))


@contextlib.contextmanager
def file() -> Iterator[IO[bytes]]:
    """Gives a new file, open for writing and reading, which has no name."""
    with tempfile.TemporaryFile() as opened:
        yield opened


def make_directory() -> str:
    """Returns the path of a new directory, which stays until `remove_directory`."""
    return tempfile.mkdtemp()


def remove_directory(path: str, gfile: ModuleType | None = None) -> None:
    """Removes a directory with all that is in it.

    Args:
        path: path of the directory.
        gfile: TensorFlow's `gfile`, which removes it then.

    Raises:
        OSError: if it cannot be removed, or is not there.
    """
    if gfile is not None:
        gfile.rmtree(path)
    else:
        shutil.rmtree(path)


@contextlib.contextmanager
def under_ending(path: str, ending: str) -> Iterator[str]:
    """Gives a name of the file at `path` that ends in `ending`, for readers that go by it."""
    if path.endswith(ending):
        yield path
        return
    with directory() as made:
        link = os.path.join(made, "checkpoint" + ending)
        try:
            os.symlink(os.path.abspath(path), link)
        except OSError:
            # Not every system lets every user make links.
            shutil.copyfile(path, link)
        yield link
