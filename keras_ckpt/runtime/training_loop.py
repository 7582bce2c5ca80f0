"""The loop of `fit`: at which epoch it begins, and what it was called with."""

from __future__ import annotations

import ctypes
import sys
from types import CodeType, FrameType
from typing import Callable

from keras_ckpt._typing import Model
from keras_ckpt.runtime import installed

_LIBRARIES = ("keras_ckpt", "keras", "tf_keras", "tensorflow", "tensorflow_core", "contextlib")


class _TrainingState:
    """What the loop of Keras 2 asks where to begin."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch

    def maybe_load_initial_counters_from_ckpt(
        self, *args: object, **kwargs: object
    ) -> tuple[int, int]:
        """Returns the epoch and the step to begin at, as from TF 2.9 on."""
        return self._epoch, 0

    def maybe_load_initial_epoch_from_ckpt(self, *args: object, **kwargs: object) -> int:
        """Returns the epoch to begin at, as up to TF 2.8."""
        return self._epoch


def begin_at(model: Model, epoch: int) -> Callable[[], None]:
    """Lets the `fit` that has just called `on_train_begin` begin at an epoch, from 0.

    Whether it does is seen when its first epoch begins.

    Returns:
        A function that undoes it, so that a later `fit` begins where it is told to.
    """
    frame = _fit()
    if frame is not None:
        # The loops of TF 2.0 and of Keras 3.0 ask nobody, but count from their own variable.
        _set_local(frame, "initial_epoch", epoch)
    name = "_initial_epoch" if installed.is_keras_3() else "_training_state"
    if not hasattr(model, name):
        return _nothing
    before = getattr(model, name)
    setattr(model, name, epoch if installed.is_keras_3() else _TrainingState(epoch))

    def undo() -> None:
        setattr(model, name, before)

    return undo


def _nothing() -> None:
    pass


def _set_local(frame: FrameType, name: str, value: object) -> None:
    """Sets a variable of a function that is running, as debuggers do."""
    frame.f_locals[name] = value
    write_back = getattr(getattr(ctypes, "pythonapi", None), "PyFrame_LocalsToFast", None)
    if sys.version_info < (3, 13) and write_back is not None:
        write_back(ctypes.py_object(frame), ctypes.c_int(0))


def _fit() -> FrameType | None:
    """Returns the frame of the `fit` that led here, None if there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "fit" and "initial_epoch" in frame.f_locals:
            return frame
        frame = frame.f_back
    return None


def initial_epoch() -> int:
    """Returns the `initial_epoch` that `fit` was called with, 0 if there is no `fit`."""
    frame = _fit()
    found = 0 if frame is None else frame.f_locals["initial_epoch"]
    return found if isinstance(found, int) else 0


def skips_validation(epoch: int) -> bool:
    """Returns whether `validation_freq` lets `fit` not validate after an epoch, from 1."""
    frame = _fit()
    frequency = None if frame is None else frame.f_locals.get("validation_freq")
    if frame is None or frame.f_locals.get("validation_data") is None:
        return False
    if isinstance(frequency, int):
        return frequency > 1 and epoch % frequency != 0
    return isinstance(frequency, (list, tuple, set)) and epoch not in frequency


def other_callbacks(own: object) -> list[object]:
    """Returns the callbacks beside `own` that `fit` was given."""
    return [each for each in _callbacks() if each is not own]


def callbacks_before(own: object) -> list[object]:
    """Returns the callbacks that `fit` calls before `own`."""
    found = _callbacks()
    return found[: next((number for number, each in enumerate(found) if each is own), 0)]


def _callbacks() -> list[object]:
    frame = _fit()
    given = None if frame is None else frame.f_locals.get("callbacks")
    given = getattr(given, "callbacks", given)
    if not isinstance(given, (list, tuple)):
        given = [] if given is None else [given]
    return list(given)


def driver() -> CodeType:
    """Returns the code of the function that calls the hooks: `fit`, or a loop of the user's."""
    frame = _fit()
    if frame is not None:
        return frame.f_code
    found: FrameType = sys._getframe(1)
    while found.f_back is not None and _is_library(found):
        found = found.f_back
    return found.f_code


def is_running(code: CodeType, frame: FrameType | None) -> bool:
    """Returns whether a frame, or one that led to it, runs a function."""
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _is_library(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _LIBRARIES
