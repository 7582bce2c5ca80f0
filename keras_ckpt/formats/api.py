"""The public functions, each for every format.

`write` goes by the ending of the name, as TensorFlow 2.15 did. Readers go by the content.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from keras_ckpt import progress, runtime
from keras_ckpt.endings import FOREIGN_WRITTEN
from keras_ckpt.errors import (
    CheckpointError,
    UnsupportedModel,
    WeightsOnly,
)
from keras_ckpt.formats import registry, saved_files
from keras_ckpt.formats.base import Snapshot
from keras_ckpt.formats.tensorflow import checkpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.formats.tensorflow.serving import InferenceModel
from keras_ckpt.storage import atomic, remote


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
    snapshot(model, name, weights_only, options, copy=False).write(name)


def snapshot(
    model: Any, path: Any, weights_only: bool, options: Any | None = None, copy: bool = True
) -> Snapshot:
    """Takes from `model` all that `write` saves, to be written later, in any thread.

    Args:
        model: a model of the running Keras.
        path: where it is to be written; its ending decides on the format, as in `write`.
        weights_only: whether to save the weights alone, or the whole model.
        options: as in `write`.
        copy: whether to copy the values, so that the model may change before they are written.

    Returns:
        A `Snapshot`. It `can_be_in_background` if `copy` is True and the Keras that runs is
        Keras 3; a model of Keras 2 is saved by its own method when the snapshot is written.

    Raises:
        ValueError: if the model has no variables yet.

    Example:

    ```python
    taken = keras_ckpt.formats.snapshot(model, "/tmp/ckpt/cp", weights_only=True)
    model.fit(x, y)
    taken.write("/tmp/ckpt/cp")  # the weights before `fit`
    ```
    """
    if runtime.is_keras_3():
        return _uploaded(
            registry.format_written(os.fspath(path), weights_only).snapshot(model, options, copy)
        )
    arguments = {} if options is None else {"options": options}
    save = model.save_weights if weights_only else model.save
    return Snapshot(
        functools.partial(save, overwrite=True, **arguments), can_be_in_background=False
    )


def _uploaded(taken: Snapshot) -> Snapshot:
    """Returns a snapshot that is written on other file systems, too."""

    def write(path: str) -> None:
        with remote.uploading(path) as local:
            taken.write(local)

    return Snapshot(write, taken.can_be_in_background)


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
    if format is not None and format not in registry.NAMED:
        raise ValueError(
            "There is no format %r. Formats are %s."
            % (format, ", ".join(map(repr, registry.NAMED)))
        )
    with progress.shown(verbose):
        if format is None:
            write(model, path, weights_only)
            return
        taken = registry.NAMED[format][weights_only].snapshot(model, copy=False)
        _uploaded(taken).write(os.fspath(path))


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
        found = saved_files.saved(name)
        return found[-1] if found else None
    told = checkpoint.latest_checkpoint(name)
    if told is not None:
        return told
    inside = saved_files.saved(os.path.join(name.replace("{", "{{").replace("}", "}}"), "{name}"))
    return next((path for path in reversed(inside) if _is_checkpoint(path)), None)


def _is_checkpoint(path: str) -> bool:
    try:
        registry.format_of(path)
    except (CheckpointError, OSError):
        return False
    return True


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
        found = registry.format_of(local)
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
        return registry.format_of(local).load_model(local, custom_objects, compile, safe_mode)


def _served(name: str) -> InferenceModel:
    with remote.downloaded(name) as local:
        found = registry.format_of(local)
        if not isinstance(found, SavedModel):
            raise UnsupportedModel(
                name,
                "it is a %s, and inference_only=True is for a SavedModel" % found.name,
                "leave it out",
            )
        return InferenceModel(local)
