"""The directory of the checkpoints, when training begins."""

from __future__ import annotations

import os

from keras_ckpt import endings, runtime
from keras_ckpt._typing import Model
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import messages
from keras_ckpt.formats import assignment
from keras_ckpt.runs.retention import Retention
from keras_ckpt.runtime import processes
from keras_ckpt.storage import commit, files, places


def prepare(path: str, model: Model, retention: Retention) -> None:
    """Removes what killed processes have left of saves, and sees that one can be made.

    Args:
        path: String, the template of the callback.
        model: the model that will be saved.
        retention: `Retention`, how many there will be.

    Raises:
        OSError: if nothing can be written there, before the model has trained for nothing.
    """
    directory = files.dirname(path)
    if paths.placeholders(directory):
        return
    if not processes.group().is_first:
        return
    if path.endswith(endings.FILES):
        commit.refuse_directory(path)
    try:
        commit.check_directory(directory or ".")
    except OSError:
        if places.is_url(path) or not os.access(path, os.W_OK):  # Otherwise it is written in place.
            raise
    commit.remove_left_behind(directory or ".")
    free = commit.free_space(directory)
    # What is there stays until the new one is written, and some of it is not counted here.
    count = 1 + max(1, (retention.max_to_keep or 0) + (retention.keep_best_n or 0))
    needed = int(1.1 * count * assignment.nbytes(model)) if _is_built(model) else 0
    if free is not None and free < needed:
        messages.warn(
            "little space",
            directory=directory or ".",
            free=_mib(free),
            needed=_mib(needed),
            count="two" if count == 2 else count,
        )


def _is_built(model: Model) -> bool:
    return runtime.is_keras_3() and runtime.is_keras_model(model) and assignment.is_built(model)


def _mib(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
