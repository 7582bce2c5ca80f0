"""Keras 3's functions that save and load, with the arguments and formats of Keras 2.

Each of them does what Keras 3 does wherever Keras 3 does anything. What Keras 3 would refuse, and
Keras 2 took, is left to `formats`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import threading
import types
from typing import Callable, Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import CustomObjects, Model
from keras_ckpt.endings import ARCHIVE, HDF5, ORBAX, SAFETENSORS, SHARDED_WEIGHTS, WEIGHTS
from keras_ckpt.errors import CheckpointError, MismatchedCheckpoint
from keras_ckpt.formats import api, registry
from keras_ckpt.formats.base import Format
from keras_ckpt.formats.config import optimizer_state
from keras_ckpt.formats.tensorflow.checkpoint import TFCheckpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.installation import usage

#: What Keras 2 called the formats.
_FORMATS: dict[str, str] = {
    "tf": "tf",
    "tensorflow": "tf",
    "h5": "h5",
    "hdf5": "h5",
    "keras": "keras",
    "keras_v3": "keras",
}

#: Arguments that mean something for SavedModels alone.
_OF_SAVED_MODELS = ("signatures", "options", "save_traces")

_local = threading.local()


class Activation:
    """Whether the legacy arguments are taken, by all functions of one `install()`.

    Attributes:
        is_active: Boolean. If False, the functions do what Keras's own do, wherever they are kept.
    """

    def __init__(self) -> None:
        self.is_active = True


class _Call:
    """A call of a function that takes the legacy arguments.

    Attributes:
        given: its arguments by name. None if they fit neither Keras 3 nor Keras 2.
        refused: what Keras 3 has said, if it was asked and refused.
        content: what is read that Keras 3 would read otherwise, or not at all.
    """

    refused = ""
    content = ""

    def __init__(
        self,
        native: Callable[..., object],
        replacement: Callable[..., object],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        self._native = native
        self._args = args
        self._kwargs = kwargs
        given = _bound(inspect.signature(native), args, kwargs)
        self._fits = given is not None
        if given is not None and "self" in given:
            given["model"] = given.pop("self")
        parameters = list(inspect.signature(replacement).parameters.values())[1:]
        names = {each.name for each in parameters}
        # By position, `save_format` is where Keras 3 has a number or a boolean.
        of_keras_3 = [value for name, value in (given or {}).items() if name not in names]
        if given is None or any(isinstance(value, str) for value in of_keras_3):
            legacy = _bound(inspect.Signature(parameters), args, kwargs)
            self._fits = legacy is None
            self.given = legacy
        else:
            self.given = None if of_keras_3 else given

    def of_keras(self, model: Model) -> Callable[..., object]:
        """Returns Keras's own function as a method of `model`."""
        return types.MethodType(self._native, model)

    def natively(self, *without: str) -> object:
        """Makes the call on Keras 3's own function.

        Args:
            without: the arguments to leave out, which Keras 2 took and the file does not need.
        """
        given = dict(self.given or {})
        if self._fits and not set(without) & set(given):
            try:
                return self._native(*self._args, **self._kwargs)
            except Exception as error:
                self.refused = f"{type(error).__name__}: {error}"
                raise
        kept = {name: value for name, value in given.items() if name not in without}
        subject = [kept.pop("model")] if "model" in kept else []
        return self._native(*subject, **kept)


def _bound(
    signature: inspect.Signature, args: tuple[object, ...], kwargs: dict[str, object]
) -> dict[str, object] | None:
    try:
        given = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError:
        return None
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name, {}))
    return given


def with_legacy_arguments(
    native: Callable[..., object], activation: Activation
) -> Callable[..., object]:
    """Returns a function of Keras 3 that also takes what Keras 2 took.

    Args:
        native: Callable, one of `NAMES`, of the running Keras.
        activation: `Activation`, says whether it does so.
    """
    replacement = _REPLACEMENTS[native.__name__]
    # In code, weights are saved and loaded by the methods of a model.
    of_model = 0 if native.__name__ in ("load_model", "save_model") else 1

    @functools.wraps(native)
    def wrapper(*args: object, **kwargs: object) -> object:
        if not activation.is_active:
            return native(*args, **kwargs)
        noted = usage.began(native.__name__, args[of_model:], kwargs)
        with usage.recorded(noted):
            call = _Call(native, replacement, args, kwargs)
            path = _text((call.given or {}).get("filepath"))
            if call.given is None or path is None:
                return native(*args, **kwargs)
            with _handling(path) as is_first:
                if not is_first:
                    return native(*args, **kwargs)
                result = replacement(call, **dict(call.given, filepath=path))
                if noted is not None:
                    noted.refused, noted.content = call.refused, call.content
                return result

    return wrapper


def _text(path: object) -> str | None:
    """Returns the path as a string, or None if `formats` could write and read nothing there."""
    if not isinstance(path, (str, os.PathLike)):
        return None
    text = os.fspath(path)
    # Keras 3 itself knows how to reach the Hub.
    return text if isinstance(text, str) and text and not text.startswith("hf://") else None


@contextlib.contextmanager
def _handling(path: str) -> Iterator[bool]:
    """Yields whether this is the outermost call for `path`: Keras's functions call one another."""
    paths = _local.__dict__.setdefault("paths", [])
    is_first = path not in paths
    paths.append(path)
    try:
        yield is_first
    finally:
        paths.pop()


def _save(
    call: _Call,
    model: Model,
    filepath: str,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: object = None,
    signatures: object = None,
    options: object = None,
    save_traces: bool = True,
) -> object:
    if filepath.endswith(HDF5):
        return call.natively(*_OF_SAVED_MODELS)
    asked_for = save_format or "tf"
    format = _FORMATS.get(asked_for) if isinstance(asked_for, str) else None
    if filepath.endswith(".keras") or format is None:
        return call.natively()
    if not overwrite and os.path.exists(filepath) and not runtime.may_overwrite(filepath):
        return None
    if signatures is not None:
        runtime.warn_user(
            f"`signatures` are left out: the SavedModel at {filepath} gets the one of the model "
            "itself. Export others with `tf.saved_model.save` or `keras.export.ExportArchive`."
        )
    unsaved = {} if include_optimizer else {"compiled": False, "optimizer": None}
    with _temporary_attributes(model, save=call.of_keras(model), **unsaved):
        if format == "tf":
            api.write(model, filepath, weights_only=False, options=options)
        else:
            api.save_model(model, filepath, format, verbose=0)
    return None


@contextlib.contextmanager
def _temporary_attributes(model: Model, **attributes: object) -> Iterator[None]:
    """Gives `model` other attributes for the duration of a `with` block.

    Its `save` is then Keras's own: a user's class that overrides `save` has already run, since that
    is what made this call.
    """
    # Not by setting attributes, for Keras tracks those.
    members: dict[str, object] = model.__dict__
    before = {name: members[name] for name in attributes if name in members}
    members.update(attributes)
    try:
        yield
    finally:
        for name in attributes:
            del members[name]
        members.update(before)


def _save_weights(
    call: _Call,
    model: Model,
    filepath: str,
    overwrite: bool = True,
    save_format: object = None,
    options: object = None,
) -> object:
    format = _FORMATS.get(save_format.lower().strip()) if isinstance(save_format, str) else None
    if save_format is not None and format is None:
        raise ValueError(
            f"There is no format {save_format!r} for weights. Pass save_format='tf' or 'h5'."
        )
    is_hdf5 = filepath.endswith((*HDF5, *ARCHIVE))
    if format == "tf" and is_hdf5:
        raise ValueError(
            f"save_format={save_format!r} is for TensorFlow checkpoints, and {filepath} has the "
            "ending of another format. Leave one of them out."
        )
    if filepath.endswith(WEIGHTS):
        return call.natively("save_format", "options")
    # Weights in "keras" were HDF5, too.
    hdf5 = format in ("h5", "keras") and not is_hdf5
    is_one = hdf5 or is_hdf5 or filepath.endswith((*SHARDED_WEIGHTS, *SAFETENSORS, *ORBAX))
    written = filepath if is_one else filepath + ".index"
    if not overwrite and os.path.exists(written) and not runtime.may_overwrite(written):
        return None
    with _temporary_attributes(model, save_weights=call.of_keras(model)):
        if hdf5:
            api.save_weights(model, filepath, "h5", verbose=0)
        else:
            api.write(model, filepath, weights_only=True, options=options)
    return None


def _load_weights(
    call: _Call,
    model: Model,
    filepath: str,
    by_name: bool = False,
    skip_mismatch: bool = False,
    options: object = None,
) -> object:
    def by_formats() -> object:
        call.content = "weights in a format that the name of the file does not say"
        try:
            return api.load_weights(model, filepath, by_name, skip_mismatch, verbose=0)
        except MismatchedCheckpoint as error:
            # TensorFlow gave each variable that it found its value, and said nothing of the rest.
            if error.shapes or by_name or not isinstance(found, (TFCheckpoint, SavedModel)):
                raise
        return api.load_weights(model, filepath, strict=False, verbose=0)

    def natively() -> object:
        return call.natively("options", *([] if by_name else ["by_name"]))

    if runtime.is_remote(filepath):
        return natively() if registry.natively_readable(filepath) else by_formats()
    found, why = _recognised(filepath)
    if found is None:
        try:
            return natively()
        except Exception as error:
            raise _because(error, why)
    if not registry.is_native_name(filepath, found):
        return by_formats()
    try:
        return natively()
    except Exception as error:
        # Of the layers in files of Keras 2, Keras 3 does not know all.
        is_of_keras_2 = set(found.native_endings) <= set(HDF5)
        if by_name or skip_mismatch or not is_of_keras_2 or isinstance(error, MemoryError):
            raise
        return _or_else(error, by_formats)


def _load_model(
    call: _Call,
    filepath: str,
    custom_objects: CustomObjects | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    options: object = None,
) -> object:
    def by_formats() -> object:
        call.content = "a model of Keras 2"
        safe = runtime.is_safe_mode(safe_mode)
        return api.load_model(filepath, custom_objects, compile, safe, verbose=0)

    found, why = (None, None) if runtime.is_remote(filepath) else _recognised(filepath)
    if found is not None and (found.keras_3_misreads or _is_of_keras_2(found, filepath)):
        # Some of what it says means something else to Keras 3, or nothing.
        return by_formats()
    try:
        model = call.natively("options")
    except MemoryError:
        raise
    except Exception as error:
        if why is not None:
            raise _because(error, why)
        if found is None or registry.is_native_name(filepath, found):
            return _or_else(error, by_formats)
        return by_formats()
    if not filepath.endswith(HDF5) or optimizer_state.knows(model):
        return model
    # Of many models in HDF5 Keras 3 makes the optimizer before the variables: none can train on.
    with contextlib.suppress(CheckpointError):
        return by_formats()
    return model


def _is_of_keras_2(found: Format, path: str) -> bool:
    """Returns whether Keras 2 wrote a file, as far as it says so."""
    try:
        version = found.inspect(path).written_by.get("keras", "")
    except (CheckpointError, OSError):
        return False
    return version.startswith("2")


def _recognised(path: str) -> tuple[Format | None, Exception | None]:
    """Returns the format of what is at `path`, or None and the reason."""
    try:
        return registry.format_of(path), None
    except (CheckpointError, OSError) as error:
        return None, error


def _or_else(error: Exception, read: Callable[[], object]) -> object:
    """Returns what `read` makes of a file that Keras 3 should read, and does not."""
    try:
        return read()
    except Exception as reason:
        why = reason
    raise _because(error, why)


def _because(error: Exception, why: Exception | None) -> Exception:
    """Returns Keras's error as it is, with `why` as its cause if it has none."""
    if error.__cause__ is None and error.__context__ is None:
        error.__cause__ = why
    return error


_REPLACEMENTS: dict[str, Callable[..., object]] = {
    "save": _save,
    "save_model": _save,
    "save_weights": _save_weights,
    "load_weights": _load_weights,
    "load_model": _load_model,
}

#: The names of the functions that took more in Keras 2.
NAMES: tuple[str, ...] = tuple(_REPLACEMENTS)
