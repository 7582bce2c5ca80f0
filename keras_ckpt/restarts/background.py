"""Saves in a thread of their own while the model goes on training, one at a time."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import sys
import threading
import traceback
import weakref
from typing import Callable

from keras_ckpt import runtime

#: How many seconds the next save waits before the user is told.
_LONG = 5.0

#: What may have a save under way.
_all: weakref.WeakSet[Background] = weakref.WeakSet()


class _Outcome:
    """What has become of a save, and whether anyone has been told."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.what = ""


class Background:
    """Does one thing at a time in a thread that the program does not end without.

    What it raises is raised again by `deliver`, and printed if nobody asks for it before the
    program ends.

    Attributes:
        memory: `runtime.Memory`, where what is saved is copied to.
    """

    def __init__(self) -> None:
        self.memory = runtime.Memory()
        self._thread: threading.Thread | None = None
        # An interrupted `join` takes the thread for ended in Python up to 3.12, and this not.
        self._is_over = threading.Event()
        self._outcome = _Outcome()
        self._after: list[Callable[[], None]] = []
        self._undo: Callable[[], None] | None = None
        self._has_told = False
        self._report: weakref.finalize[[_Outcome], Background] | None = None

    def __reduce__(self) -> tuple[object, tuple[()]]:
        # Of a copy or a pickle nothing is under way.
        self.wait()
        return Background, ()

    def start(self, do: Callable[[], None], what: str, undo: Callable[[], None]) -> None:
        """Does something in the thread. What was under way must be over: `wait` first.

        Args:
            do: a function.
            what: String, what it saves.
            undo: a function that `deliver` calls before it raises what `do` has raised.
        """
        if self._report is None:
            _join_before_pools()
            self._report = weakref.finalize(self, _print, self._outcome)
        self._outcome.what, self._undo = what, undo
        # Whether it is flushed to the disk is a matter of the context.
        context = contextvars.copy_context()
        self._is_over = threading.Event()
        arguments = (_run, do, self._outcome, self._is_over)
        thread = threading.Thread(
            target=context.run, args=arguments, name="keras_ckpt save", daemon=False
        )
        self._thread = thread
        _all.add(self)
        try:
            thread.start()
        except BaseException:
            self._thread = None
            raise

    def then(self, do: Callable[[], None]) -> None:
        """Has the thread that trains do something once all is saved."""
        self._after.append(do)

    @property
    def is_under_way(self) -> bool:
        """Whether a save is not over."""
        return self._thread is not None and not self._is_over.is_set()

    @property
    def is_own_thread(self) -> bool:
        """Whether this is asked in the thread that saves."""
        return self._thread is threading.current_thread()

    def wait(self, for_next: bool = False) -> None:
        """Waits until nothing is under way. Raises nothing of it.

        Args:
            for_next: Boolean, whether the next save waits, which the user is told of once if it
                takes long. Defaults to `False`.
        """
        thread = self._thread
        if thread is None or self.is_own_thread:
            return
        if for_next and not self._has_told:
            if not self._is_over.wait(_LONG):
                self._has_told = True
                runtime.warn_user(
                    f"The training waits for the save of {self._outcome.what}, which has not ended "
                    "when the next one is due. Save less often, or to a faster disk."
                )
        self._is_over.wait()
        thread.join()
        self._thread = None
        _all.discard(self)

    def deliver(self) -> None:
        """Raises what the last save has raised, if it is over; else does what comes after it.

        Raises:
            BaseException: what the save has raised, once.
        """
        if self.is_under_way or self.is_own_thread:
            return
        after, self._after = self._after, []
        error, self._outcome.error = self._outcome.error, None
        if error is not None:
            undo, self._undo = self._undo, None
            if undo is not None:
                undo()
            raise error
        for each in after:
            each()

    def finish(self) -> None:
        """Waits, raises what `deliver` raises, and gives the memory back."""
        self.wait()
        self.memory.clear()
        self.deliver()


def _run(do: Callable[[], None], outcome: _Outcome, is_over: threading.Event) -> None:
    try:
        do()
    except BaseException as error:
        outcome.error = error
    finally:
        is_over.set()


def _print(outcome: _Outcome) -> None:
    """Prints an error that nobody has been told of."""
    error = outcome.error
    if error is None or sys.stderr is None:
        return
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    sys.stderr.write(f"{outcome.what} could not be saved on background:\n{text}")


def _join() -> None:
    for each in list(_all):
        each.wait()


def _join_before_pools() -> None:
    """Has the program wait for saves before it closes the pools of threads that they use."""
    if _joins:
        return
    _joins.append(True)
    # From Python 3.9 on pools are closed before other threads are waited for, in the order in which
    # they ask for it, the last first.
    importlib.import_module("concurrent.futures.thread")
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        with contextlib.suppress(RuntimeError):
            register(_join)


_joins: list[bool] = []
