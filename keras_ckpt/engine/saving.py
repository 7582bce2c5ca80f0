"""One save, from the hook that is due to the bytes.

The order of a save, which overridden hooks of subclasses see as their release called them:

1. `call_save_model` calls `_save_model`, which is `save`.
2. `save` counts the epochs since the last save, and turns the logs into numbers, as its release.
3. `_get_file_path` makes the path from the template: `file_path`, by way of the workers.
4. The directory is made, where the release made it always.
5. `decide`, or the hook `_should_save_model`, says whether to save.
6. The directory is made, where the release made it for a save.
7. `write`, or the hook `_save_handler`, calls the model, or `keras_ckpt.formats`.
8. `_maybe_remove_file` removes what a worker wrote that should not save.
9. An `OSError` of 5 to 8 is handled as the release did: `_handle`.
"""

from __future__ import annotations

import enum
import functools
import inspect
import os
from typing import Any, Callable

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Logs, StrPath
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import messages
from keras_ckpt.engine._types import Replica
from keras_ckpt.engine.construction import ends_in
from keras_ckpt.engine.workers import WORKERS
from keras_ckpt.formats import api, registry
from keras_ckpt.formats.base import Format, Snapshot

_SPLIT = "_should_save_model(epoch, batch, logs, filepath)"


class Decision(enum.Enum):
    """What is done at the end of an epoch, or of batches."""

    SKIP = enum.auto()
    SAVE = enum.auto()
    SAVE_WHOLE = enum.auto()
    """Saves the whole model, also with `save_weights_only`."""


def takes_batch(self: Replica, name: str) -> bool:
    """Returns whether a hook is called with the batch, as it is since TF 2.6."""
    p = self._keras_ckpt_profile
    if not p.either_form:
        return name + "(epoch, logs)" not in p.hooks
    parameters = inspect.signature(getattr(self, name)).parameters.values()
    more = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(each.name == "batch" or each.kind in more for each in parameters):
        return True
    # The path is asked for by position.
    required = [each for each in parameters if each.default is each.empty]
    return name == "_get_file_path" and len(required) == 3


def call_save_model(self: Replica, epoch: int, batch: int | None, logs: Logs | None) -> None:
    """Calls the hook that saves, in the form that it has."""
    if takes_batch(self, "_save_model"):
        self._save_model(epoch=epoch, batch=batch, logs=logs)
    else:
        self._save_model(epoch=epoch, logs=logs)


def save(self: Replica, epoch: int, batch: int | None, logs: Logs | None) -> None:
    """Decides whether to save and where, and saves."""
    p = self._keras_ckpt_profile
    if _SPLIT not in p.hooks:
        logs = logs or {}
    if p.has_period:
        counts = p.frequency_unit == "epochs" or not isinstance(self.save_freq, int)
        if counts and not self.epochs_since_last_save >= self.period:
            return
        if p.numpy_logs != "none":
            logs = runtime.python_values(logs, numpy=p.numpy_logs == "all")
        self.epochs_since_last_save = 0
    if p.frequency_unit == "epochs":
        filepath = file_path(self, epoch, None, logs)
    elif takes_batch(self, "_get_file_path"):
        filepath = self._get_file_path(epoch, batch, logs)
    else:
        filepath = self._get_file_path(epoch, logs)
    if p.makedirs == "always":
        _make_directory(self, filepath)
    try:
        if _SPLIT in p.hooks:
            is_due = self._should_save_model(epoch, batch, logs, filepath)
            is_due = WORKERS[p.workers].decided(self, is_due)
            decision = Decision.SAVE if is_due else Decision.SKIP
        else:
            decision = decide(self, epoch, logs or {}, filepath)
        if decision is not Decision.SKIP:
            if p.makedirs == "to save" or (
                p.makedirs == "to save on disk" and not runtime.is_remote(filepath)
            ):
                _make_directory(self, filepath)
            _write(self, filepath, whole=decision is Decision.SAVE_WHOLE)
            if p.finished:
                _then(self, functools.partial(_say_finished, self, epoch, filepath))
        if "_maybe_remove_file()" in p.hooks:
            _then(self, self._maybe_remove_file)
    except OSError as error:
        _handle(self, error, filepath)


def _then(self: Replica, do: Callable[[], None]) -> None:
    """Does something once all is saved."""
    saving = self._keras_ckpt_saving
    if saving is None:
        do()
    else:
        saving.then(do)


def _say_finished(self: Replica, epoch: int, filepath: str) -> None:
    messages.say(self, "finished", epoch, filepath=filepath)


def decide(self: Replica, epoch: int, logs: Logs, filepath: str) -> Decision:
    """Returns whether to save."""
    p = self._keras_ckpt_profile
    if not self.save_best_only:
        messages.say(self, "saving", epoch, filepath=filepath)
        return Decision.SAVE
    current = logs.get(self.monitor)
    if current is None:
        messages.warn_of_release(self, "missing", monitor=self.monitor)
        return Decision.SAVE if p.missing == "saved" else Decision.SKIP
    if p.arrays != "compared" and _has_shape(current):
        messages.warn_of_release(self, "array", current=current)
        return Decision.SAVE_WHOLE
    best = self.best
    if p.direction == "metric":
        best = "None" if best is None else f"{best:.5f}"
        better = self._is_improvement(current, self.best)
    else:
        better = self.monitor_op(current, best)
    if not better:
        messages.say(self, "not improved", epoch, best=best)
        return Decision.SKIP
    messages.say(self, "improved", epoch, best=best, current=current, filepath=filepath)
    self.best = current
    return Decision.SAVE


def _has_shape(value: Any) -> bool:
    return (isinstance(value, np.ndarray) or runtime.is_tensor(value)) and len(value.shape) > 0


def _make_directory(self: Replica, filepath: str) -> None:
    p = self._keras_ckpt_profile
    directory = os.path.dirname(filepath)
    if directory and (p.makedirs_gs or not directory.startswith("gs://")):
        files = runtime.file_system(gfile=p.gfile)
        if not files.exists(directory):
            files.makedirs(directory, exist_ok=not p.makedirs_error)


def _write(self: Replica, filepath: str, whole: bool) -> None:
    """Saves the model, or its weights, at the path that was decided on."""
    weights = bool(self.save_weights_only) and not whole
    in_parts = _is_saved_by_formats(self, weights) and _format(self, filepath, weights).in_parts
    with WORKERS[self._keras_ckpt_profile.workers].writing(self, in_parts) as is_written_here:
        if is_written_here:
            _write_here(self, filepath, weights)


def _write_here(self: Replica, filepath: str, weights: bool) -> None:
    if "_save_handler(filepath)" in self._keras_ckpt_profile.hooks:
        self._save_handler(filepath)
    else:
        write(self, filepath, weights)


def _is_saved_by_formats(self: Replica, weights: bool) -> bool:
    """Returns whether `formats` saves the model, and not a method that it has."""
    model, method = self.model, _method(weights)
    any_ending = not any(self._keras_ckpt_profile.endings)
    return any_ending and runtime.is_keras_model(model) and not runtime.has_own(model, method)


def _method(weights: bool) -> str:
    return "save_weights" if weights else "save"


def _format(self: Replica, filepath: str, weights: bool) -> Format:
    return registry.format_written(filepath, weights, self._keras_ckpt_profile.format)


def write(self: Replica, filepath: str, weights: bool) -> None:
    """Makes the call on the model that the release makes.

    A real model of a Keras that knows the release's formats no longer is saved by `formats`.
    """
    p = self._keras_ckpt_profile
    weights = bool(weights)
    kwargs: dict[str, object] = {"overwrite": True}
    given = p.options == "passed" or (p.options == "passed if given" and self._options is not None)
    if given and not _leaves_options_out(self, filepath, weights):
        kwargs["options"] = self._options
    model = self.model
    saving = self._keras_ckpt_saving
    if _is_saved_by_formats(self, weights):
        options = kwargs.get("options")

        def take(copy: bool) -> Snapshot:
            return api.snapshot(model, filepath, weights, options, copy, p.format)

        if saving is None:
            # In one go: the model stays as it is meanwhile, so that nothing need be copied.
            take(False).write(filepath)
        else:
            saving.commit(filepath, take)
        form = _format(self, filepath, weights)
        if not form.keras_3_reads or (p.format and not registry.is_native_name(filepath, form)):
            _read_by_formats(model)
    elif saving is None:
        getattr(model, _method(weights))(filepath, **kwargs)
    else:
        save = getattr(model, _method(weights))
        saving.call(filepath, functools.partial(save, filepath, **kwargs))


def _read_by_formats(model: Any) -> None:
    """Lets `model.load_weights` read what was saved, where the running Keras cannot.

    Scripts load the best weights into the model that they trained. Of other models, and of files
    that Keras reads by itself, nothing changes.
    """
    if not runtime.is_keras_3() or runtime.has_own(model, "load_weights"):
        return
    native = model.load_weights

    def load_weights(filepath: StrPath, *args: Any, **kwargs: Any) -> Any:
        if registry.natively_readable(filepath):
            return native(filepath, *args, **kwargs)
        # In the order of Keras 2, whose formats these are.
        given = dict(zip(("by_name", "skip_mismatch", "options"), args), **kwargs)
        return api.load_weights(model, filepath, **given)

    model.load_weights = load_weights


def _leaves_options_out(self: Replica, filepath: str, weights: bool) -> bool:
    p = self._keras_ckpt_profile
    if self.save_best_only and p.best_only_passes_options:
        return False
    return ends_in(filepath, p.endings_without_options[weights])


def _handle(self: Replica, error: OSError, filepath: str) -> None:
    """Handles an error while saving as the release does: raises it, or another, or returns."""
    p = self._keras_ckpt_profile
    if p.io_errors == "not caught":
        raise error
    if p.is_a_directory and isinstance(error, IsADirectoryError):
        raise OSError(messages.of_release(self, "directory", filepath=filepath))
    if p.io_errors == "message":
        reason = error.message  # type: ignore[attr-defined]
    elif p.error_text == "ensure_str":
        reason = _ensure_str(error.args[0])
    elif p.error_text == "error":
        reason = str(error)
    else:
        reason = str(error.args[0])
    if "is a directory" in (reason if p.directory_error_case else reason.lower()):
        raise OSError(messages.of_release(self, "directory, by its text", filepath=filepath))
    if p.io_errors == "raised":
        raise error


def _ensure_str(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise TypeError(f"not expecting type '{type(value)}'")
    return value


def file_path(self: Replica, epoch: int, batch: int | None, logs: Logs | None) -> str:
    """Returns the path of a save, and has the release's errors where there is none."""
    p = self._keras_ckpt_profile

    def fill() -> str:
        try:
            # Without logs it fails, as in Keras 3.10.
            return paths.fill(self.filepath, epoch, batch, logs, p.first_epoch)  # type: ignore[arg-type]
        except KeyError as error:
            if not p.template_error:
                raise
            raise KeyError(
                messages.of_release(self, "template", template=self.filepath, error=error)
            )

    return WORKERS[p.workers].path(self, fill)
