"""The engine of the callback: Keras's hooks on one side, the decisions and the save on the other.

`replica` makes the class of a release from its `Profile`. Each hook that a release ever had stands
here in each form that it had, and reads all that differed from the profile of its class.
"""

from __future__ import annotations

import enum
import inspect
import os
import sys
from functools import partial
from typing import Any, Callable, Mapping

import numpy as np

from keras_ckpt import formats, runtime
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import messages, monitor, schedule
from keras_ckpt.engine.profile import Profile
from keras_ckpt.engine.workers import WORKERS
from keras_ckpt.formats.tensorflow import checkpoint

#: The hooks that Keras 3.11 put into a base class of its own.
OF_MONITOR_CALLBACK = ("_set_monitor_op", "_is_improvement")

_SPLIT = "_should_save_model(epoch, batch, logs, filepath)"


def replica(
    profile: Profile, init: Callable[..., None], module: str, name: str = "ModelCheckpoint"
) -> type:
    """Returns the `ModelCheckpoint` of a release, on the Keras that is running.

    Args:
        profile: what the release's class does.
        init: its `__init__`, which has the true signature and calls `construct`.
        module: the module that the class is found in.
        name: what the class is called.
    """
    base = runtime.callback_base()
    members: dict[str, Any] = {
        "__init__": init,
        "__module__": module,
        "__doc__": "The `ModelCheckpoint` of {}.".format(profile.release),
        "_keras_ckpt_profile": profile,
    }
    for form in profile.hooks:
        members[form.partition("(")[0]] = HOOKS[form]
    if profile.settable_model and isinstance(getattr(base, "model", None), property):
        members["model"] = _settable(base.model)  # type: ignore[attr-defined]
    return type(name, (base,), members)


def _settable(model: property) -> property:
    """Returns the property `model` of Keras 3 so that it can be set, as subclasses did in 2.x."""

    def set_model(self: Any, value: Any) -> None:
        self._model = value

    return model.setter(set_model)


def found_in(module: str, profile: Profile, init: Callable[..., None]) -> Callable[[str], type]:
    """Returns the `__getattr__` of a release's module, which makes its class at first use.

    That is what lets the module be read without a Keras.
    """
    init.__qualname__ = "ModelCheckpoint.__init__"

    def getattr_(name: str) -> type:
        if name != "ModelCheckpoint":
            raise AttributeError("module {!r} has no attribute {!r}".format(module, name))
        made = replica(profile, init, module)
        setattr(sys.modules[module], name, made)
        return made

    return getattr_


# Construction


def construct(self: Any, arguments: Mapping[str, Any]) -> None:
    """Sets the callback up as its release does.

    Args:
        arguments: the arguments of `__init__` by name, `kwargs` as a dict among them.
    """
    p: Profile = self._keras_ckpt_profile
    init_base(self)
    mode = arguments["mode"]
    if p.direction == "metric":
        mode = _known_mode(self, mode)
        self.monitor = arguments["monitor"]
        self.mode = mode
        self.best = arguments["initial_value_threshold"]
        self.min_delta = 0
        self.monitor_op = None
    _set_attributes(self, arguments)
    if p.options != "not":
        self._options = checked_options(self, arguments["filepath"], arguments["options"])
    if p.legacy_keywords:
        _set_legacy_keywords(self, arguments["kwargs"])
    if p.direction == "name":
        mode = _known_mode(self, mode)
        given = [name for name in monitor.COMPARISONS if mode == name]
        direction = given[0] if given else monitor.mode_from_name(self.monitor)
        self.monitor_op, worst = monitor.COMPARISONS[direction]
        if not p.initial_value_threshold or self.best is None:
            self.best = worst
    if not schedule.is_frequency(self.save_freq):
        raise ValueError(text(self, "save_freq", save_freq=self.save_freq))
    _check_ending(self)
    if p.workers != "none":
        self._chief_worker_only = False


def init_base(self: Any) -> None:
    """Runs the `__init__` that stands behind our class in the method resolution order."""
    super(_owner(self), self).__init__()  # type: ignore[arg-type]


def _owner(self: Any) -> type:
    """Returns the class that is ours, of which the callback may be a subclass."""
    return next(kind for kind in type(self).__mro__ if "_keras_ckpt_profile" in vars(kind))


def _set_attributes(self: Any, arguments: Mapping[str, Any]) -> None:
    p: Profile = self._keras_ckpt_profile
    path = arguments["filepath"]
    if p.options != "not":
        self._supports_tf_logs = True
    self.monitor = arguments["monitor"]
    self.verbose = arguments["verbose"]
    self.filepath = runtime.path_to_string(path) if p.path_to_string else path
    self.save_best_only = arguments["save_best_only"]
    self.save_weights_only = arguments["save_weights_only"]
    self.save_freq = arguments["save_freq"]
    if p.legacy_keywords:
        self.epochs_since_last_save = 0
    if p.frequency_unit == "samples":
        self._samples_seen_since_last_saving = 0
    else:
        self._batches_seen_since_last_saving = 0
    if p.frequency_unit == "batches":
        self._last_batch_seen = p.first_batch
    if p.initial_value_threshold:
        self.best = arguments["initial_value_threshold"]


def checked_options(self: Any, path: Any, options: Any) -> Any:
    """Returns the options for the saves, as the release checks and completes them."""
    p: Profile = self._keras_ckpt_profile
    if not self.save_weights_only and not p.keras_options:
        if path and path.endswith(".keras") and options is not None:
            raise ValueError(text(self, "options of .keras"))
    kind = runtime.options_type(self.save_weights_only, load=options is not None)
    if kind is None:
        if options is not None:
            raise ImportError(
                "`options` are TensorFlow objects, and there is no TensorFlow here that has them. "
                "Leave `options` out, or install one with `pip install tensorflow`."
            )
        return None
    if options is None and p.options == "passed if given":
        return None
    if options is not None and not isinstance(options, kind):
        what = "options of weights" if self.save_weights_only else "options of model"
        raise TypeError(text(self, what, options=options))
    return options or kind()


def _set_legacy_keywords(self: Any, kwargs: Mapping[str, Any]) -> None:
    for name, default in (("load_weights_on_restart", False), ("period", 1)):
        setattr(self, name, kwargs.get(name, default))
        if name in kwargs:
            warn(self, name)


def _known_mode(self: Any, mode: Any) -> Any:
    if mode not in monitor.MODES:
        warn(self, "mode", mode=mode, class_name=type(self).__name__)
        return "auto"
    return mode


def _check_ending(self: Any) -> None:
    of_model, of_weights = self._keras_ckpt_profile.endings
    if not of_model:
        return
    if self.save_weights_only:
        if not _ends_in(self.filepath, of_weights):
            raise ValueError(text(self, "ending of weights", filepath=self.filepath))
    elif not _ends_in(self.filepath, of_model):
        raise ValueError(text(self, "ending of model", filepath=self.filepath))


def _ends_in(path: Any, endings: tuple[str, ...]) -> bool:
    # One by one, for the errors of what is no string.
    return any(path.endswith(ending) for ending in endings)


# What is said


def text(self: Any, what: str, **values: Any) -> str:
    """Returns a message in the words of the release."""
    return messages.TEXTS[self._keras_ckpt_profile.texts][what].format(**values)


def warn(self: Any, what: str, **values: Any) -> None:
    """Warns, where the release does."""
    message = text(self, what, **values)
    if self._keras_ckpt_profile.warn == "tensorflow":
        runtime.tensorflow_logger().warning(message)
    else:
        messages.warn_user(message)


def say(self: Any, what: str, epoch: int, **values: Any) -> None:
    """Prints a message where the release does, if the callback is verbose."""
    if self.verbose > 0:
        message = text(self, what, epoch=epoch + 1, monitor=self.monitor, **values)
        if self._keras_ckpt_profile.channel == "print":
            print(message)
        else:
            runtime.print_msg(message)


# The save


def takes_batch(self: Any, name: str) -> bool:
    """Returns whether a hook is called with the batch, as it is since TF 2.6."""
    p: Profile = self._keras_ckpt_profile
    if not p.either_form:
        return name + "(epoch, logs)" not in p.hooks
    parameters = inspect.signature(getattr(self, name)).parameters.values()
    more = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(each.name == "batch" or each.kind in more for each in parameters):
        return True
    # The path is asked for by position.
    required = [each for each in parameters if each.default is each.empty]
    return name == "_get_file_path" and len(required) == 3


def call_save_model(self: Any, epoch: int, batch: int | None, logs: Any) -> None:
    """Calls the hook that saves, in the form that it has."""
    if takes_batch(self, "_save_model"):
        self._save_model(epoch=epoch, batch=batch, logs=logs)
    else:
        self._save_model(epoch=epoch, logs=logs)


def save(self: Any, epoch: int, batch: int | None, logs: Any) -> None:
    """Decides whether to save and where, and saves."""
    p: Profile = self._keras_ckpt_profile
    if _SPLIT not in p.hooks:
        logs = logs or {}
    if p.legacy_keywords:
        if not isinstance(self.save_freq, int) and not self.epochs_since_last_save >= self.period:
            return
        if p.numpy_logs != "none":
            logs = runtime.python_values(logs, numpy=p.numpy_logs == "all")
        self.epochs_since_last_save = 0
    if takes_batch(self, "_get_file_path"):
        filepath = self._get_file_path(epoch, batch, logs)
    else:
        filepath = self._get_file_path(epoch, logs)
    if p.makedirs == "always":
        _make_directory(self, filepath)
    try:
        if _SPLIT in p.hooks:
            is_due = self._should_save_model(epoch, batch, logs, filepath)
            decision = Decision.SAVE if is_due else Decision.SKIP
        else:
            decision = _decide(self, epoch, logs, filepath)
        if decision is not Decision.SKIP:
            if p.makedirs == "to save":
                _make_directory(self, filepath)
            _write(self, filepath, whole=decision is Decision.SAVE_WHOLE)
            if p.finished:
                say(self, "finished", epoch, filepath=filepath)
        if "_maybe_remove_file()" in p.hooks:
            self._maybe_remove_file()
    except OSError as error:
        _handle(self, error, filepath)


class Decision(enum.Enum):
    """What is done at the end of an epoch, or of batches."""

    SKIP = enum.auto()
    SAVE = enum.auto()
    SAVE_WHOLE = enum.auto()
    """Saves the whole model, also with `save_weights_only`."""


def _decide(self: Any, epoch: int, logs: Any, filepath: str) -> Decision:
    """Returns whether to save."""
    p: Profile = self._keras_ckpt_profile
    if not self.save_best_only:
        say(self, "saving", epoch, filepath=filepath)
        return Decision.SAVE
    current = logs.get(self.monitor)
    if current is None:
        warn(self, "missing", monitor=self.monitor)
        return Decision.SAVE if p.missing == "saved" else Decision.SKIP
    if p.arrays != "compared" and _has_shape(current):
        warn(self, "array", current=current)
        return Decision.SAVE_WHOLE
    best = self.best
    if p.direction == "metric":
        best = "None" if best is None else "{:.5f}".format(best)
        better = self._is_improvement(current, self.best)
    else:
        better = self.monitor_op(current, best)
    if not better:
        say(self, "not improved", epoch, best=best)
        return Decision.SKIP
    say(self, "improved", epoch, best=best, current=current, filepath=filepath)
    self.best = current
    return Decision.SAVE


def _has_shape(value: Any) -> bool:
    return (isinstance(value, np.ndarray) or runtime.is_tensor(value)) and len(value.shape) > 0


def _make_directory(self: Any, filepath: str) -> None:
    p: Profile = self._keras_ckpt_profile
    directory = os.path.dirname(filepath)
    if directory and (p.makedirs_gs or not directory.startswith("gs://")):
        files = runtime.file_system(gfile=p.gfile)
        if not files.exists(directory):
            files.makedirs(directory)


def _write(self: Any, filepath: str, whole: bool) -> None:
    """Saves the model, or its weights, at the path that was decided on."""
    if "_save_handler(filepath)" in self._keras_ckpt_profile.hooks:
        self._save_handler(filepath)
    else:
        write(self, filepath, weights=self.save_weights_only and not whole)


def write(self: Any, filepath: str, weights: bool) -> None:
    """Makes the call on the model that the release makes.

    A real model of a Keras that knows the release's formats no longer is saved by `formats`.
    """
    p: Profile = self._keras_ckpt_profile
    kwargs = {"overwrite": True}
    given = p.options == "passed" or (p.options == "passed if given" and self._options is not None)
    if given and not _leaves_options_out(self, filepath, weights):
        kwargs["options"] = self._options
    model = self.model
    method = "save_weights" if weights else "save"
    any_ending = not any(p.endings)
    if any_ending and runtime.is_keras_model(model) and not runtime.has_own(model, method):
        formats.write(model, filepath, bool(weights), options=kwargs.get("options"))
        if not formats.format_written(filepath, bool(weights)).keras_3_reads:
            _teach_load_weights(model)
    else:
        getattr(model, method)(filepath, **kwargs)


def _latest_checkpoint(directory: str) -> str | None:
    """What `tf.train.latest_checkpoint` returns and logs, with TensorFlow or without."""
    tensorflow = runtime.tensorflow_if_loaded()
    if tensorflow is not None:
        found: str | None = tensorflow.train.latest_checkpoint(directory)
        return found
    prefix = checkpoint.latest_in_state(directory)
    # A file of that very name is a checkpoint of TF 1.
    if prefix is None or os.path.exists(prefix + ".index") or os.path.exists(prefix):
        return prefix
    runtime.tensorflow_logger().error("Couldn't match files for checkpoint %s", prefix)
    return None


def _teach_load_weights(model: Any) -> None:
    """Lets `model.load_weights` read what was saved, where the running Keras cannot.

    Scripts load the best weights into the model that they trained. Of other models, and of files
    that Keras reads by itself, nothing changes.
    """
    if not runtime.is_keras_3() or runtime.has_own(model, "load_weights"):
        return
    native = model.load_weights

    def load_weights(filepath: Any, *args: Any, **kwargs: Any) -> Any:
        if formats.natively_readable(filepath):
            return native(filepath, *args, **kwargs)
        return formats.load_weights(model, filepath, *args, **kwargs)

    model.load_weights = load_weights


def _leaves_options_out(self: Any, filepath: str, weights: bool) -> bool:
    p: Profile = self._keras_ckpt_profile
    if self.save_best_only and p.best_only_passes_options:
        return False
    return _ends_in(filepath, p.endings_without_options[bool(weights)])


def load_weights(self: Any, filepath: str) -> None:
    """Loads weights into the model as the release does, from any format that it knew."""
    model = self.model
    if runtime.is_keras_model(model) and not runtime.has_own(model, "load_weights"):
        formats.load_weights(model, filepath)
    else:
        model.load_weights(filepath)


def _handle(self: Any, error: OSError, filepath: str) -> None:
    """Handles an error while saving as the release does: raises it, or another, or returns."""
    p: Profile = self._keras_ckpt_profile
    if p.io_errors == "not caught":
        raise error
    if p.is_a_directory and isinstance(error, IsADirectoryError):
        raise OSError(text(self, "directory", filepath=filepath))
    if p.io_errors == "message":
        reason = error.message  # type: ignore[attr-defined]
    elif p.error_text == "ensure_str":
        reason = _ensure_str(error.args[0])
    elif p.error_text == "error":
        reason = str(error)
    else:
        reason = str(error.args[0])
    if "is a directory" in (reason if p.directory_error_case else reason.lower()):
        raise OSError(text(self, "directory, by its text", filepath=filepath))
    if p.io_errors == "raised":
        raise error


def _ensure_str(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise TypeError("not expecting type '{}'".format(type(value)))
    return value


# Paths


def file_path(self: Any, epoch: int, batch: int | None, logs: Any) -> str:
    """Returns the path of a save, and has the release's errors where there is none."""
    p: Profile = self._keras_ckpt_profile

    def fill() -> str:
        try:
            return paths.fill(self.filepath, epoch, batch, logs)
        except KeyError as error:
            if not p.template_error:
                raise
            raise KeyError(text(self, "template", template=self.filepath, error=error))

    return WORKERS[p.workers].path(self, fill)


class Hooks:
    """The methods that Keras calls, and those that subclasses override, in their newest form."""

    def set_model(self: Any, model: Any) -> None:
        super(_owner(self), self).set_model(model)  # type: ignore[arg-type]
        # Formats that hold a whole model could not hold a subclassed one.
        if (
            not self.save_weights_only
            and not runtime.is_graph_network(model)
            and type(model).__name__ != "Sequential"
        ):
            self.save_weights_only = True

    def on_train_begin(self: Any, logs: Mapping[str, Any] | None = None) -> None:
        p: Profile = self._keras_ckpt_profile
        workers = WORKERS[p.workers]
        if workers.train_begin(self):
            return
        if self.load_weights_on_restart and workers.may_load(self):
            found = self._get_most_recently_modified_file_matching_pattern(self.filepath)
            exists = partial(Hooks._checkpoint_exists, self)
            if "_checkpoint_exists(filepath)" in p.hooks:
                exists = self._checkpoint_exists
            if found is not None and exists(found):
                try:
                    load_weights(self, found)
                except (OSError, ValueError) as error:
                    raise ValueError(text(self, "restart failed", filepath=found, error=error))

    def on_train_end(self: Any, logs: Mapping[str, Any] | None = None) -> None:
        WORKERS[self._keras_ckpt_profile.workers].train_end(self)

    def on_batch_end(self: Any, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._keras_ckpt_profile.frequency_unit == "samples":
            logs = logs or {}
            if isinstance(self.save_freq, int):
                self._samples_seen_since_last_saving += logs.get("size", 1)
                if self._samples_seen_since_last_saving >= self.save_freq:
                    self._save_model(epoch=self._current_epoch, logs=logs)
                    self._samples_seen_since_last_saving = 0
        elif self._implements_train_batch_hooks():
            logs = logs or {}
            self._batches_seen_since_last_saving += 1
            if self._batches_seen_since_last_saving >= self.save_freq:
                self._save_model(epoch=self._current_epoch, logs=logs)
                self._batches_seen_since_last_saving = 0

    def on_train_batch_end(self: Any, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._should_save_on_batch(batch):
            call_save_model(self, self._current_epoch, batch, logs)

    def _should_save_on_batch(self: Any, batch: int) -> bool:
        if self.save_freq == "epoch":
            return False
        knows_none = self._keras_ckpt_profile.first_batch is None
        since = schedule.batches_since(batch, self._last_batch_seen, knows_none)
        self._batches_seen_since_last_saving += since
        self._last_batch_seen = batch
        if self._batches_seen_since_last_saving >= self.save_freq:
            self._batches_seen_since_last_saving = 0
            return True
        return False

    def _implements_train_batch_hooks(self: Any) -> bool:
        if self._keras_ckpt_profile.batch_hooks_if == "integer":
            return isinstance(self.save_freq, int)
        return bool(self.save_freq != "epoch")

    def on_epoch_begin(self: Any, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._current_epoch = epoch

    def on_epoch_end(self: Any, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        p: Profile = self._keras_ckpt_profile
        if p.legacy_keywords:
            self.epochs_since_last_save += 1
        if p.direction == "metric" and self.monitor_op is None:
            self._set_monitor_op()
        workers = WORKERS[p.workers]
        if self.save_freq == "epoch":
            with workers.saving(self):
                call_save_model(self, epoch, None, logs)
        workers.back_up(self, epoch)

    def _save_model(self: Any, epoch: int, batch: int | None, logs: Any) -> None:
        save(self, epoch, batch, logs)

    def _should_save_model(
        self: Any, epoch: int, batch: int | None, logs: Any, filepath: str
    ) -> bool:
        return _decide(self, epoch, logs or {}, filepath) is not Decision.SKIP

    def _set_monitor_op(self: Any) -> None:
        less, greater = runtime.comparisons()
        if self.mode in ("min", "max"):
            self.monitor_op = less if self.mode == "min" else greater
        else:
            name = monitor.without_val(self.monitor)
            if name == "loss":
                self.monitor_op = less
            directions = runtime.metric_directions(self.model)
            if name in directions:
                self.monitor_op = greater if directions[name] == "up" else less
            if self.monitor_op is None:
                raise ValueError(
                    text(self, "direction", class_name=type(self).__name__, monitor=self.monitor)
                )
        if self.monitor_op == less:
            self.min_delta *= -1

    def _is_improvement(self: Any, monitor_value: Any, reference_value: Any) -> Any:
        if reference_value is None:
            return True
        return self.monitor_op(monitor_value - self.min_delta, reference_value)

    def _save_handler(self: Any, filepath: str) -> None:
        write(self, filepath, weights=self.save_weights_only)

    def _get_file_path(self: Any, epoch: int, batch: int | None, logs: Any) -> str:
        return file_path(self, epoch, batch, logs)

    def _maybe_remove_file(self: Any) -> None:
        WORKERS[self._keras_ckpt_profile.workers].clean(self)

    def _checkpoint_exists(self: Any, filepath: str) -> bool:
        p: Profile = self._keras_ckpt_profile
        files = runtime.file_system(gfile=p.gfile)
        if p.finds_tf_checkpoints and not filepath.endswith(".h5"):
            return files.exists(filepath) or files.exists(filepath + ".index")
        return files.exists(filepath)

    def _get_most_recently_modified_file_matching_pattern(self: Any, pattern: str) -> str | None:
        p: Profile = self._keras_ckpt_profile
        directory = os.path.dirname(pattern)
        matches = paths.matcher(pattern)
        if p.finds_tf_checkpoints:
            latest = _latest_checkpoint(directory)
            if latest is not None and matches(os.path.basename(latest)):
                return latest
        if not runtime.file_system(gfile=p.gfile).exists(directory):
            return None
        files = [os.path.join(directory, name) for name in os.listdir(directory) if matches(name)]
        return paths.newest((path, os.path.getmtime(path)) for path in files)


class HooksWithoutBatch:
    """The hooks that took no batch up to TF 2.5."""

    def _save_model(self: Any, epoch: int, logs: Any) -> None:
        save(self, epoch, None, logs)

    def _get_file_path(self: Any, epoch: int, logs: Any) -> str:
        return file_path(self, epoch, None, logs)


def _by_form(hooks: type) -> dict[str, Callable[..., Any]]:
    forms: dict[str, Callable[..., Any]] = {}
    for name, function in vars(hooks).items():
        if inspect.isfunction(function):
            # What a release says of its hooks, also in the errors of a wrong call.
            owner = "MonitorCallback" if name in OF_MONITOR_CALLBACK else "ModelCheckpoint"
            function.__qualname__ = "{}.{}".format(owner, name)
            function.__annotations__ = {}
            parameters = list(inspect.signature(function).parameters)[1:]
            forms["{}({})".format(name, ", ".join(parameters))] = function
    return forms


#: The hooks, by name and parameters, as `Profile.hooks` lists them.
HOOKS = dict(_by_form(Hooks), **_by_form(HooksWithoutBatch))
