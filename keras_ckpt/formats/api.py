"""The public functions that save, load and convert checkpoints of every format."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Callable, ContextManager

from keras_ckpt import progress, runtime
from keras_ckpt._typing import CustomObjects, Model, StrPath
from keras_ckpt.endings import (
    ARCHIVE,
    FOREIGN_WRITTEN,
    HDF5,
    SHARDED_WEIGHTS,
    WEIGHTS,
    WEIGHTS_ALONE,
)
from keras_ckpt.errors import CheckpointError, UnsupportedModel, WeightsOnly
from keras_ckpt.formats import registry, saved_files
from keras_ckpt.formats.base import Format, Snapshot
from keras_ckpt.formats.keras3.sharded import ShardedKerasWeights
from keras_ckpt.formats.orbax import orbax_checkpoint
from keras_ckpt.formats.tensorflow import checkpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.formats.tensorflow.serving import InferenceModel
from keras_ckpt.runs.record import Record, name_of
from keras_ckpt.runtime import processes
from keras_ckpt.storage import commit, durability, files, places, remote, rereading

if TYPE_CHECKING:
    from keras_ckpt.formats.base import LoadStatus


def save_weights(
    model: Model,
    path: StrPath,
    format: str | None = None,
    verbose: int = 1,
    *,
    max_shard_size: float | None = None,
    durable: bool = True,
) -> None:
    """Saves the weights of a model. What was there stays until all is written.

    Without `format` the ending of `path` decides, as it did in TensorFlow 2.15:

    | `path` ends in | what is written |
    |---|---|
    | `.weights.h5` | weights of Keras 3 |
    | `.h5`, `.hdf5` | HDF5 weights, as in Keras 2 |
    | `.keras` | `.keras` archive of weights |
    | `.weights.json` | weights of Keras 3 in several files, as Keras 3.10 and later write them |
    | `.safetensors` | file of safetensors, by the paths of the variables |
    | `.orbax` | step of Orbax, as Keras's `OrbaxCheckpoint(save_weights_only=True)` writes it |
    | anything else | TensorFlow checkpoint, with the optimizer |

    Args:
        model: Keras model with variables.
        path: String or `PathLike`, the file, or the prefix of the files. Directories on the way
            are made.
        format: String, `"tf"`, `"h5"` (as in Keras 2), `"keras"` (`.weights.h5` of Keras 3) or
            `"orbax"`. Defaults to `None`: the ending of `path` decides.
        verbose: Integer, 0 or 1. 0 for no progress bar on a terminal when it takes more than a
            second. Defaults to 1.
        max_shard_size: Float, how many GB of values go into one file, if `path` ends in
            `.weights.json`. A larger value has a file of its own. Defaults to `None`: 5 GB.
        durable: Boolean, whether to flush what is written to the disk, so that a power cut does not
            lose it. Defaults to `True`.

    Raises:
        ValueError: if the model has no variables yet, there is no such `format`, or
            `max_shard_size` is no number above 0 or not for such a `path`.
        ImportError: if the package `safetensors` or `orbax-checkpoint` is needed and missing.
        IsADirectoryError: if a directory is in the way.
        OSError: if the file system fails.

    Example:

    ```python
    keras_ckpt.save_weights(model, "training_1/cp.ckpt")  # for TensorFlow 2.x, too
    ```

    Added in keras_ckpt 0.1.0.
    """
    if max_shard_size is None:
        _save(model, path, True, format, verbose, durable)
        return
    name = os.fspath(path)
    sharded = ShardedKerasWeights(max_shard_size)
    if format is not None or not name.endswith(SHARDED_WEIGHTS):
        raise ValueError(
            "`max_shard_size` is for paths that end in `.weights.json`, without `format`. "
            f"Received: path={name}, format={format!r}"
        )
    with progress.shown(verbose), durability.durable(durable):
        _write(model, sharded, name)


def save_model(
    model: Model,
    path: StrPath,
    format: str | None = None,
    verbose: int = 1,
    *,
    durable: bool = True,
) -> None:
    """Saves a model whole. What was there stays until all is written.

    Without `format` the ending of `path` decides, as it did in TensorFlow 2.15:

    | `path` ends in | what is written |
    |---|---|
    | `.keras` | `.keras` archive |
    | `.h5`, `.hdf5` | HDF5 file |
    | `.orbax` | step of Orbax, as Keras's `OrbaxCheckpoint` writes it |
    | anything else | SavedModel directory |

    Args:
        model: Keras model with variables.
        path: String or `PathLike`, the file or directory. Directories on the way are made.
        format: String, `"tf"` (SavedModel), `"h5"`, `"keras"` or `"orbax"`. Defaults to `None`: the
            ending of `path` decides.
        verbose: Integer, 0 or 1. 0 for no progress bar on a terminal when it takes more than a
            second. Defaults to 1.
        durable: Boolean, whether to flush what is written to the disk, so that a power cut does not
            lose it. Defaults to `True`.

    Raises:
        ValueError: if the model has no variables yet, there is no such `format`, or `path` ends in
            that of a format of weights alone.
        FileExistsError: if a file is where a SavedModel directory is to be written.
        IsADirectoryError: if a directory is in the way of a file.
        OSError: if the file system fails.

    Example:

    ```python
    keras_ckpt.save_model(model, "exported", format="tf")
    ```

    Added in keras_ckpt 0.1.0.
    """
    _save(model, path, False, format, verbose, durable)


def _save(
    model: Model,
    path: StrPath,
    weights_only: bool,
    format: str | None,
    verbose: int,
    durable: bool,
) -> None:
    if format is not None and format not in registry.NAMED:
        names = ", ".join(map(repr, registry.NAMED))
        raise ValueError(f"There is no format {format!r}. Formats are {names}.")
    if format is None and runtime.is_keras_3():
        registry.check_written(path, weights_only)
    with progress.shown(verbose), durability.durable(durable):
        if format is None:
            write(model, path, weights_only)
        else:
            _write(model, registry.NAMED[format][weights_only], os.fspath(path))


def _write(model: Model, form: Format, name: str, options: object | None = None) -> None:
    """Saves a model of Keras 3, by all processes together if none has all of it."""
    model = runtime.unwrapped(model)
    is_of_all = processes.is_of_all(model, form.in_parts)
    together: ContextManager[bool] = (
        processes.writing(model, form.in_parts) if is_of_all else contextlib.nullcontext(True)
    )
    with together as is_written_here:
        if is_written_here:
            form.snapshot(model, options, copy=False).write(name)


def write(model: Model, path: StrPath, weights_only: bool, options: object | None = None) -> None:
    """Saves a model in the format that TensorFlow 2.15 meant by the name, in one go.

    What was there stays until the new checkpoint is complete.

    Args:
        model: a model of the running Keras.
        path: String or `PathLike`, as of `save_weights` and `save_model`.
        weights_only: Boolean, whether to save the weights alone, or the whole model.
        options: `tf.train.CheckpointOptions` for weights, which make no difference, or
            `tf.saved_model.SaveOptions` for a whole model, which a SavedModel is saved with.
            Defaults to `None`.
    """
    name = os.fspath(path)
    if runtime.is_keras_3():
        _write(model, registry.format_written(name, weights_only), name, options)
    else:
        snapshot(model, name, weights_only, options, copy=False).write(name)


def snapshot(
    model: Model,
    path: StrPath,
    weights_only: bool,
    options: object | None = None,
    copy: bool = True,
    format: str | None = None,
) -> Snapshot:
    """Takes from a model all that its checkpoint holds, to be written later, in any thread.

    Args:
        model: Keras model with variables.
        path: String or `PathLike`, where it is to be written. Its ending decides on the format, as
            in `save_weights` and `save_model`.
        weights_only: Boolean, whether to save the weights alone, or the whole model.
        options: `tf.train.CheckpointOptions` for weights, which make no difference, or
            `tf.saved_model.SaveOptions` for a whole model, which a SavedModel is saved with.
            Defaults to `None`.
        copy: Boolean, whether to copy the values, so that the model may change before they are
            written. If `False`, the model must stay as it is until then. Defaults to `True`.
        format: String, as of `save_weights` and `save_model`; not for a model of Keras 2. Defaults
            to `None`: the ending of `path` decides.

    Returns:
        A `Snapshot`. Its `can_be_in_background` is `True` if `copy` is and Keras 3 is running; a
        model of Keras 2 is saved by its own method when the snapshot is written.

    Raises:
        ValueError: if the model has no variables yet.

    Example:

    ```python
    taken = keras_ckpt.formats.snapshot(model, "ckpt/cp", weights_only=True)
    model.fit(x, y)
    taken.write("ckpt/cp")  # the weights before `fit`
    ```

    Added in keras_ckpt 0.1.0.
    """
    if runtime.is_keras_3():
        form = registry.format_written(os.fspath(path), weights_only, format)
        return form.snapshot(runtime.unwrapped(model), options, copy)
    arguments = {} if options is None else {"options": options}
    save = model.save_weights if weights_only else model.save

    def write(path: str, record: Record | None) -> None:
        if record is None or places.is_url(path):
            # Keras 2 writes it, where TensorFlow has no such place, to a file that is sent there.
            with _for_keras_2(path, remote.uploading) as local:
                save(local, overwrite=True, **arguments)
            return
        ending = next((each for each in _ONE_FILE if path.endswith(each)), None)
        with contextlib.ExitStack() as stack:
            # One file can take the place of another at once, whoever writes it.
            made = path if ending is None else stack.enter_context(commit.replacing(path, ending))
            save(made, overwrite=True, **arguments)
            registry.put_record(made, record.of(name_of(path)))

    return Snapshot(write, can_be_in_background=False)


def _for_keras_2(path: str, locally: Callable[[str], ContextManager[str]]) -> ContextManager[str]:
    """Returns the context that gives Keras 2 a path: a local one for what TensorFlow cannot reach.

    Args:
        path: String, the path or URL.
        locally: a function that gives the context of a local copy.
    """
    if places.is_url(path) and places.place(path).system.protocol != "gfile":
        return locally(path)
    return contextlib.nullcontext(path)


#: What Keras 2 saves as one file. It goes by the whole of these endings.
_ONE_FILE = (*WEIGHTS, *HDF5, *ARCHIVE)


def convert(
    source: StrPath,
    target: StrPath,
    model: Model | None = None,
    verbose: int = 1,
    compile: bool = True,
) -> None:
    """Writes a checkpoint again, in the format that another name means.

    Args:
        source: String or `PathLike`, a checkpoint of any format.
        target: String or `PathLike`, where to write it. Its ending means what it means for
            `save_model` and `save_weights`. Without `model` it gets a whole model unless it ends
            in `.weights.h5`, `.weights.json` or `.safetensors`; with one, the weights unless it
            ends in `.keras`.
        model: Keras model that the weights are of, which changes. A file of weights needs it.
            Defaults to `None`.
        verbose: Integer, 0 or 1. 0 for no progress bar on a terminal when it takes more than a
            second. Defaults to 1.
        compile: Boolean, whether a whole model is compiled as it was. That takes the losses and
            metrics of your own that it was compiled with. Defaults to `True`.

    Raises:
        FileNotFoundError: if there is nothing at `source`.
        WeightsOnly: if it holds weights alone and there is no `model`.
        CheckpointError: if it cannot be read, or does not fit `model`.
        ValueError: if the ending of `target` is that of a format of others.

    Example:

    ```python
    keras_ckpt.convert("tf2_4_saved_model", "model.keras")
    keras_ckpt.convert("cp-0010.ckpt", "cp-0010.weights.h5", model)
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = os.fspath(target)
    if name.lower().endswith(FOREIGN_WRITTEN) and not name.endswith(WEIGHTS_ALONE):
        raise ValueError(
            f"{name} has the ending of a format that is not written here. A whole model ends in "
            ".keras, .h5 or .orbax, weights in .weights.h5, .weights.json or .safetensors; a "
            "SavedModel directory and the prefix of a TensorFlow checkpoint have no ending."
        )
    if model is None:
        weights_only = name.endswith((*WEIGHTS, *WEIGHTS_ALONE))
        try:
            model = load_model(source, compile=compile, verbose=verbose)
        except WeightsOnly as error:
            raise WeightsOnly(
                error.path, error.found, "give the model that they are of, too"
            ) from None
    else:
        weights_only = not name.endswith(".keras")
        load_weights(model, source, verbose=verbose)
    _save(model, target, weights_only, None, verbose, durable=True)


def latest_checkpoint(directory_or_template: StrPath) -> str | None:
    """Returns the path of the newest checkpoint that is whole.

    It is read and verified. One that is damaged is passed over, with a warning.

    Args:
        directory_or_template: String or `PathLike`, a directory or a template. Of a directory it
            is the checkpoint that TensorFlow's file named `checkpoint` names, or else the last
            that was written. A template is the `filepath` of a `ModelCheckpoint`, such as
            `"w.{epoch:02d}-{val_loss:.2f}.h5"`. Of a directory of Keras's `OrbaxCheckpoint` it is
            the directory of the newest step.

    Returns:
        A string, or None if there is no checkpoint.

    Example:

    ```python
    keras_ckpt.load_weights(model, keras_ckpt.latest_checkpoint("training_1"))
    keras_ckpt.load_weights(model, keras_ckpt.latest_checkpoint("w.{epoch:02d}.hdf5"))
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = os.fspath(directory_or_template)
    if not files.isdir(name):
        return registry.newest_whole(saved_files.saved(name))
    newest = checkpoint.latest_checkpoint(name) or orbax_checkpoint.newest_step(name)
    inside = saved_files.saved(files.join(name.replace("{", "{{").replace("}", "}}"), "{name}"))
    found = [path for path in inside if path != newest and _is_checkpoint(path)]
    return registry.newest_whole([*found, *([newest] if newest else [])])


def _is_checkpoint(path: str) -> bool:
    try:
        registry.format_of(path)
    except (CheckpointError, OSError):
        return False
    return True


def load_weights(
    model: Model,
    path: StrPath | None,
    by_name: bool = False,
    skip_mismatch: bool = False,
    strict: bool = True,
    *,
    part: str | None = None,
    options: object | None = None,
    verbose: int = 1,
) -> LoadStatus | None:
    """Gives the variables of a model the values that a checkpoint of any format holds.

    All is checked before the first variable changes: each must have a value of its shape, and no
    value may be left over. The state of the optimizer comes with it where it did in Keras: from
    TensorFlow checkpoints and Keras 3's own formats, if it is that of the same optimizer.

    Args:
        model: Keras model with variables.
        path: String or `PathLike`, the file, the SavedModel directory, or the prefix of a
            TensorFlow checkpoint.
        by_name: Boolean, whether to load the layers whose names are in the file, and leave the
            others as they are, as in Keras 2. Of the HDF5 files of Keras 2 only, which keep weights
            by the names of layers. Defaults to `False`.
        skip_mismatch: Boolean, whether to leave out what does not fit, with a warning: what has
            another shape, or is in the file or the model alone. With `by_name` whole layers are
            left out, as in Keras 2. Defaults to `False`.
        strict: Boolean, whether each variable must have a value of its shape, and no value be left
            over. If `False`, what fits is loaded, and a warning names the rest. Defaults to `True`.
        part: String, which object of a `tf.train.Checkpoint` of several the model is:
            `"generator"` of `tf.train.Checkpoint(generator=..., discriminator=...)`,
            `"gan.generator"` of an object in an object. Defaults to `None`: the only one that fits.
        options: `tf.train.CheckpointOptions`, which make no difference. Defaults to `None`.
        verbose: Integer, 0 or 1. 0 for no progress bar on a terminal when it takes more than a
            second. Defaults to 1.

    Returns:
        For a TensorFlow checkpoint an object with TensorFlow's `expect_partial()` and
        `assert_consumed()`, which scripts call; None for others.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        NotACheckpoint: if what is there is no checkpoint.
        DamagedCheckpoint: if it is damaged.
        UnsafeCheckpoint: if it holds what no checkpoint does.
        MismatchedCheckpoint: if it does not fit the model, whose variables stay as they are.
        ValueError: if the model has no variables yet, or `by_name` or `part` are not for this
            format.

    Example:

    ```python
    keras_ckpt.load_weights(model, "training_1/cp.ckpt")  # as TensorFlow 2.4 wrote it
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = _text(path)
    if not runtime.is_keras_3():
        with _for_keras_2(name, remote.downloaded) as local:
            native: LoadStatus | None = model.load_weights(
                local, **_given(by_name, skip_mismatch, options)
            )
            return native
    model = runtime.unwrapped(model)
    with progress.shown(verbose), runtime.scope_of(model):

        def load() -> LoadStatus | None:
            found = registry.format_of(name)
            if by_name:
                found.load_weights_by_name(model, name, skip_mismatch)
                return None
            exactly = strict and not skip_mismatch
            if part is None:
                return found.load_weights(model, name, exactly)
            if not isinstance(found, checkpoint.TFCheckpoint):
                raise ValueError(
                    f"{name} is a {found.name}, which has no parts. Leave part={part!r} out."
                )
            return found.load_weights(model, name, exactly, part)

        return rereading.settled(name, load)


def _text(path: StrPath | None) -> str:
    """Returns the path of a checkpoint that is to be read."""
    if path is None:
        raise FileNotFoundError(
            "The path of the checkpoint is None, which `latest_checkpoint` returns where there is "
            "no checkpoint."
        )
    return os.fspath(path)


def _given(by_name: bool, skip_mismatch: bool, options: object | None) -> dict[str, Any]:
    given = {"by_name": by_name, "skip_mismatch": skip_mismatch, "options": options}
    return {name: value for name, value in given.items() if value}


def load_model(
    path: StrPath | None,
    custom_objects: CustomObjects | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    inference_only: bool = False,
    verbose: int = 1,
) -> Model:
    """Returns the model that was saved whole, compiled if it was.

    Args:
        path: String or `PathLike`, the `.keras` archive, HDF5 file, or SavedModel directory, of
            any release.
        custom_objects: Dict, your own classes and functions by the names in the checkpoint.
            Defaults to `None`.
        compile: Boolean, whether to compile the model. Defaults to `True`.
        safe_mode: Boolean, whether to refuse code in the file (`Lambda` layers). Defaults to
            `True`.
        inference_only: Boolean, whether to serve a SavedModel by its own graph, which takes none
            of the classes that it was made of. That graph is a program: do so only with what you
            trust. Defaults to `False`.
        verbose: Integer, 0 or 1. 0 for no progress bar on a terminal when it takes more than a
            second. Defaults to 1.

    Returns:
        A Keras model; with `inference_only` an `InferenceModel`, which has `predict`.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        NotACheckpoint: if what is there is no checkpoint.
        DamagedCheckpoint: if it is damaged.
        WeightsOnly: if it holds weights alone.
        UnsafeCheckpoint: if it holds code, with `safe_mode`, or what no checkpoint does.
        UnsupportedModel: if the model cannot be made again, e.g. without `custom_objects`.
        ImportError: if `inference_only` is `True` and TensorFlow is not installed.

    Example:

    ```python
    model = keras_ckpt.load_model("model.h5")  # also with loss="mse"
    ```

    Added in keras_ckpt 0.1.0.
    """
    name = _text(path)
    if inference_only:
        return _served(name)
    if not runtime.is_keras_3():
        load = runtime.keras().models.load_model
        arguments = {"safe_mode": safe_mode} if runtime.takes(load, "safe_mode") else {}
        with _for_keras_2(name, remote.downloaded) as local:
            return load(local, custom_objects, compile, **arguments)
    with progress.shown(verbose):

        def load() -> Model:
            found = registry.format_of(name)
            return found.load_model(name, custom_objects, compile, safe_mode)

        return rereading.settled(name, load)


def _served(name: str) -> InferenceModel:
    found = registry.format_of(name)
    if not isinstance(found, SavedModel):
        raise UnsupportedModel(
            name,
            f"it is a {found.name}, and inference_only=True is for a SavedModel",
            "leave it out",
        )
    with remote.local_directory(name) as local:
        return InferenceModel(local)
