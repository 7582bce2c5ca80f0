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
from keras_ckpt.engine import monitor as monitors
from keras_ckpt.engine.workers import WORKERS
from keras_ckpt.formats.base import Snapshot
from keras_ckpt.restarts._types import Running, mode_of, template_of
from keras_ckpt.restarts.model_state import optimizer_class, step_of
from keras_ckpt.runs.record import Record, name_of, now
from keras_ckpt.runtime import processes
from keras_ckpt.storage import places

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
        self._is_due, self._is_counted = is_due, is_counted
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
        if life.arguments.is_used and together.is_first:
            life.other_writers.warn(filepath)
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
                finish = functools.partial(
                    self._finish, filepath, _absolute(filepath), held, record
                )
                background.start(finish, filepath, self._undo)
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
            record = self._record(filepath).of(name_of(filepath))
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
        """Returns what the checkpoint at `filepath` says of itself."""
        life, callback = self._life, self._callback
        epoch, batch = self._where
        found = ((str(name), monitors.number(value)) for name, value in self._logs.items())
        numbers = {name: value for name, value in found if value is not None}
        monitor = str(callback.monitor)
        value = numbers.get(monitor, numbers.get(monitors.alias(monitor, list(numbers)) or ""))
        if not self._is_counted:
            value = None
        mode = mode_of(callback) if callback._settled else None
        best, best_path = life.best_with(callback, value, filepath, mode)
        if callback.save_best_only:
            best = monitors.number(callback.best)
        name = None if best is None or best_path is None else name_of(best_path)
        # After its last batch an epoch would be trained twice if it began again. Where the training
        # ends before its time, it begins again for what comes after that batch: its validation.
        is_over = batch is None or (self._is_due and _ends_epoch(callback, batch))
        record = Record(
            template=template_of(callback),
            run=life.run,
            epoch=int(monitors.number(epoch) or 0) + is_over,
            started=life.started,
            time=now(),
            parent=life.parent,
            restarts=life.restarts,
            batch=None if batch is None or is_over else int(monitors.number(batch) or 0) + 1,
            step=step_of(callback.model),
            optimizer=optimizer_class(callback.model),
            learning_rate=life.learning_rate,
            logs=numbers,
            monitor=monitor,
            mode=mode,
            value=value,
            best=best,
            best_name=name,
            retention=life.arguments.retention.described(),
            versions=runtime.versions(),
        )
        if value is None and batch is None and self._is_counted:
            life.warn_of_no_value(record)
        return record

    def _finish(self, filepath: str, absolute: str, held: list[Snapshot], record: Record) -> None:
        """Does all in the other thread. What is held is let go as soon as it is written."""
        held.pop().write(absolute, record)
        runtime.give_back_freed()
        self.is_made = True
        if absolute == _absolute(filepath) or self._background is None:
            self._committed(filepath, record)
        else:
            self._background.then(functools.partial(self._moved, filepath, absolute, record))

    def _moved(self, filepath: str, absolute: str, record: Record) -> None:
        """Does what comes after a save during which the program has changed its directory."""
        if absolute == _absolute(filepath):
            self._committed(filepath, record)
            return
        self._life.warn_once(
            f"{absolute} has been saved, but the program has changed its working directory since: "
            "no link is made, nothing is deleted, and `on_save` is not called. Pass an absolute "
            f"path. Received: filepath={self._callback.filepath!r}"
        )

    def _committed(self, filepath: str, record: Record) -> None:
        self._life.committed(self._callback, filepath, record, self._is_counted)

    def _undo(self) -> None:
        """Lets the callback forget a save that has failed."""
        if not self.is_made:
            self._callback.best = self.best
            self._life.has_failed(self.best)


def _ends_epoch(callback: Running, batch: int) -> bool:
    """Returns whether a batch is known to be the last one of its epoch."""
    steps = (getattr(callback, "params", None) or {}).get("steps")
    return isinstance(steps, int) and 0 < steps <= batch + 1


def _absolute(path: str) -> str:
    """Returns what a path means now, whatever becomes of the working directory."""
    return path if places.is_url(path) else os.path.join(os.getcwd(), path)
