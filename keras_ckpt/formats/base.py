"""What the formats have in common."""

from __future__ import annotations

import contextlib
import json
import re
import struct
import warnings
import zipfile
import zlib
from typing import Any, Callable, Iterable, Iterator, NamedTuple

import numpy as np

from keras_ckpt import progress, runtime

# What the libraries that read the files raise for damaged ones.
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    EOFError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


# Bytes of old values that are kept to put them back, though only the disk can fail.
_MUCH = 256 << 20


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or does not fit the model.

    Args:
        path: the checkpoint.
        found: what is wrong with it.
        advice: what to do.
    """

    def __init__(self, path: str, found: str, advice: str = "") -> None:
        super().__init__("Cannot load %s: %s." % (path, found) + (_sentence(advice)))
        self.path = path
        self.found = found
        self.advice = advice


def _sentence(text: str) -> str:
    return " %s%s." % (text[0].upper(), text[1:]) if text else ""


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Makes a CheckpointError of what is raised because the file at `path` is damaged."""
    try:
        yield
    except (CheckpointError, FileNotFoundError):
        raise
    except OSError as error:
        raise CheckpointError(
            path, "it cannot be read: %s" % one_line(error), "copy the file again"
        ) from error
    except RecursionError as error:
        raise CheckpointError(
            path, "it is damaged: what is in it is nested too deep", "copy the file again"
        ) from error
    except _DAMAGE as error:
        raise CheckpointError(
            path, "it is damaged: %s" % one_line(error), "copy the file again"
        ) from error


def described(path: str, text: Any) -> dict[str, Any]:
    """Returns what the JSON `text` in the checkpoint at `path` says of a model.

    Raises:
        CheckpointError: if it is damaged.
    """
    with reading(path):
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("what describes its model is no description")
        return found


class Format:
    """A checkpoint format: recognises, writes and reads it."""

    name: str = ""
    """What it is called in messages."""

    keras_3_reads: bool = False
    """Whether Keras 3's own `load_weights` or `load_model` reads it, under the right name."""

    native_endings: tuple[str, ...] = ()
    """What that name ends in."""

    def recognises(self, path: str) -> bool:
        """Returns whether there is a checkpoint of this format at `path`, by its content."""
        raise NotImplementedError

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        """Saves `model` at `path`; what was there stays until all is written."""
        raise NotImplementedError

    def load_weights(self, model: Any, path: str, strict: bool = True) -> Any:
        """Gives the variables of `model` the values at `path`.

        All of them or, if that cannot be, none and raises; unless `strict`, those that fit.
        """
        raise NotImplementedError

    def check(self, path: str) -> None:
        """Raises CheckpointError if what is at `path` is too damaged to let Keras read it."""

    def load_model(
        self,
        path: str,
        custom_objects: dict[str, Any] | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Any:
        """Returns the model saved at `path`."""
        raise CheckpointError(
            path,
            "it is a %s, which holds weights and no model" % self.name,
            "build the model and call keras_ckpt.load_weights(model, path)",
        )


class Assignment(NamedTuple):
    """A value that waits for its variable.

    Attributes:
        variable: the variable.
        shape: shape of the value.
        read: a function that returns the value, which may become that of the variable uncopied.
        is_sure: whether nothing but the disk can keep it from being read.
    """

    variable: Any
    shape: tuple[int, ...]
    read: Callable[[], Any]
    is_sure: bool = False


def one_line(error: BaseException) -> str:
    """Returns the text of an exception to go on in a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(line.strip() for line in lines if line.strip()).rstrip(".")


def variable_name(variable: Any) -> str:
    """Returns the name of a variable that tells it from the others of its model."""
    return str(getattr(variable, "path", None) or variable.name)


def check(
    path: str,
    assignments: Iterable[Assignment],
    missing: Iterable[str] = (),
    unused: Iterable[str] = (),
    strict: bool = True,
) -> list[Assignment]:
    """Returns the assignments that can be made: all, or CheckpointError is raised.

    Args:
        path: the checkpoint.
        assignments: which value each variable is to get.
        missing: names of the variables of the model that have none.
        unused: names of the values in the checkpoint that no variable takes.
        strict: whether each variable must have a value of its shape, and none be left over. If
            not, what does not fit is left out, with a warning.
    """
    assignments = list(assignments)
    wrong = []
    if list(missing):
        wrong.append("it has no value for %s" % _listed(missing))
    if list(unused):
        wrong.append("the model has no variable for its %s" % _listed(unused))
    shapes = [
        "%s is %s in the model and %s in the checkpoint"
        % (variable_name(variable), tuple(variable.shape), tuple(shape))
        for variable, shape, _, _ in assignments
        if tuple(variable.shape) != tuple(shape)
    ]
    if shapes:
        wrong.append("shapes differ: " + "; ".join(shapes[:8]) + _more(len(shapes)))
    if wrong and not strict:
        warnings.warn(
            "%s does not fit the model, and is loaded in part: %s." % (path, "; ".join(wrong)),
            stacklevel=6,
        )
        return [each for each in assignments if tuple(each.variable.shape) == tuple(each.shape)]
    if wrong:
        raise CheckpointError(
            path,
            "it does not fit the model: " + "; ".join(wrong),
            "build the model as it was when the checkpoint was saved; nothing has been loaded",
        )
    return assignments


def _more(count: int) -> str:
    return " and %d more" % (count - 8) if count > 8 else ""


def _listed(names: Iterable[str]) -> str:
    every = sorted(names)
    return ", ".join(every[:8]) + _more(len(every))


def assign(model: Any, assignments: Iterable[Assignment]) -> None:
    """Gives each variable its value and lets the layers make what they derive from it."""
    assignments = list(assignments)
    total = sum(_nbytes(each.variable, each.shape) for each in assignments)
    is_sure = total > _MUCH and all(each.is_sure for each in assignments)
    kept = [] if is_sure else [each.variable for each in assignments]
    with or_as_before(model, kept), progress.bar(total, "Loading") as advance:
        for each in assignments:
            each.variable.assign(runtime.handed_over(each.read()))
            advance(_nbytes(each.variable, each.shape))
    finalize(model)


@contextlib.contextmanager
def or_as_before(model: Any, variables: Iterable[Any]) -> Iterator[None]:
    """Gives variables their values back if they cannot all be replaced."""
    variables = list(variables)
    values = [_kept(variable) for variable in variables]
    try:
        yield
    except BaseException:
        # Also when the program is told to stop.
        for variable, value in zip(variables, values):
            variable.assign(value)
        finalize(model)
        raise


def _kept(variable: Any) -> Any:
    """Returns the value of a variable, which stays as it is when the variable changes."""
    value: Any = getattr(variable, "value", None)
    if hasattr(value, "read_value"):
        # TensorFlow gives its variable another tensor, so none is copied.
        return value.read_value()
    if runtime.backend() == "jax":
        return value
    return runtime.to_numpy(variable).copy()


def finalize(model: Any) -> None:
    """Lets layers that keep state derived from their variables make it anew."""
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def nbytes(model: Any) -> int:
    """Returns how many bytes the variables of `model` and of its optimizer take."""
    variables = list(model.variables)
    if getattr(model, "optimizer", None) is not None:
        variables += list(model.optimizer.variables)
    return sum(_nbytes(variable, variable.shape) for variable in variables)


def _nbytes(variable: Any, shape: Any) -> int:
    return width(str(variable.dtype)) * int(np.prod([int(n) for n in shape], dtype=np.int64))


def width(dtype: str) -> int:
    """Returns how many bytes a value of a type takes, e.g. 2 for `"bfloat16"`."""
    # The names of types have their bits in them, but for that of booleans.
    bits = re.search(r"\d+", dtype)
    return int(bits.group()) // 8 if bits else 1


def require_variables(model: Any, action: str) -> None:
    """Raises ValueError if `model` has not made its variables yet."""
    if getattr(model, "built", True):
        return
    raise ValueError(
        "The model %r has no variables yet, so that its weights cannot be %s. Call it on a batch "
        "of data, or call its `build()`, first." % (model.name, action)
    )
