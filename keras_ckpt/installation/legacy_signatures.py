"""Keras 3's functions that save and load, taught the arguments and formats of Keras 2.

Each of them does what Keras 3 does wherever that does anything. What it would refuse, and Keras 2
took, is left to `formats`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import threading
from typing import Any, Callable, Iterator

from keras_ckpt import runtime
from keras_ckpt.endings import ARCHIVE, HDF5, SHARDED_WEIGHTS, WEIGHTS
from keras_ckpt.errors import CheckpointError
from keras_ckpt.formats import api, registry
from keras_ckpt.formats.config import optimizer_state

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


class Lesson:
    """For how long the taught functions know what they were taught.

    Attributes:
        lasts: whether they do. When not, they do what they did before, wherever they are kept.
    """

    def __init__(self) -> None:
        self.lasts = True


class _Call:
    """A call of a taught function.

    Attributes:
        given: its arguments by name, None if they fit neither Keras 3 nor Keras 2.
    """

    def __init__(
        self,
        native: Callable[..., Any],
        ours: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self._native = native
        self._args = args
        self._kwargs = kwargs
        given = _bound(inspect.signature(native), args, kwargs)
        self._fits = given is not None
        if given is not None and "self" in given:
            given["model"] = given.pop("self")
        parameters = list(inspect.signature(ours).parameters.values())[1:]
        names = {each.name for each in parameters}
        # By position, `save_format` is where Keras 3 has a number or a boolean.
        of_keras_3 = [value for name, value in (given or {}).items() if name not in names]
        if given is None or any(isinstance(value, str) for value in of_keras_3):
            legacy = _bound(inspect.Signature(parameters), args, kwargs)
            self._fits = legacy is None
            self.given = legacy
        else:
            self.given = None if of_keras_3 else given

    def of_keras(self, model: Any) -> Callable[..., Any]:
        """Returns Keras's own function as a method of `model`."""
        return functools.partial(self._native, model)

    def natively(self, *without: str) -> Any:
        """Makes the call on Keras 3's own function.

        Args:
            without: the arguments to leave out, which Keras 2 took and the file has no need of.
        """
        given = dict(self.given or {})
        if self._fits and not set(without) & set(given):
            return self._native(*self._args, **self._kwargs)
        kept = {name: value for name, value in given.items() if name not in without}
        subject = [kept.pop("model")] if "model" in kept else []
        return self._native(*subject, **kept)


def _bound(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any] | None:
    try:
        given = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError:
        return None
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name, {}))
    return given


def teach(native: Callable[..., Any], lesson: Lesson) -> Callable[..., Any]:
    """Returns the function of Keras 3 that takes what Keras 2 took, too.

    Args:
        native: one of `NAMES`, of the running Keras.
        lesson: how long it shall do so.
    """
    ours = _TAUGHT[native.__name__]

    @functools.wraps(native)
    def taught(*args: Any, **kwargs: Any) -> Any:
        if not lesson.lasts:
            return native(*args, **kwargs)
        call = _Call(native, ours, args, kwargs)
        path = _text((call.given or {}).get("filepath"))
        if call.given is None or path is None:
            return native(*args, **kwargs)
        with _handling(path) as is_first:
            if not is_first:
                return native(*args, **kwargs)
            return ours(call, **dict(call.given, filepath=path))

    return taught


def _text(path: Any) -> str | None:
    """Returns the path as a string, None if it is none that formats of ours could be at."""
    try:
        text = os.fspath(path)
    except TypeError:
        return None
    # Keras 3 itself knows how to reach the Hub.
    return text if isinstance(text, str) and text and not text.startswith("hf://") else None


@contextlib.contextmanager
def _handling(path: str) -> Iterator[bool]:
    """Gives whether no taught function handles `path` yet: Keras's own call one another."""
    paths = _local.__dict__.setdefault("paths", [])
    is_first = path not in paths
    paths.append(path)
    try:
        yield is_first
    finally:
        paths.pop()


def _save(
    call: _Call,
    model: Any,
    filepath: str,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: Any = None,
    signatures: Any = None,
    options: Any = None,
    save_traces: bool = True,
) -> Any:
    if filepath.endswith(HDF5):
        return call.natively(*_OF_SAVED_MODELS)
    format = _FORMATS.get(save_format or "tf") if isinstance(save_format or "", str) else None
    if filepath.endswith(".keras") or format is None:
        return call.natively()
    if not overwrite and os.path.exists(filepath) and not runtime.may_overwrite(filepath):
        return None
    if signatures is not None:
        runtime.warn_user(
            f"`signatures` are left out: the SavedModel at {filepath} gets the one of the model "
            "itself. Export others with `tf.saved_model.save` or `keras.export.ExportArchive`."
        )
    looks = {} if include_optimizer else {"compiled": False, "optimizer": None}
    with _looking(model, save=call.of_keras(model), **looks):
        if format == "tf":
            return api.write(model, filepath, weights_only=False, options=options)
        return api.save_model(model, filepath, format, verbose=0)


@contextlib.contextmanager
def _looking(model: Any, **looks: Any) -> Iterator[None]:
    """Lets `model` have other attributes meanwhile.

    Its `save` is Keras's then: a class of the user's that overrides it has been there already, and
    has called us.
    """
    # Not by setting attributes, for Keras tracks those.
    members = vars(model)
    before = {name: members[name] for name in looks if name in members}
    members.update(looks)
    try:
        yield
    finally:
        for name in looks:
            del members[name]
        members.update(before)


def _save_weights(
    call: _Call,
    model: Any,
    filepath: str,
    overwrite: bool = True,
    save_format: Any = None,
    options: Any = None,
) -> Any:
    format = _FORMATS.get(save_format.lower().strip()) if isinstance(save_format, str) else None
    if save_format is not None and format is None:
        raise ValueError(
            "There is no format %r for weights. `save_format` is 'tf' or 'h5'." % (save_format,)
        )
    is_hdf5 = filepath.endswith((*HDF5, *ARCHIVE))
    if format == "tf" and is_hdf5:
        raise ValueError(
            "save_format=%r is for TensorFlow checkpoints, and %s has the ending of another "
            "format. Leave one of them out." % (save_format, filepath)
        )
    if filepath.endswith((*WEIGHTS, *SHARDED_WEIGHTS)):
        return call.natively("save_format", "options")
    # Weights in "keras" were HDF5, too.
    hdf5 = format in ("h5", "keras") and not is_hdf5
    written = filepath if hdf5 or is_hdf5 else filepath + ".index"
    if not overwrite and os.path.isfile(written) and not runtime.may_overwrite(written):
        return None
    with _looking(model, save_weights=call.of_keras(model)):
        if hdf5:
            return api.save_weights(model, filepath, "h5", verbose=0)
        return api.write(model, filepath, weights_only=True, options=options)


def _load_weights(
    call: _Call,
    model: Any,
    filepath: str,
    by_name: bool = False,
    skip_mismatch: bool = False,
    options: Any = None,
) -> Any:
    def ours() -> Any:
        return api.load_weights(model, filepath, by_name, skip_mismatch, verbose=0)

    def natively() -> Any:
        return call.natively("options", *([] if by_name else ["by_name"]))

    if runtime.is_remote(filepath):
        return natively() if registry.natively_readable(filepath) else ours()
    found, why = _recognised(filepath)
    if found is None:
        try:
            return natively()
        except Exception as error:
            raise _because(error, why)
    if not registry.is_native_name(filepath, found):
        return ours()
    try:
        return natively()
    except Exception as error:
        # Of the layers in files of Keras 2, Keras 3 does not know all.
        is_of_keras_2 = set(found.native_endings) <= set(HDF5)
        if by_name or skip_mismatch or not is_of_keras_2 or isinstance(error, MemoryError):
            raise
        return _or_else(error, ours)


def _load_model(
    call: _Call,
    filepath: str,
    custom_objects: Any = None,
    compile: bool = True,
    safe_mode: bool = True,
    options: Any = None,
) -> Any:
    def ours() -> Any:
        safe = runtime.is_safe_mode(safe_mode)
        return api.load_model(filepath, custom_objects, compile, safe, verbose=0)

    try:
        model = call.natively("options")
    except MemoryError:
        raise
    except Exception as error:
        found, why = (None, None) if runtime.is_remote(filepath) else _recognised(filepath)
        if why is not None:
            raise _because(error, why)
        if found is None or registry.is_native_name(filepath, found):
            return _or_else(error, ours)
        return ours()
    if not filepath.endswith(HDF5) or optimizer_state.knows(model):
        return model
    # Of many models in HDF5 Keras 3 makes the optimizer before the variables: none can train on.
    with contextlib.suppress(CheckpointError):
        return ours()
    return model


def _recognised(path: str) -> tuple[Any, Exception | None]:
    """Returns the format of what is at `path`; if it has none, None and why."""
    try:
        return registry.format_of(path), None
    except (CheckpointError, OSError) as error:
        return None, error


def _or_else(error: Exception, ours: Callable[[], Any]) -> Any:
    """Returns what we make of a file that Keras 3 should read, and does not."""
    try:
        return ours()
    except Exception as reason:
        why = reason
    raise _because(error, why)


def _because(error: Exception, why: Exception | None) -> Exception:
    """Returns Keras's error as it is, with what we know as its cause if it tells none."""
    if error.__cause__ is None and error.__context__ is None:
        error.__cause__ = why
    return error


_TAUGHT: dict[str, Callable[..., Any]] = {
    "save": _save,
    "save_model": _save,
    "save_weights": _save_weights,
    "load_weights": _load_weights,
    "load_model": _load_model,
}

#: The names of the functions that there is something to teach.
NAMES: tuple[str, ...] = tuple(_TAUGHT)
