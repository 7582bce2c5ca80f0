"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from typing import Iterable, Iterator, Sequence

from keras_ckpt.storage import scratch


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
    return os.path.join(parent, f".{name}.{uuid.uuid4().hex[:12]}{ending}")


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
        if os.path.exists(path):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


@contextlib.contextmanager
def replacing_files(paths: Sequence[str]) -> Iterator[list[str]]:
    """Gives the paths of temporary files that take the places of `paths` if all goes well.

    Args:
        paths: the files to write, in the order in which they take their places; those that say
            what is in others come last.
    """
    with contextlib.ExitStack() as stack:
        # What was entered last is left first.
        made = [stack.enter_context(replacing(path)) for path in reversed(paths)]
        yield made[::-1]


@contextlib.contextmanager
def beside(path: str, ending: str) -> Iterator[str]:
    """Gives the path of a file next to `path`, which is removed afterwards."""
    temporary = path + ending
    try:
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


@contextlib.contextmanager
def directory_beside(path: str) -> Iterator[str]:
    """Gives the path of a new directory next to `path`, which is removed afterwards."""
    temporary = _temporary(path, ".tmp")
    os.mkdir(temporary)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def replacing_members(path: str, members: Iterable[str]) -> Iterator[str]:
    """Gives the path of a new directory whose content takes the place of what is in `path`.

    Args:
        path: the directory; links are followed.
        members: the names that are replaced or, if there is no new one of that name,
            removed. All else in the directory stays.
    """
    path = os.path.realpath(path)
    make_parent(path)
    with directory_beside(path) as temporary:
        yield temporary
        if os.path.isdir(path):
            _exchange(path, temporary, _temporary(path, ".old"), members)
        else:
            os.rename(temporary, path)


def _exchange(path: str, new: str, old: str, members: Iterable[str]) -> None:
    """Moves what is in `new` into `path`, all of it or, if that fails, none."""
    os.mkdir(old)
    moved: list[tuple[str, str]] = []
    try:
        for name in members:
            if os.path.lexists(os.path.join(path, name)):
                moved.append((os.path.join(path, name), os.path.join(old, name)))
                os.rename(*moved[-1])
        for name in os.listdir(new):
            moved.append((os.path.join(new, name), os.path.join(path, name)))
            os.rename(*moved[-1])
    except BaseException:
        # Also when the user interrupts the program: nothing old may be lost.
        for source, target in reversed(moved):
            if os.path.lexists(target) and not os.path.lexists(source):
                os.rename(target, source)
        os.rmdir(old)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def under_ending(path: str, ending: str) -> Iterator[str]:
    """Gives a name of the file at `path` that ends in `ending`, for readers that go by it."""
    if path.endswith(ending):
        yield path
        return
    with scratch.directory() as directory:
        link = os.path.join(directory, "checkpoint" + ending)
        try:
            os.symlink(os.path.abspath(path), link)
        except OSError:
            # Not every system lets every user make links.
            shutil.copyfile(path, link)
        yield link


def move(source: str, target: str) -> None:
    """Gives a file, which takes the place of another, or a directory a new path."""
    os.replace(source, target)


def remove(path: str) -> None:
    """Removes a file, or a directory with all that is in it. None need be there."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)


def clear(directory: str) -> None:
    """Removes all that is in a directory."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)
