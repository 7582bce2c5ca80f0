"""Reading beside a writer: what is replaced while it is read is read again."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from keras_ckpt.errors import CheckpointError, DamagedCheckpoint
from keras_ckpt.storage import commit, files

T = TypeVar("T")

#: How often, and for how many seconds, it is read before its writer is taken to be faster than any
#: reader.
_TIMES, _SECONDS = 100, 60.0
#: What of a checkpoint appears last: the path itself, or the index beside it.
_LAST = ("", ".index")


def refuse_replaced(path: str, seen: files.Identity) -> None:
    """Raises DamagedCheckpoint if another file is at `path` than the one that was seen there."""
    if files.identity(path) != seen:
        raise DamagedCheckpoint(path, "it has been replaced meanwhile", "load it again")


def _identities(path: str) -> list[files.Identity | None]:
    return [files.seen_identity(path + ending) for ending in _LAST]


def settled(path: str, read: Callable[[], T]) -> T:
    """Returns what `read` returns, which is called again if the checkpoint was replaced meanwhile.

    Args:
        path: the checkpoint.
        read: a function that reads it, and has changed nothing if it raises.

    Raises:
        DamagedCheckpoint: if it is replaced again and again before it has been read.
    """
    count, end = 0, time.monotonic() + _SECONDS
    with files.looking():
        while True:
            count += 1
            is_between = commit.recover(files.realpath(path))
            before = _identities(path)
            try:
                return read()
            except (CheckpointError, FileNotFoundError) as error:
                files.look_again()
                if _identities(path) == before and not is_between:
                    raise
                if count >= _TIMES and time.monotonic() > end:
                    raise DamagedCheckpoint(
                        path,
                        f"it was replaced each of the {count} times that it was read",
                        "load it while no program saves to it so often",
                    ) from error
                time.sleep(0.001)
