"""Reading beside a writer: what is replaced while it is read is read again."""

from __future__ import annotations

import os
import time
from typing import Callable, TypeVar

from keras_ckpt.errors import CheckpointError, DamagedCheckpoint
from keras_ckpt.storage import commit

T = TypeVar("T")

#: How often it is read before its writer is taken to be faster than any reader.
_MOST = 100
#: What of a checkpoint appears last: the path itself, or the index beside it.
_LAST = ("", ".index")


def identity(found: os.stat_result) -> tuple[int, int, int, int]:
    """Returns what no two states of a file have in common."""
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def refuse_replaced(path: str, seen: tuple[int, int, int, int]) -> None:
    """Raises DamagedCheckpoint if another file is at `path` than the one that was seen there."""
    if identity(os.stat(path)) != seen:
        raise DamagedCheckpoint(path, "it has been replaced meanwhile", "load it again")


def _identities(path: str) -> list[tuple[int, int, int, int] | None]:
    seen: list[tuple[int, int, int, int] | None] = []
    for ending in _LAST:
        try:
            seen.append(identity(os.stat(path + ending)))
        except OSError:
            seen.append(None)
    return seen


def settled(path: str, read: Callable[[], T]) -> T:
    """Returns what `read` returns, which is called again if the checkpoint was replaced meanwhile.

    Args:
        path: the checkpoint.
        read: a function that reads it, and has changed nothing if it raises.
    """
    for _ in range(_MOST):
        is_between = commit.recover(os.path.realpath(path))
        before = _identities(path)
        try:
            return read()
        except (CheckpointError, FileNotFoundError):
            if _identities(path) == before and not is_between:
                raise
            time.sleep(0.001)
    return read()
