"""What is raised for checkpoints that cannot be read, or do not fit the model.

* CheckpointError (a ValueError)
  + NotACheckpoint
  + DamagedCheckpoint
  + MismatchedCheckpoint
  + WeightsOnly
  + UnsafeCheckpoint
  + UnsupportedModel

Whatever else fails while a checkpoint is read is raised as it is: a `PermissionError`, memory that
ran out, or an error in a layer of your own.
"""

from __future__ import annotations

import copyreg
from typing import Any, Iterable

__all__ = [
    "CheckpointError",
    "DamagedCheckpoint",
    "MismatchedCheckpoint",
    "NotACheckpoint",
    "UnsafeCheckpoint",
    "UnsupportedModel",
    "WeightsOnly",
]


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or does not fit the model.

    Args:
        path: String, the checkpoint, or the file of it that is meant.
        found: String, what is wrong with it.
        advice: String, what to do. Defaults to the advice of the class, if it has any.

    Attributes:
        path: String, as given.
        found: String, as given.
        advice: String, what to do; `""` if there is no advice.

    Example:

    ```python
    try:
        model = keras_ckpt.load_model("model.keras")
    except keras_ckpt.DamagedCheckpoint:
        model = keras_ckpt.load_model("model.before.keras")
    except keras_ckpt.CheckpointError as error:
        raise SystemExit(error.found)
    ```
    """

    _advice = ""

    def __init__(self, path: str, found: str, advice: str | None = None) -> None:
        advice = self._advice if advice is None else advice
        super().__init__(f"Cannot load {path}: {found}.{_sentence(advice)}")
        self.path = path
        self.found = found
        self.advice = advice

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception would be made again from its message alone.
        return copyreg.__newobj__, (type(self), *self.args), dict(vars(self))  # type: ignore[attr-defined]


class NotACheckpoint(CheckpointError):
    """What is at the path is not a checkpoint of a kind that keras_ckpt reads."""


class DamagedCheckpoint(CheckpointError):
    """A part of the checkpoint is missing, or not what was written.

    Another copy of it, or an older checkpoint, may be readable.
    """

    _advice = "copy the file again"


class MismatchedCheckpoint(CheckpointError):
    """The checkpoint is of another model than the one that it is loaded into.

    No variable of the model has been changed. The lists `missing`, `unused` and `shapes` are empty
    if a layer refused its values, for a reason that is in `found`.

    Args:
        path: String, the checkpoint.
        found: String, what does not fit.
        advice: String, what to do. Defaults to the advice of the class.
        missing: Strings. Defaults to none.
        unused: Strings. Defaults to none.
        shapes: Tuples of a name and two shapes. Defaults to none.

    Attributes:
        missing: List of strings, names of what in the model has no value in the checkpoint.
        unused: List of strings, names of what in the checkpoint has no place in the model.
        shapes: List of tuples `(name, shape in the model, shape in the checkpoint)`, one for each
            variable whose shapes differ.
    """

    _advice = "build the model as it was when the checkpoint was saved; nothing has been loaded"

    def __init__(
        self,
        path: str,
        found: str,
        advice: str | None = None,
        missing: Iterable[str] = (),
        unused: Iterable[str] = (),
        shapes: Iterable[tuple[str, tuple[int, ...], tuple[int, ...]]] = (),
    ) -> None:
        super().__init__(path, found, advice)
        self.missing = list(missing)
        self.unused = list(unused)
        self.shapes = list(shapes)


class WeightsOnly(CheckpointError):
    """The checkpoint holds weights, and no description of a model to give them to."""

    _advice = "build the model and call keras_ckpt.load_weights(model, path)"


class UnsafeCheckpoint(CheckpointError):
    """To load the checkpoint could run code in it, read other files, or use up the memory."""


class UnsupportedModel(CheckpointError):
    """The installed release of Keras cannot make the model that the checkpoint describes."""

    _advice = (
        "pass your own classes in custom_objects, or build the model and call "
        "keras_ckpt.load_weights(model, path), which needs no configuration"
    )


def _sentence(text: str) -> str:
    return f" {text[0].upper()}{text[1:]}." if text else ""
