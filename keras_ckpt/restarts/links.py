"""Links that lead to the newest checkpoint, or to the best."""

from __future__ import annotations

import os

from keras_ckpt.errors import CheckpointError
from keras_ckpt.formats import registry
from keras_ckpt.restarts import catalogue
from keras_ckpt.runs.record import name_of
from keras_ckpt.storage import commit, files


def link(path: str, target: str) -> None:
    """Lets `target` lead to the checkpoint at `path`.

    Raises:
        FileExistsError: if something else is there, which would be lost.
    """
    parts = registry.format_of(path).files(path)
    # Of a TensorFlow checkpoint the index comes first in a delete, and last in a link.
    for file in [path] if files.isdir(path) else reversed(parts):
        made = target + (file[len(path) :] if file.startswith(path) else "")
        refuse_other(made)
        commit.link_to(file, made)


def refuse_other(target: str) -> None:
    """Raises FileExistsError if a link would take the place of something else."""
    for made in (target, target + ".index"):
        if files.lexists(made) and not os.path.islink(made) and not _is_copy(target):
            raise FileExistsError(
                f"{made} is there, and is no link: it is not replaced by one. Move it, or give "
                "link_latest and link_best other names."
            )


def _is_copy(target: str) -> bool:
    """Returns whether a file is what stands for a link where there are none."""
    try:
        record = catalogue.look(target)
    except (CheckpointError, OSError, ImportError):
        return False
    return record is not None and record.name != name_of(target)
