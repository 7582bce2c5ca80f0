"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat

from keras_ckpt.storage import commit


class NotWritten(Exception):
    """A file that was left as it was; the message says why."""


def write(path: str, before: bytes, after: bytes) -> None:
    """Puts new content in a file.

    Its mode is kept, and a link goes on to point to it.

    Args:
        path: the file.
        before: what it must still hold.
        after: what it is to hold.

    Raises:
        NotWritten: if it cannot be written, or has changed meanwhile.
    """
    target = os.path.realpath(path)
    try:
        # Root can write what is meant to be read-only.
        mode = stat.S_IMODE(os.stat(target).st_mode)
        if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(
            target, os.W_OK
        ):
            raise NotWritten(f"{path} is not written: it is read-only.")
        with commit.replacing(target) as temporary:
            with open(temporary, "wb") as file:
                file.write(after)
            with open(target, "rb") as file:
                if file.read() != before:
                    raise NotWritten(f"{path} is not written: it has changed meanwhile.")
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotWritten(f"{path} is not written: {reason}.") from error
