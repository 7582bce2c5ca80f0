"""The directory of the checkpoints, when training begins, and what is there already."""

from __future__ import annotations

import os
import time
from typing import Collection

from keras_ckpt import endings, runtime
from keras_ckpt._typing import Model
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import messages
from keras_ckpt.engine import monitor as monitors
from keras_ckpt.errors import CheckpointError
from keras_ckpt.formats import assignment, saved_files
from keras_ckpt.restarts import catalogue, resuming
from keras_ckpt.restarts._types import Running, mode_of
from keras_ckpt.runs import listing
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
    if paths.placeholders(directory) or not processes.group().is_first:
        return
    directory, path = listing.literal(directory), listing.literal(path)
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


def note_older(callback: Running, template: str, is_used: bool, own_runs: Collection[str]) -> None:
    """Says that there are checkpoints of another run, which go on being there, or do not.

    Args:
        callback: the callback.
        template: String, its `filepath`.
        is_used: Boolean, whether anything is asked for about the run.
        own_runs: Strings, the runs of the callback before.
    """
    if callback.load_weights_on_restart:
        return
    if not paths.placeholders(template):
        path = listing.literal(template)
        if callback.save_best_only and files.lexists(path):
            _warn_of_better(callback, path, own_runs)
        return
    there = saved_files.saved(template)
    if not there:
        return
    record = None
    with_record = catalogue.entries(there[-1:], template)
    if with_record:
        record = with_record[0].record
    if record is not None and record.run in own_runs:
        return
    one = len(there) == 1
    text = (
        f"{len(there)} checkpoint{'' if one else 's'} of another run "
        f"{'is' if one else 'are'} there for {template}: {'it stays' if one else 'they stay'}, "
        "unless a save has the same name. Pass resume=True to go on with the newest."
    )
    if is_used:
        runtime.warn_user(text)
    elif callback.verbose:
        runtime.print_msg(text)


def _warn_of_better(callback: Running, path: str, own_runs: Collection[str]) -> None:
    """Says that the first save will take the place of a model of another run that is better."""
    try:
        record = catalogue.look(path)
    except (CheckpointError, OSError, ImportError):
        return
    if record is None or record.best is None or record.run in own_runs:
        return
    if record.monitor != callback.monitor or not resuming.is_better(
        record.best, monitors.number(callback.best), record.mode or mode_of(callback)
    ):
        return
    runtime.warn_user(
        f"{path} holds the best model of another run, with {record.monitor}={record.best:.5g}. "
        "The first save of this run takes its place, whether it is better or not. Pass "
        f"resume=True to go on with it, or initial_value_threshold={record.best:.5g}."
    )


def _is_built(model: Model) -> bool:
    return runtime.is_keras_3() and runtime.is_keras_model(model) and assignment.is_built(model)


def _mib(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"


class OtherWriters:
    """Whether another process saves to the same files while this one trains.

    Two jobs that take up one run, such as one that was started twice, save under the same names,
    and each would overwrite what the other has saved. Files are compared and nothing is left beside
    them, so that it works over hosts, and a killed job leaves no lock.
    """

    def __init__(self) -> None:
        self._template = ""
        self._began = 0.0
        #: When the files of the checkpoints that this process has saved were written.
        self._left: dict[str, float] = {}
        self._has_warned = False

    def begin(self, template: str) -> None:
        """Begins a training, which may save over whatever is there by now."""
        self._template, self._began, self._left = template, time.time(), {}

    def warn(self, path: str) -> None:
        """Warns, once, if what is saved now would replace what another process has saved since.

        Args:
            path: String, where the next checkpoint is saved.
        """
        if self._has_warned or runtime.is_remote(path):
            return
        saved = resuming.written_at(path)
        if saved <= self._began or saved == self._left.get(path):
            return
        self._has_warned = True
        runtime.warn_user(
            f"Another process saves to filepath={self._template!r}, too: {path} was saved after "
            "this training began, and not by it. Each overwrites what the other saves, and a run "
            "that resumes goes on with either. Stop one of them, or give each a `filepath` of its "
            "own."
        )

    def left(self, path: str) -> None:
        """Notes that this process has saved a checkpoint."""
        if not runtime.is_remote(path):
            self._left[path] = resuming.written_at(path)
