"""How models are made of descriptions: which errors say that one cannot be, what is frozen."""

from __future__ import annotations

import contextlib
import sys
import traceback
from types import TracebackType
from typing import Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import Model
from keras_ckpt.errors import CheckpointError, UnsupportedModel
from keras_ckpt.formats import assignment
from keras_ckpt.formats.parsing import one_line

#: What Keras and its layers raise for what they do not take.
REFUSALS = (ValueError, LookupError, ArithmeticError, NotImplementedError, RecursionError)
#: What they raise for it beside, and what a mistake in the code of a layer raises.
_AMBIGUOUS = (TypeError, AttributeError, ImportError)
#: Packages none of whose code is the user's.
_LIBRARIES = frozenset(getattr(sys, "stdlib_module_names", sys.builtin_module_names)) | {
    "jax",
    "keras",
    "keras_ckpt",
    "ml_dtypes",
    "numpy",
    "optree",
    "tensorflow",
    "torch",
}


@contextlib.contextmanager
def from_description(path: str, advice: str | None = None, fails: str = "") -> Iterator[None]:
    """Makes an UnsupportedModel of what is raised because a description cannot be followed.

    What a layer of the user's raises otherwise, and what any code raises that ran out of memory,
    comes out as it is, also where Keras has put an error of its own in its place.

    Args:
        path: String, the checkpoint with the description.
        advice: String, what to do. Defaults to that of `UnsupportedModel`.
        fails: String, what cannot be done. Defaults to `"Keras ... cannot make the model again"`.
    """
    outside = sys.exc_info()[1]
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        first = _first(error, outside)
        if isinstance(first, CheckpointError) or not _is_of_description(first, error):
            raise first
        fails = fails or f"Keras {runtime.keras().__version__} cannot make the model again"
        raise UnsupportedModel(path, f"{fails}: {one_line(error)}", advice) from error


def _first(error: BaseException, outside: BaseException | None) -> BaseException:
    """Returns the error in the place of which Keras has put another.

    Keras raises a TypeError where it makes an object and the code of the object's class fails, in
    whatever way.

    Args:
        error: what came out of Keras.
        outside: what was being handled before, which is the context of all that is raised.
    """
    while isinstance(error, TypeError) and _raised_in(error).split(".")[0] == "keras":
        before = error.__context__
        if before is None or before is outside:
            break
        error = before
    return error


def _raised_in(error: BaseException) -> str:
    """Returns the name of the module in which an error was raised."""
    name = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "")
    return name


def _is_of_description(first: BaseException, error: BaseException) -> bool:
    if isinstance(first, REFUSALS):
        return True
    if isinstance(first, ImportError):
        return first is not error  # Keras has not found the module that the description names.
    return isinstance(first, _AMBIGUOUS) and not _is_of_user(first.__traceback__)


def _is_of_user(raised: TracebackType | None) -> bool:
    """Returns whether code that is neither Keras's nor a library's has a part in an error."""
    names = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(raised)]
    return any(name.split(".")[0] not in _LIBRARIES for name in names)


def freeze(model: Model) -> None:
    """Takes the weights of layers that do not train out of those that the model trains.

    In Keras 3.0 a layer that is made with `trainable=False` still has them among these.
    """
    if not assignment.is_built(model):
        return
    training = {id(each) for each in model.trainable_weights}
    for layer in model._flatten_layers(include_self=False):
        if not layer.trainable and any(id(each) in training for each in layer.weights):
            layer.trainable = True
            layer.trainable = False
