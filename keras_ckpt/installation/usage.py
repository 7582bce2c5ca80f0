"""Which calls a running program makes of what `install()` replaces, for the report of `run`.

A call is kept as code with the values that it was given, such as
`keras.callbacks.ModelCheckpoint('w.hdf5', period=5)`, and with its place in the program. What is
wrong with it is asked at exit, in `usage_report`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import os
import sys
import types
import warnings
import weakref
from typing import Callable, Iterator, Mapping, NamedTuple

#: The packages whose own calls of one another are not those of the program.
_INNER = ("keras", "tensorflow", "tensorflow_core", "tf_keras", "keras_ckpt")
#: How each function is called in code; methods are those of a model.
_FUNCTIONS = {
    "ModelCheckpoint": "keras.callbacks.ModelCheckpoint",
    "save_model": "keras.models.save_model",
    "load_model": "keras.models.load_model",
    "save": "model.save",
    "save_weights": "model.save_weights",
    "load_weights": "model.load_weights",
    "model_from_json": "keras.models.model_from_json",
    "model_from_yaml": "keras.models.model_from_yaml",
    "model_from_config": "keras.models.model_from_config",
    "from_config": "keras.Model.from_config",
}
_SCALARS: dict[type, Callable[..., str]] = {
    str: str.__repr__,
    int: int.__repr__,
    float: float.__repr__,
}
#: Longer values are descriptions of models, and say nothing of how a function is called.
_LONG = 2000


class Place(NamedTuple):
    """Where a call stands: lines and columns from 1; the columns are 0 if unknown."""

    filename: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0


@dataclasses.dataclass(eq=False)
class Call:
    """A call of the program.

    Args:
        place: where it stands.
        code: the call as code.
        function: the name of the function.
    """

    place: Place
    code: str
    function: str
    #: What Keras 3 says, if it refused what keras_ckpt then did.
    refused: str = ""
    #: What Keras 3 would have read otherwise, or not at all. `""` for nothing.
    content: str = ""
    #: Whether Keras 3 made the same callback of the arguments.
    is_same: bool = False
    #: The name of a metric that keras_ckpt found by another one, and that other name.
    metric: tuple[str, str] | None = None


class Recorder:
    """Keeps each call of a program once, with what became of it.

    Attributes:
        directory: the directory that the program started in.
    """

    def __init__(self) -> None:
        self.directory = os.getcwd()
        self._calls: dict[tuple[object, ...], Call] = {}

    def calls(self) -> list[Call]:
        """Returns all calls, in the order in which they were first made."""
        return list(self._calls.values())

    def add(self, call: Call) -> None:
        """Keeps a call, unless there is the same already."""
        key = (call.place, call.code, call.refused, call.content, call.metric)
        self._calls.setdefault(key, call)


def checked(path: str | os.PathLike[str]) -> str:
    """Returns the absolute path of the file to write a report to.

    Raises:
        ValueError: if there can be no such file, or this Python cannot make it.
    """
    if sys.version_info < (3, 9):
        raise ValueError(
            "A report needs Python 3.9 or newer, as Keras 3 does: it is about what Keras 3 refuses."
        )
    found = os.path.abspath(os.fspath(path))
    folder = os.path.dirname(found)
    if not os.path.isdir(folder):
        raise ValueError(f"There is no folder {folder} for the report. Make it first.")
    if os.path.isdir(found):
        raise ValueError(f"{found} is a folder. Name a file for the report.")
    return found


#: What records, None if no report was asked for.
recorder: Recorder | None = None


def began(
    function: str,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    refused: str = "",
    content: str = "",
) -> Call | None:
    """Returns a call that a replacement has got, None if it is not to be reported.

    To be called by the replacement itself: what called that is where the call stands.

    Args:
        function: the name of the function, as in Keras.
        args: its arguments by position, without the model that a method is of.
        kwargs: its arguments by name.
        refused, content: as of `Call`.
    """
    if recorder is None:
        return None
    frame = sys._getframe(2)
    if _is_inner(frame):
        return None
    return Call(_place(frame), _code(function, args, kwargs), function, refused, content)


@contextlib.contextmanager
def recorded(call: Call | None) -> Iterator[None]:
    """Keeps a call when it has ended, in whatever way."""
    try:
        yield
    finally:
        if call is not None and recorder is not None:
            recorder.add(call)


def _is_inner(frame: types.FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _INNER


def _place(frame: types.FrameType) -> Place:
    code = frame.f_code
    positions = getattr(code, "co_positions", None)
    if positions is not None:  # Python 3.11 and newer.
        found = next(itertools.islice(positions(), frame.f_lasti // 2, None), None)
        if found is not None and None not in found:
            line, end_line, column, end_column = found
            return Place(code.co_filename, line, column + 1, end_line, end_column + 1)
    return Place(code.co_filename, frame.f_lineno)


def _code(function: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    written = [_literal(each) for each in args]
    written += [f"{name}={_literal(value)}" for name, value in kwargs.items()]
    return f"{_FUNCTIONS[function]}({', '.join(written)})"


def _literal(value: object) -> str:
    """Returns a value as code; a name that stands for nothing if it has no short literal."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, bool):
        return repr(value)
    # Of a class derived from one of these, the value that it is.
    text = next((show(value) for kind, show in _SCALARS.items() if isinstance(value, kind)), "")
    return text if 0 < len(text) < _LONG else "unknown"


def with_recording(cls: type, native: type) -> Callable[..., None]:
    """Returns the `__init__` of a `ModelCheckpoint`, which also records the call.

    Args:
        cls: the class, of keras_ckpt.
        native: the class of the running Keras.
    """
    init: Callable[..., None] = vars(cls)["__init__"]

    @functools.wraps(init)
    def __init__(self: object, *args: object, **kwargs: object) -> None:
        call = began("ModelCheckpoint", args, kwargs)
        with recorded(call):
            init(self, *args, **kwargs)
            if call is not None:
                _compare(call, self, native, args, kwargs)
                _made[id(self)] = weakref.ref(self), call

    return __init__


#: The calls that made the callbacks which are there.
_made: dict[int, tuple[weakref.ref[object], Call]] = {}


def _compare(
    call: Call,
    made: object,
    native: type,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> None:
    """Fills in what the class of the running Keras makes of some arguments.

    Making one of them only sets its attributes.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = native(*args, **kwargs)
    except Exception as error:
        call.refused = f"{type(error).__name__}: {error}"
        return
    has_best = other.best is not None and other.best not in (math.inf, -math.inf)
    names = (*_ATTRIBUTES, "best") if has_best else _ATTRIBUTES
    call.is_same = all(
        vars(other).get(name, _ABSENT) == vars(made).get(name, _ABSENT) for name in names
    )


_ABSENT = object()
#: What the arguments of a callback become, by the same names.
_ATTRIBUTES = (
    "filepath",
    "monitor",
    "save_best_only",
    "save_freq",
    "save_weights_only",
    "verbose",
)


def with_recorded_metric(
    known_name: Callable[..., str | None],
) -> Callable[..., str | None]:
    """Returns the `_known_name` of the callback, which also records names that are not in the logs.

    Args:
        known_name: the method.
    """

    @functools.wraps(known_name)
    def _known_name(self: object, name: str, logs: Mapping[str, object]) -> str | None:
        found = known_name(self, name, logs)
        made, call = _made.get(id(self), (None, None))
        if found not in (None, name) and made is not None and made() is self:
            if call is not None and recorder is not None:
                recorder.add(dataclasses.replace(call, metric=(name, str(found))))
        return found

    return _known_name
