"""The nets around what parses the bytes of a file, and around nothing else.

A net makes a `DamagedCheckpoint` of whatever is raised because the bytes are not what was written.
What Keras, a layer of the user's or keras_ckpt itself raises while a checkpoint is loaded must not
fall into one: no caller's body stands inside of them.
"""

from __future__ import annotations

import contextlib
import errno
import json
import struct
import zipfile
import zlib
from typing import Iterator

from keras_ckpt._typing import Config
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint
from keras_ckpt.storage.places import Unreachable

#: What is raised for damaged bytes by the parsers in keras_ckpt.
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    ArithmeticError,
    RecursionError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
#: What h5py, zipfile and json raise in addition, since they trust what they read.
_OF_LIBRARIES = (*_DAMAGE, TypeError, AttributeError, RuntimeError, MemoryError)
#: Errors of the system that say nothing of the file.
_OF_SYSTEM = frozenset(
    [
        errno.EAGAIN,
        errno.EDQUOT,
        errno.EINTR,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
    ]
)


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Makes a DamagedCheckpoint of what a parser in keras_ckpt raises.

    Args:
        path: String, the file that is parsed.
    """
    try:
        yield
    except _DAMAGE as error:
        if _is_as_it_is(error):
            raise
        raise _damaged(path, error) from error


@contextlib.contextmanager
def by_library(path: str) -> Iterator[None]:
    """Makes a DamagedCheckpoint of what h5py, zipfile or json raises. Only their calls go inside.

    Args:
        path: String, the file that is parsed.
    """
    try:
        yield
    except _OF_LIBRARIES as error:
        if _is_as_it_is(error):
            raise
        raise _damaged(path, error) from error


def _is_as_it_is(error: BaseException) -> bool:
    """Returns whether an error says more as it is."""
    if isinstance(error, (CheckpointError, FileNotFoundError, PermissionError, Unreachable)):
        return True
    return isinstance(error, OSError) and error.errno in _OF_SYSTEM


def _damaged(path: str, error: BaseException) -> DamagedCheckpoint:
    if isinstance(error, OSError):
        return DamagedCheckpoint(path, f"it cannot be read: {one_line(error)}")
    if isinstance(error, RecursionError):
        return DamagedCheckpoint(path, "it is damaged: what is in it is nested too deep")
    return DamagedCheckpoint(path, f"it is damaged: {one_line(error)}")


def described(path: str, text: str | bytes) -> Config:
    """Returns what the JSON `text` in the checkpoint at `path` says of a model.

    Raises:
        DamagedCheckpoint: if it is damaged.
    """
    with by_library(path):
        found = json.loads(text)
    if not isinstance(found, dict):
        raise DamagedCheckpoint(
            path, "it is damaged: the description of its model is not a JSON object"
        )
    return found


def one_line(error: BaseException) -> str:
    """Returns the text of an exception to go on in a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(line.strip() for line in lines if line.strip()).rstrip(".")
