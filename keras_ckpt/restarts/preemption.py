"""The signals that come before a job is killed, such as SIGTERM: the model is saved first."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from keras_ckpt import runtime
from keras_ckpt.runtime import processes, training_loop


class Preemption:
    """The handlers of some signals while a model trains.

    A signal that comes is noted, and given on once the model is saved: to the handler that was
    there before, by the signal itself, so that the program ends as it would have ended.

    Args:
        signals: Tuple of integers.
    """

    def __init__(self, signals: tuple[int, ...]) -> None:
        self.received: int | None = None
        self._code = training_loop.driver()
        self._before: dict[int, Any] = {}
        if threading.current_thread() is not threading.main_thread():
            runtime.warn_user(
                "save_before_preemption has no effect: signals can be handled in the main thread "
                "only, and the model is trained in another."
            )
            return
        for each in signals:
            self._before[each] = signal.signal(each, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # A `fit` that raised has called no hook, and nobody would ever look at the note.
        is_training = training_loop.is_running(self._code, frame)
        if is_training and self.received is None:
            self.received = number
            return
        self.received = number
        self.deliver()

    def has_come(self) -> bool:
        """Returns whether a signal has come, to any of the processes that train together."""
        received = processes.group().most(self.received or 0)
        self.received = received or None
        return bool(received)

    def restore(self) -> None:
        """Puts the handlers back that were there before."""
        for each, before in self._before.items():
            # Another may have been put in place since, which calls this one.
            if signal.getsignal(each) == self._handle:
                signal.signal(each, signal.SIG_DFL if before is None else before)
        self._before = {}

    def deliver(self) -> None:
        """Gives the signal that came to the handler that was there before."""
        number, self.received = self.received, None
        if number is None:
            return
        self.restore()
        os.kill(os.getpid(), number)
