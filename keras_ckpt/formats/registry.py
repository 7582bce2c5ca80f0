"""Which format a name means when something is written, and a content when it is read.

A name means what it meant to TensorFlow 2.15, in the format that the running Keras reads under it.
"""

from __future__ import annotations

import os
from typing import Iterable, NamedTuple

from keras_ckpt import runtime
from keras_ckpt._typing import StrPath
from keras_ckpt.endings import (
    ANY,
    ARCHIVE,
    HDF5,
    ORBAX,
    SAFETENSORS,
    SHARDED_WEIGHTS,
    WEIGHTS,
    WEIGHTS_ALONE,
)
from keras_ckpt.errors import CheckpointError, NotACheckpoint
from keras_ckpt.formats import parsing
from keras_ckpt.formats.base import Format, Probe
from keras_ckpt.formats.hdf5.model import HDF5Model
from keras_ckpt.formats.hdf5.weights import HDF5Weights
from keras_ckpt.formats.huggingface.safetensors_file import SafetensorsFile
from keras_ckpt.formats.keras3.archive import KerasArchive, KerasWeightsArchive
from keras_ckpt.formats.keras3.sharded import ShardedKerasWeights
from keras_ckpt.formats.keras3.weights_file import KerasWeights
from keras_ckpt.formats.orbax.orbax_checkpoint import OrbaxCheckpoint, OrbaxWeights
from keras_ckpt.formats.tensorflow import checkpoint
from keras_ckpt.formats.tensorflow.checkpoint import TFCheckpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.runs.record import Record
from keras_ckpt.storage import files, places, rereading
from keras_ckpt.storage.places import Unreachable

# They have no state: one of each is enough.
_KERAS_ARCHIVE = KerasArchive()
_KERAS_WEIGHTS_ARCHIVE = KerasWeightsArchive()
_KERAS_WEIGHTS = KerasWeights()
_SHARDED_KERAS_WEIGHTS = ShardedKerasWeights()
_HDF5_MODEL = HDF5Model()
_HDF5_WEIGHTS = HDF5Weights()
_TF_CHECKPOINT = TFCheckpoint()
_SAVED_MODEL = SavedModel()
_SAFETENSORS_FILE = SafetensorsFile()
_ORBAX_CHECKPOINT = OrbaxCheckpoint()
_ORBAX_WEIGHTS = OrbaxWeights()


class _Rule(NamedTuple):
    endings: tuple[str, ...]
    weights_only: bool
    format: Format


# The first rule that fits decides.
_WRITTEN: list[_Rule] = [
    _Rule(WEIGHTS, True, _KERAS_WEIGHTS),
    _Rule(HDF5, True, _HDF5_WEIGHTS),
    _Rule(ARCHIVE, True, _KERAS_WEIGHTS_ARCHIVE),
    _Rule(SHARDED_WEIGHTS, True, _SHARDED_KERAS_WEIGHTS),
    _Rule(SAFETENSORS, True, _SAFETENSORS_FILE),
    _Rule(ORBAX, True, _ORBAX_WEIGHTS),
    _Rule(ANY, True, _TF_CHECKPOINT),
    _Rule(ARCHIVE, False, _KERAS_ARCHIVE),
    _Rule(HDF5, False, _HDF5_MODEL),
    _Rule(ORBAX, False, _ORBAX_CHECKPOINT),
    _Rule(ANY, False, _SAVED_MODEL),
]

#: What a user asks for by name: the format of whole models, and of weights.
NAMED: dict[str, tuple[Format, Format]] = {
    "tf": (_SAVED_MODEL, _TF_CHECKPOINT),
    "h5": (_HDF5_MODEL, _HDF5_WEIGHTS),
    "keras": (_KERAS_ARCHIVE, _KERAS_WEIGHTS),
    "orbax": (_ORBAX_CHECKPOINT, _ORBAX_WEIGHTS),
}

# A whole model in HDF5 may have the marks of a file of weights, too, so it comes first. A name
# can be that of a directory and the prefix of a checkpoint at once: Keras 2 took the latter.
_READ: tuple[Format, ...] = (
    _KERAS_ARCHIVE,
    _KERAS_WEIGHTS_ARCHIVE,
    _HDF5_MODEL,
    _HDF5_WEIGHTS,
    _KERAS_WEIGHTS,
    _SHARDED_KERAS_WEIGHTS,
    _SAFETENSORS_FILE,
    _TF_CHECKPOINT,
    _SAVED_MODEL,
    _ORBAX_CHECKPOINT,
    _ORBAX_WEIGHTS,
)


def format_written(path: StrPath, weights_only: bool, named: str | None = None) -> Format:
    """Returns the format in which a Keras 3 model is saved at a path.

    Args:
        path: String or `PathLike`, where to; its ending decides.
        weights_only: Boolean, whether the weights alone are saved, or the whole model.
        named: String, one of `NAMED`, which is taken whatever the ending. Defaults to `None`.

    Example:

    ```python
    format_written("cp-{epoch}.ckpt", weights_only=True).keras_3_reads  # False
    format_written("model.h5", weights_only=False).keras_3_reads  # True
    ```
    """
    if named is not None:
        return NAMED[named][bool(weights_only)]
    name = os.fspath(path)
    return next(
        rule.format
        for rule in _WRITTEN
        if rule.weights_only == weights_only and name.endswith(rule.endings)
    )


def check_written(path: StrPath, weights_only: bool) -> None:
    """Refuses what cannot be saved at a path, whatever the model.

    Args:
        path: String or `PathLike`, where to; its ending decides.
        weights_only: Boolean, whether the weights alone are saved, or the whole model.

    Raises:
        ValueError: if the ending is that of a format of weights alone, and a whole model is saved,
            or it is a URL that nothing can be written to.
        ImportError: if a package that the format or the place needs is not installed.
    """
    name = os.fspath(path)
    if not weights_only and name.endswith(WEIGHTS_ALONE):
        raise ValueError(
            f"{name} has the ending of a format that holds weights, and no model. Save the weights "
            "alone, by `keras_ckpt.save_weights` or `save_weights_only=True`, or give a whole "
            "model a path that ends in `.keras`."
        )
    format_written(name, weights_only).require()
    places.check(path)


def format_of(path: StrPath) -> Format:
    """Returns the format of a checkpoint, which is determined from its content.

    Args:
        path: String or `PathLike`, the file, the SavedModel directory, or the prefix of a
            TensorFlow checkpoint.

    Returns:
        A `Format`. Its `name` is what messages call it.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        NotACheckpoint: if what is there is no checkpoint.
        DamagedCheckpoint: if it is so damaged that its format cannot be determined.

    Example:

    ```python
    keras_ckpt.formats.format_of("training_1/cp.ckpt").name  # "TensorFlow checkpoint"
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = os.fspath(path)
    if places.is_url(name):
        with files.looking():
            return _format_of(name)
    return _format_of(name)


def _format_of(name: str) -> Format:
    probe = Probe(name)
    for each in _READ:
        with parsing.reading(name):
            if each.recognises(probe):
                return each
    if files.isdir(name):
        newest = checkpoint.latest_checkpoint(name)
        held = _listed(_entries(name)) or "nothing"
        raise NotACheckpoint(
            name,
            "it is a directory, without a SavedModel or a step of Orbax",
            f"it holds {held}: give the path of one checkpoint, of one of TensorFlow without .index"
            + (f"; {newest} is its newest" if newest else ""),
        )
    if not files.lexists(name):
        raise FileNotFoundError(_absent(name))
    raise NotACheckpoint(
        name,
        "it is " + ("empty" if files.getsize(name) == 0 else "in no known format"),
        "known are .keras archives, HDF5 files, weights in several files (give the .weights.json), "
        "files of safetensors, TensorFlow checkpoints (give the prefix, without .index or "
        ".data-...), and directories of SavedModels and of Orbax",
    )


def _absent(name: str) -> str:
    directory, start = files.split(name)
    try:
        near = _entries(directory)
    except FileNotFoundError:
        return f"There is no checkpoint at {name}, nor a directory {directory}."
    if not near:
        return f"There is no checkpoint at {name}: its directory is empty."
    similar = [entry for entry in near if start and entry.startswith(start[:3])] or near
    return f"There is no checkpoint at {name}. Its directory holds {_listed(similar)}."


def _entries(directory: str) -> list[str]:
    """Returns the names of what may be a checkpoint in a directory."""
    return sorted(
        {
            entry[: -len(".index")] if entry.endswith(".index") else entry
            for entry in files.listdir(directory)
            if not entry.startswith(".") and ".data-" not in entry
        }
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def flaw(path: str) -> str | None:
    """Returns why the checkpoint at `path` cannot be loaded, or None if it is whole.

    All of its bytes are read and compared with the checksums that its format has.
    """
    try:
        rereading.settled(path, lambda: format_of(path).verify(path))
    except Unreachable:
        raise  # Nothing is known of it.
    except (CheckpointError, OSError) as error:
        return str(error)
    except ImportError:
        pass  # What it takes to look is not installed.
    return None


def record_of(path: str) -> Record | None:
    """Returns what the checkpoint at `path` says of itself and of its run, None if nothing.

    Raises:
        CheckpointError: if it cannot be read.
    """
    return rereading.settled(path, lambda: format_of(path).record(path))


def put_record(path: str, record: Record) -> None:
    """Puts a record into what the running Keras 2 has just saved. What is no checkpoint gets none.

    Args:
        path: String, the checkpoint.
        record: `Record`, what it is to say of itself.
    """
    try:
        kind = format_of(path)
    except (CheckpointError, FileNotFoundError):
        return  # A model of the user's own saves in a way of its own.
    kind.put_record(path, record)


def newest_whole(paths: Iterable[str]) -> str | None:
    """Returns the last of some checkpoints that is whole, and warns of those after it.

    Args:
        paths: Iterable of strings, the newest last.
    """
    for path in reversed(list(paths)):
        found = flaw(path)
        if found is None:
            return path
        runtime.warn_user(f"{path} is passed over for an older checkpoint: {found}")
    return None


def natively_readable(path: StrPath) -> bool:
    """Returns whether the running Keras reads the checkpoint at `path` by itself, by its name.

    Args:
        path: String or `PathLike`, what the user would give `model.load_weights` or
            `keras.models.load_model`.
    """
    if not runtime.is_keras_3():
        return True
    name = os.fspath(path)
    if places.is_url(name):
        is_known = places.place(name).system.protocol == "gfile"
        return is_known and str(name).endswith((".keras", ".weights.h5"))
    try:
        found = format_of(name)
    except FileNotFoundError:
        return False  # Nobody reads it, and the message here says what there is instead.
    except (CheckpointError, OSError):
        return checkpoint.latest_checkpoint(name) is None  # It may be in a format of Keras's own.
    return is_native_name(name, found)


def is_native_name(name: str, found: Format) -> bool:
    """Returns whether Keras 3 reads a checkpoint of the format `found` under this name."""
    # The ending of Keras 3's weights is one of other HDF5 files, too.
    reader = next(
        (each for each in (_KERAS_WEIGHTS, found) if name.endswith(each.native_endings)), None
    )
    is_read = reader is not None and reader.name == found.name
    return is_read and (
        found.native_since <= (3,) or runtime.installed_keras() >= found.native_since
    )
