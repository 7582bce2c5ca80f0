"""What is in a checkpoint: read from its headers, without Keras, a model or the tensors."""

from __future__ import annotations

import dataclasses
import os
from typing import NamedTuple

from keras_ckpt._typing import StrPath
from keras_ckpt.formats.base import Format, Probe
from keras_ckpt.formats.orbax import orbax_checkpoint
from keras_ckpt.formats.registry import format_of, is_native_name
from keras_ckpt.formats.summary import WEIGHT, Summary, Variable
from keras_ckpt.formats.tensorflow import checkpoint
from keras_ckpt.formats.tensorflow.checkpoint import TFCheckpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.runs.record import Record
from keras_ckpt.storage import files, rereading


class Inspection(NamedTuple):
    """What is in a checkpoint; `None` where the checkpoint does not say it.

    Attributes:
        path: String, the checkpoint, as `keras_ckpt.load_weights` takes it.
        format: String, the name of its format.
        written_by: Dict, the releases that wrote it by the names of their packages, such as
            `{"keras": "2.4.0"}`; empty if that is not recorded.
        variables: List of `Variable`, which have a `name`, a `shape` (tuple of integers), a `dtype`
            (string), a `size` in bytes, and a `role`: `"weight"`, `"optimizer"` or `"state"`.
        optimizer: String, the name of the optimizer.
        iterations: Integer, how many steps the optimizer had made.
        compiled: Boolean, whether the model was compiled.
        model: String, the class of the model.
        loads_with: List of strings, the calls that load it.
        record: `Record`, what a `keras_ckpt.ModelCheckpoint` has written in it of its run: it has
            an `epoch`, a `batch`, a `step`, a `time`, the `logs` and more.
    """

    path: str
    format: str
    written_by: dict[str, str]
    variables: list[Variable]
    optimizer: str | None
    iterations: int | None
    compiled: bool | None
    model: str | None
    loads_with: list[str]
    record: Record | None = None

    @property
    def parameters(self) -> int:
        """How many numbers the weights of the model are."""
        return sum(each.parameters for each in self.variables if each.role == WEIGHT)

    @property
    def nbytes(self) -> int:
        """How many bytes all variables take."""
        return sum(each.size for each in self.variables)

    def to_dict(self) -> dict[str, object]:
        """Returns all of it in types that JSON has."""
        found = self._asdict()
        found["parameters"] = self.parameters
        found["nbytes"] = self.nbytes
        found["record"] = None if self.record is None else dataclasses.asdict(self.record)
        found["variables"] = [
            {**each._asdict(), "shape": list(each.shape)} for each in self.variables
        ]
        return found


def inspect(path: StrPath) -> Inspection:
    """Returns what is in a checkpoint of any format.

    Neither Keras nor TensorFlow is imported, and no tensor is read. What Orbax wrote is read by its
    library, which imports JAX.

    Args:
        path: String or `PathLike`, the file, the SavedModel directory, the prefix or the index of a
            TensorFlow checkpoint, or the directory of such checkpoints, of which the newest is
            taken.

    Returns:
        An `Inspection`.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        NotACheckpoint: if it is no checkpoint.
        DamagedCheckpoint: if it is damaged.
        UnsafeCheckpoint: if it holds what no checkpoint does.

    Example:

    ```python
    found = keras_ckpt.inspect("training_1/cp.ckpt")
    found.parameters  # 23851784
    found.iterations  # 4690
    [each.name for each in found.variables]
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = os.fspath(path)
    actual = _checkpoint(name)

    def look() -> tuple[Format, Summary, Record | None]:
        kind = format_of(actual)
        return kind, kind.inspect(actual), kind.record(actual)

    kind, found, record = rereading.settled(actual, look)
    return Inspection(
        path=actual,
        format=kind.name,
        written_by=found.written_by,
        variables=found.variables,
        optimizer=found.optimizer,
        iterations=found.iterations,
        compiled=found.compiled,
        model=found.model,
        loads_with=_calls(actual, kind, found),
        record=record,
    )


def _checkpoint(name: str) -> str:
    """Returns the checkpoint that a user means by `name`."""
    prefix, ending = os.path.splitext(name)
    if ending == ".index" and files.isfile(name):
        return prefix
    step = orbax_checkpoint.newest_step(name)
    if step is not None:
        return name
    probe = Probe(name)
    if files.isdir(name) and not any(
        each.recognises(probe) for each in (TFCheckpoint(), SavedModel())
    ):
        return checkpoint.latest_checkpoint(name) or name
    return name


def _calls(path: str, kind: Format, found: Summary) -> list[str]:
    """Returns the calls that load a checkpoint, those of Keras 3 if it goes by this name."""
    native = is_native_name(path, kind)
    calls = [
        (found.load_model, f"keras_ckpt.load_model({path!r})"),
        (found.load_weights, f"keras_ckpt.load_weights(model, {path!r})"),
        (found.load_model and native, f"keras.models.load_model({path!r})"),
        (found.load_weights and native, f"model.load_weights({path!r})"),
    ]
    return [call for possible, call in calls if possible]
