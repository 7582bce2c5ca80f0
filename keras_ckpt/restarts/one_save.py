"""One save of a run: what it says of itself, in which thread it is written, and what comes after.

What is saved is written, then the links are made, what is no longer kept is deleted, and `on_save`
is called, in this order, in the thread that trains or, with `save_on_background`, in another.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Callable

from keras_ckpt import runtime
from keras_ckpt._typing import Logs
from keras_ckpt.engine.workers import WORKERS
from keras_ckpt.formats.base import Snapshot
from keras_ckpt.restarts._types import Running
from keras_ckpt.runs.record import Record
from keras_ckpt.runtime import processes

if TYPE_CHECKING:
    from keras_ckpt.restarts.lifecycle import Lifecycle


class OneSave:
    """What the engine hands a save to.

    Args:
        life: what the callback knows of its run.
        callback: the callback.
        epoch: Integer, the index of the epoch.
        batch: Integer, the index of the batch, `None` at the end of an epoch.
        logs: Dict, the metrics.
        is_due: Boolean, whether it is one of those that the arguments ask for, and not the last one
            of a training that ends before its time: that one is not written on background.
        is_counted: Boolean, whether it may be the best one, be linked and be deleted.

    Attributes:
        best: what the callback's `best` is again if nothing is saved.
        is_made: whether all is saved, whatever becomes of what comes after.
    """

    def __init__(
        self,
        life: Lifecycle,
        callback: Running,
        epoch: int,
        batch: int | None,
        logs: Logs,
        is_due: bool,
        is_counted: bool,
    ) -> None:
        self._life, self._callback = life, callback
        self._where = epoch, batch
        self._logs = logs
        self._is_counted = is_counted
        self._background = life.background if is_due else None
        self.best = callback.best
        self.is_made = False
        self._is_under_way = False
        self._after: list[Callable[[], None]] = []

    def commit(self, filepath: str, take: Callable[[bool], Snapshot]) -> None:
        """Writes what is saved, or has it written.

        Args:
            filepath: String, where to.
            take: Function that returns a `Snapshot`, a copy if it gets `True`.
        """
        life, callback = self._life, self._callback
        life.settle(for_next=True)
        together = processes.group()
        # What comes after a save is done once, whoever has written a part of it.
        is_extra = not together.is_first or (
            WORKERS[callback._keras_ckpt_profile.workers].is_extra(callback)
        )
        background = self._background
        if background is not None and together.count > 1:
            life.warn_once(
                "save_on_background=True changes nothing: several processes train together, and "
                "each waits until the first of them has saved."
            )
            background = None
        if background is not None and not is_extra:
            with background.memory.taking():
                taken = take(True)
            if taken.can_be_in_background:
                held = [taken]
                del taken
                record = self._record(filepath)
                self._is_under_way = True
                life.has_begun(*self._where)
                background.start(
                    functools.partial(self._finish, filepath, held, record), filepath, self._undo
                )
                return
        taken = take(False)
        record = self._record(filepath)
        # A model of Keras 2 saves itself. Nothing is added where nothing asks for it.
        is_asked_for = runtime.is_keras_3() or life.arguments.is_used
        taken.write(filepath, record if is_asked_for else None)
        self.is_made = True
        life.has_begun(*self._where)
        if not is_extra:
            self._after.append(functools.partial(self._committed, filepath, record))

    def call(self, filepath: str, save: Callable[[], None]) -> None:
        """Calls a method of the user's that saves, of which nothing is known."""
        life = self._life
        life.settle(for_next=True)
        if self._background is not None:
            life.warn_once(
                "save_on_background=True changes nothing: the model has a method of its own that "
                "saves it, and what that does with the model cannot be done while it trains."
            )
        save()
        if life.arguments.on_save is not None:
            record = self._record(filepath).of(os.path.basename(filepath.rstrip("/" + os.sep)))
            self._after.append(functools.partial(life.tell, self._callback, filepath, record))

    def then(self, do: Callable[[], None]) -> None:
        """Does something once all is saved, in the thread that trains."""
        if self._is_under_way and self._background is not None:
            self._background.then(do)
        else:
            do()

    def end(self) -> None:
        """Does what comes after a save that is written already."""
        for each in self._after:
            each()

    def _record(self, filepath: str) -> Record:
        epoch, batch = self._where
        return self._life.record(
            self._callback, epoch, batch, self._logs, filepath, self._is_counted
        )

    def _finish(self, filepath: str, held: list[Snapshot], record: Record) -> None:
        """Does all in the other thread. What is held is let go as soon as it is written."""
        held.pop().write(filepath, record)
        self.is_made = True
        self._committed(filepath, record)

    def _committed(self, filepath: str, record: Record) -> None:
        self._life.committed(self._callback, filepath, record, self._is_counted)

    def _undo(self) -> None:
        """Lets the callback forget a save that has failed."""
        if not self.is_made:
            self._callback.best = self.best
            self._life.has_failed(self.best)
