"""The net around whatever parses the bytes of a file, and nothing else."""

from __future__ import annotations

import contextlib
import json
import struct
import zipfile
import zlib
from typing import Any, Iterator

from keras_ckpt.errors import CheckpointError, DamagedCheckpoint

# What the libraries that read the files raise for damaged ones.
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    EOFError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Makes a DamagedCheckpoint of what is raised because the file at `path` is damaged."""
    try:
        yield
    except (CheckpointError, FileNotFoundError):
        raise
    except OSError as error:
        raise DamagedCheckpoint(path, f"it cannot be read: {one_line(error)}") from error
    except RecursionError as error:
        raise DamagedCheckpoint(path, "it is damaged: what is in it is nested too deep") from error
    except _DAMAGE as error:
        raise DamagedCheckpoint(path, f"it is damaged: {one_line(error)}") from error


def described(path: str, text: Any) -> dict[str, Any]:
    """Returns what the JSON `text` in the checkpoint at `path` says of a model.

    Raises:
        DamagedCheckpoint: if it is damaged.
    """
    with reading(path):
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("the description of its model is not a JSON object")
        return found


def one_line(error: BaseException) -> str:
    """Returns the text of an exception to go on in a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(line.strip() for line in lines if line.strip()).rstrip(".")
