"""What makes sure that a file is still there after a power cut: it is flushed to the disk."""

from __future__ import annotations

import contextlib
import contextvars
import errno
import os
from typing import Iterator

_IS_ON: contextvars.ContextVar[bool] = contextvars.ContextVar("durable", default=True)

#: What file systems say that cannot flush a directory, or a file that was opened for reading.
_REFUSALS = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EROFS)

#: The directories whose own names are on the disk, by their numbers, with the time of their last
#: change: one that is removed and made again may have the same number.
_known: dict[tuple[int, int], int] = {}


@contextlib.contextmanager
def durable(is_on: bool) -> Iterator[None]:
    """Says whether what is written in a `with` block is flushed to the disk; by default it is.

    Raises:
        ValueError: if `is_on` is no boolean.
    """
    if not isinstance(is_on, bool):
        raise ValueError(f"`durable` is True or False. Received: durable={is_on!r}")
    token = _IS_ON.set(is_on)
    try:
        yield
    finally:
        _IS_ON.reset(token)


def is_on() -> bool:
    """Returns whether what is written is flushed to the disk."""
    return _IS_ON.get()


def flush_file(path: str) -> None:
    """Waits until the content of a file is on the disk.

    Raises:
        OSError: if the disk says that it is not.
    """
    if _IS_ON.get():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def flush_directory(path: str) -> None:
    """Waits until the names in a directory are on the disk, where the system can do so.

    So are those of the directories that it is in, where one of them may be new.
    """
    if not _IS_ON.get() or os.name == "nt":
        return
    _flush(path or ".")
    path = os.path.abspath(path)
    while os.path.dirname(path) != path:
        found = os.stat(path)
        number = (found.st_dev, found.st_ino)
        if _known.get(number) == found.st_ctime_ns:
            return
        _known[number] = found.st_ctime_ns
        path = os.path.dirname(path)
        _flush(path)


def _flush(directory: str) -> None:
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return  # It may be written, and not read.
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
    finally:
        os.close(descriptor)


def flush_tree(path: str) -> None:
    """Waits until a directory is on the disk, with all that is in it."""
    if not _IS_ON.get():
        return
    for directory, _, files in os.walk(path):
        for name in files:
            file = os.path.join(directory, name)
            if os.path.isfile(file) and not os.path.islink(file):
                flush_file(file)
        flush_directory(directory)
