"""How checkpoints are stored: one module for each format, which recognises, writes and reads it.

`write` goes by the ending of the name, as TensorFlow 2.15 did. Readers go by the content.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from keras_ckpt import progress, runtime
from keras_ckpt.endings import ANY, ARCHIVE, FOREIGN_WRITTEN, HDF5, WEIGHTS
from keras_ckpt.engine import filepath
from keras_ckpt.errors import (
    CheckpointError,
    DamagedCheckpoint,
    NotACheckpoint,
    UnsupportedModel,
    WeightsOnly,
)
from keras_ckpt.formats import parsing
from keras_ckpt.formats.base import Format
from keras_ckpt.formats.hdf5.model import HDF5Model
from keras_ckpt.formats.hdf5.weights import HDF5Weights
from keras_ckpt.formats.keras3.archive import KerasArchive, KerasWeights, KerasWeightsArchive
from keras_ckpt.formats.tensorflow import checkpoint
from keras_ckpt.formats.tensorflow.checkpoint import TFCheckpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.formats.tensorflow.serving import InferenceModel
from keras_ckpt.storage import atomic, remote


class _Rule(NamedTuple):
    endings: tuple[str, ...]
    weights_only: bool
    format: Format


# What TensorFlow 2.15 meant by a name, in what the running Keras reads under it. The first rule
# that fits decides; every name ends in "".
_WRITTEN: list[_Rule] = [
    _Rule(WEIGHTS, True, KerasWeights()),
    _Rule(HDF5, True, HDF5Weights()),
    _Rule(ARCHIVE, True, KerasWeightsArchive()),
    _Rule(ANY, True, TFCheckpoint()),
    _Rule(ARCHIVE, False, KerasArchive()),
    _Rule(HDF5, False, HDF5Model()),
    _Rule(ANY, False, SavedModel()),
]

#: What a user asks for by name: the format of whole models, and of weights.
_NAMED: dict[str, tuple[Format, Format]] = {
    "tf": (SavedModel(), TFCheckpoint()),
    "h5": (HDF5Model(), HDF5Weights()),
    "keras": (KerasArchive(), KerasWeights()),
}

# A whole model in HDF5 may have the marks of a file of weights, too, so it comes first. A name
# can be that of a directory and the prefix of a checkpoint at once: Keras 2 took the latter.
_READ: tuple[Format, ...] = (
    KerasArchive(),
    KerasWeightsArchive(),
    HDF5Model(),
    HDF5Weights(),
    KerasWeights(),
    TFCheckpoint(),
    SavedModel(),
)


def format_written(path: Any, weights_only: bool) -> Format:
    """Returns the format in which `write` saves a Keras 3 model at `path`.

    Args:
        path: where to; its ending decides.
        weights_only: whether the weights alone are saved, or the whole model.

    Example:

    ```python
    format_written("cp-{epoch}.ckpt", weights_only=True).keras_3_reads  # False
    format_written("model.h5", weights_only=False).keras_3_reads  # True
    ```
    """
    name = os.fspath(path)
    return next(
        rule.format
        for rule in _WRITTEN
        if rule.weights_only == weights_only and name.endswith(rule.endings)
    )


def write(model: Any, path: Any, weights_only: bool, options: Any | None = None) -> None:
    """Saves `model` at `path` in the format that TensorFlow 2.15 meant by that name.

    What was there stays until the new checkpoint is complete. Directories on the way are made.

    | `path` ends in | weights only | whole model |
    |---|---|---|
    | `.weights.h5` | Keras 3 weights | HDF5 model |
    | `.h5`, `.hdf5` | HDF5 weights as in Keras 2 | HDF5 model |
    | `.keras` | `.keras` archive of weights | `.keras` archive |
    | anything else | TensorFlow checkpoint | SavedModel |

    Args:
        model: a model of the running Keras.
        path: file, directory or prefix of files, as str or PathLike.
        weights_only: whether to save the weights alone, or the whole model.
        options: `tf.train.CheckpointOptions` for weights, which say nothing that matters here, or
            `tf.saved_model.SaveOptions` for a whole model, which a SavedModel is saved with.

    Raises:
        IsADirectoryError: if a directory is in the way.
        OSError: if the file system fails.
        ValueError: if the model has no variables yet.

    Example:

    ```python
    keras_ckpt.formats.write(model, "/tmp/ckpt/cp", weights_only=True)
    keras_ckpt.load_weights(model, "/tmp/ckpt/cp")
    ```
    """
    name = os.fspath(path)
    if runtime.is_keras_3():
        with remote.uploading(name) as local:
            format_written(name, weights_only).write(model, local, options)
        return
    arguments = {} if options is None else {"options": options}
    save = model.save_weights if weights_only else model.save
    save(name, overwrite=True, **arguments)


def save_weights(model: Any, path: Any, format: str | None = None, verbose: int = 1) -> None:
    """Saves the weights of `model` at `path`; what was there stays until all is written.

    Args:
        model: a model of the running Keras.
        path: file, or prefix of files.
        format: `"tf"`, `"h5"` (as in Keras 2) or `"keras"` (`.weights.h5` of Keras 3). By
            default the ending of `path` decides, as in `write`.
        verbose: 0 for no bar on a terminal when it takes more than a second.

    Example:

    ```python
    keras_ckpt.save_weights(model, "training_1/cp.ckpt")  # for TensorFlow 2.x, too
    ```
    """
    _save(model, path, True, format, verbose)


def save_model(model: Any, path: Any, format: str | None = None, verbose: int = 1) -> None:
    """Saves `model` whole at `path`; what was there stays until all is written.

    Args:
        model: a model of the running Keras.
        path: file or directory.
        format: `"tf"` (SavedModel), `"h5"` or `"keras"`. By default the ending of `path`
            decides, as in `write`.
        verbose: 0 for no bar on a terminal when it takes more than a second.

    Example:

    ```python
    keras_ckpt.save_model(model, "exported", format="tf")
    ```
    """
    _save(model, path, False, format, verbose)


def _save(model: Any, path: Any, weights_only: bool, format: str | None, verbose: int) -> None:
    if format is not None and format not in _NAMED:
        raise ValueError(
            "There is no format %r. Formats are %s." % (format, ", ".join(map(repr, _NAMED)))
        )
    with progress.shown(verbose):
        if format is None:
            write(model, path, weights_only)
            return
        with remote.uploading(os.fspath(path)) as local:
            _NAMED[format][weights_only].write(model, local)


def convert(
    source: Any,
    target: Any,
    model: Any | None = None,
    verbose: int = 1,
    compile: bool = True,
) -> None:
    """Writes the checkpoint at `source` again at `target`, in the format of its name.

    Args:
        source: checkpoint of any format.
        target: path; what its ending means is the same as in `write`. Without `model` it gets a
            whole model unless it ends in `.weights.h5`; with one, the weights unless it ends in
            `.keras`.
        model: the model that the weights are of, which changes. A file of weights needs it.
        verbose: 0 for no bar on a terminal when it takes more than a second.
        compile: whether a whole model is compiled as it was. That takes the losses and metrics of
            the user's that it was compiled with.

    Raises:
        FileNotFoundError: if there is nothing at `source`.
        CheckpointError: if it holds weights alone and there is no `model`, or cannot be read.
        ValueError: if the ending of `target` is that of a format of others.

    Example:

    ```python
    keras_ckpt.convert("tf2_4_saved_model", "model.keras")
    keras_ckpt.convert("cp-0010.ckpt", "cp-0010.weights.h5", model)
    ```
    """
    name = os.fspath(target)
    if name.lower().endswith(FOREIGN_WRITTEN):
        raise ValueError(
            "%s has the ending of a format that is not written here. A whole model ends in .keras "
            "or .h5, weights in .weights.h5; a SavedModel directory and the prefix of a TensorFlow "
            "checkpoint have no ending." % name
        )
    if model is None:
        weights_only = name.endswith(".weights.h5")
        try:
            model = load_model(source, compile=compile, verbose=verbose)
        except WeightsOnly as error:
            raise WeightsOnly(
                error.path, error.found, "give the model that they are of, too"
            ) from None
    else:
        weights_only = not name.endswith(".keras")
        load_weights(model, source, verbose=verbose)
    _save(model, target, weights_only, None, verbose)


def latest_checkpoint(directory_or_template: Any) -> str | None:
    """Returns the path of the newest checkpoint, or None if there is none.

    Args:
        directory_or_template: a directory, of whose checkpoints the one is meant that
            TensorFlow's file named `checkpoint` tells, or else the last written; or the
            `filepath` of a `ModelCheckpoint`, such as `"w.{epoch:02d}-{val_loss:.2f}.h5"`.

    Example:

    ```python
    keras_ckpt.load_weights(model, keras_ckpt.latest_checkpoint("training_1"))
    keras_ckpt.load_weights(model, keras_ckpt.latest_checkpoint("w.{epoch:02d}.hdf5"))
    ```
    """
    name = os.fspath(directory_or_template)
    if not os.path.isdir(name):
        found = filepath.saved(name)
        return found[-1] if found else None
    told = checkpoint.latest_checkpoint(name)
    if told is not None:
        return told
    inside = filepath.saved(os.path.join(name.replace("{", "{{").replace("}", "}}"), "{name}"))
    return next((path for path in reversed(inside) if _is_checkpoint(path)), None)


def _is_checkpoint(path: str) -> bool:
    try:
        format_of(path)
    except (CheckpointError, OSError):
        return False
    return True


def format_of(path: Any) -> Format:
    """Returns the format of the checkpoint at `path`, told by its content.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        CheckpointError: if what is there is no checkpoint.
    """
    name = os.fspath(path)
    for each in _READ:
        try:
            if each.recognises(name):
                return each
        except OSError as error:
            raise DamagedCheckpoint(
                name, f"it cannot be read: {parsing.one_line(error)}"
            ) from error
    if os.path.isdir(name):
        newest = checkpoint.latest_checkpoint(name)
        raise NotACheckpoint(
            name,
            "it is a directory and no SavedModel",
            "give the prefix of the checkpoint in it"
            + (": %s is its newest" % newest if newest else ", without the ending .index"),
        )
    if not os.path.lexists(name):
        raise FileNotFoundError(_absent(name))
    raise NotACheckpoint(
        name,
        "it is %s" % ("empty" if os.path.getsize(name) == 0 else "in no known format"),
        "known are .keras archives, HDF5 files, TensorFlow checkpoints (give the prefix, without "
        ".index or .data-...) and SavedModel directories",
    )


def _absent(name: str) -> str:
    directory, start = os.path.split(name)
    try:
        near = sorted(
            entry[: -len(".index")] if entry.endswith(".index") else entry
            for entry in os.listdir(directory or ".")
            if not entry.startswith(".") and ".data-" not in entry
        )
    except OSError:
        return "There is no checkpoint at %s, nor a directory %s." % (name, directory)
    if not near:
        return "There is no checkpoint at %s: its directory is empty." % name
    similar = [entry for entry in near if start and entry.startswith(start[:3])] or near
    return "There is no checkpoint at %s. Its directory holds %s%s." % (
        name,
        ", ".join(similar[:5]),
        ", …" if len(similar) > 5 else "",
    )


def natively_readable(path: Any) -> bool:
    """Returns whether the running Keras reads the checkpoint at `path` by itself, by its name.

    Args:
        path: what the user would give `model.load_weights` or `keras.models.load_model`.
    """
    if not runtime.is_keras_3():
        return True
    name = os.fspath(path)
    if runtime.is_remote(name):
        return str(name).endswith((".keras", ".weights.h5"))
    try:
        found = format_of(name)
    except FileNotFoundError:
        return False  # nobody reads it, and the message here says what there is instead
    except CheckpointError:
        return checkpoint.latest_checkpoint(name) is None  # it may be in a format of Keras's own
    return is_native_name(name, found)


def is_native_name(name: str, found: Format) -> bool:
    """Returns whether Keras 3 reads a checkpoint of the format `found` under this name."""
    # The ending of Keras 3's weights is one of other HDF5 files, too.
    reader = next(
        (each for each in (KerasWeights(), found) if name.endswith(each.native_endings)), None
    )
    return reader is not None and reader.name == found.name


def load_weights(
    model: Any,
    path: Any,
    by_name: bool = False,
    skip_mismatch: bool = False,
    strict: bool = True,
    options: Any | None = None,
    verbose: int = 1,
) -> Any:
    """Gives the variables of `model` the values that a checkpoint of any format holds.

    All is checked before the first variable changes: each must have a value of its shape, and no
    value may be left over. The state of the optimizer comes with it where it did in Keras: from
    TensorFlow checkpoints and Keras 3's own formats, if it is that of the same optimizer.

    Args:
        model: a built model of the running Keras.
        path: file, SavedModel directory, or prefix of a TensorFlow checkpoint.
        by_name: as in Keras: load the layers whose names are in the file, of HDF5 files only.
        skip_mismatch: as in Keras: leave out variables of other shapes, not of TensorFlow's files.
        strict: whether each variable must have a value of its shape, and no value be left over.
            If not, what fits is loaded, and a warning names the rest.
        options: `tf.train.CheckpointOptions`, which say nothing that matters here.
        verbose: 0 for no bar on a terminal when it takes more than a second.

    Returns:
        For a TensorFlow checkpoint an object with TensorFlow's `expect_partial()` and
        `assert_consumed()`, which scripts call; None for others.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        CheckpointError: if it is no checkpoint, is damaged, or does not fit the model.
        ValueError: if the model has no variables yet.

    Example:

    ```python
    keras_ckpt.load_weights(model, "training_1/cp.ckpt")  # as TensorFlow 2.4 wrote it
    ```
    """
    name = os.fspath(path)
    if not runtime.is_keras_3():
        return model.load_weights(name, **_given(by_name, skip_mismatch, options))
    with remote.downloaded(name) as local, progress.shown(verbose):
        found = format_of(local)
        if not by_name and not skip_mismatch:
            return found.load_weights(model, local, strict)
        if not found.keras_3_reads:
            raise ValueError(
                "%s is a %s, of which by_name and skip_mismatch cannot load a part. Leave them out."
                % (name, found.name)
            )
        found.verify(local)
        with atomic.under_ending(local, found.native_endings[0]) as named:
            return type(model).load_weights(model, named, **_given(by_name, skip_mismatch, None))


def _given(by_name: bool, skip_mismatch: bool, options: Any | None) -> dict[str, Any]:
    given = {"by_name": by_name, "skip_mismatch": skip_mismatch, "options": options}
    return {name: value for name, value in given.items() if value}


def load_model(
    path: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    inference_only: bool = False,
    verbose: int = 1,
) -> Any:
    """Returns the model that was saved whole at `path`, compiled if it was.

    Args:
        path: `.keras` archive, HDF5 file, or SavedModel directory, of any release.
        custom_objects: the user's classes and functions by the names in the checkpoint.
        compile: whether to compile the model.
        safe_mode: whether to refuse code in the file (`Lambda` layers).
        inference_only: whether to serve a SavedModel by its own graph, as an `InferenceModel`,
            which takes none of the classes that it was made of. That graph is a program: do so
            only with what you trust.
        verbose: 0 for no bar on a terminal when it takes more than a second.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        CheckpointError: if it holds no model that can be made again.
        ImportError: if `inference_only` is True and TensorFlow is not installed.

    Example:

    ```python
    model = keras_ckpt.load_model("model.h5")  # also with loss="mse"
    ```
    """
    name = os.fspath(path)
    if inference_only:
        return _served(name)
    if not runtime.is_keras_3():
        load = runtime.keras().models.load_model
        arguments = {"safe_mode": safe_mode} if runtime.takes(load, "safe_mode") else {}
        return load(name, custom_objects, compile, **arguments)
    with remote.downloaded(name) as local, progress.shown(verbose):
        return format_of(local).load_model(local, custom_objects, compile, safe_mode)


def _served(name: str) -> InferenceModel:
    with remote.downloaded(name) as local:
        found = format_of(local)
        if not isinstance(found, SavedModel):
            raise UnsupportedModel(
                name,
                "it is a %s, and inference_only=True is for a SavedModel" % found.name,
                "leave it out",
            )
        return InferenceModel(local)
