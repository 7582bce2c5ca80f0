"""The hooks that a release ever had, in each form that it had: those that Keras calls, and those
that subclasses override.
"""

from __future__ import annotations

import inspect
import os
from functools import partial
from typing import Any, Callable

from keras_ckpt import runtime
from keras_ckpt._typing import Logs, Model
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import messages, monitor, saving, schedule
from keras_ckpt.engine._types import Replica
from keras_ckpt.engine.construction import owner
from keras_ckpt.engine.workers import WORKERS
from keras_ckpt.formats import api
from keras_ckpt.formats.tensorflow import checkpoint

#: The hooks that Keras 3.11 put into a base class of its own.
OF_MONITOR_CALLBACK = ("_set_monitor_op", "_is_improvement")


class Hooks:
    """The methods that Keras calls, and those that subclasses override, in their newest form."""

    def set_model(self: Replica, model: Model) -> None:
        super(owner(self), self).set_model(model)  # type: ignore[arg-type]
        # Formats that hold a whole model could not hold a subclassed one.
        if (
            not self.save_weights_only
            and not runtime.is_graph_network(model)
            and type(model).__name__ != "Sequential"
        ):
            self.save_weights_only = True

    def on_train_begin(self: Replica, logs: Logs | None = None) -> None:
        p = self._keras_ckpt_profile
        workers = WORKERS[p.workers]
        if workers.train_begin(self):
            return
        if self.load_weights_on_restart and workers.may_load(self):
            found = self._get_most_recently_modified_file_matching_pattern(self.filepath)
            exists: Callable[[str], bool] = partial(Hooks._checkpoint_exists, self)
            if "_checkpoint_exists(filepath)" in p.hooks:
                exists = self._checkpoint_exists
            if found is not None and exists(found):
                try:
                    load_weights(self, found)
                except (OSError, ValueError) as error:
                    raise ValueError(
                        messages.of_release(self, "restart failed", filepath=found, error=error)
                    )

    def on_train_end(self: Replica, logs: Logs | None = None) -> None:
        WORKERS[self._keras_ckpt_profile.workers].train_end(self)

    def on_batch_end(self: Replica, batch: int, logs: Logs | None = None) -> None:
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

    def on_train_batch_end(self: Replica, batch: int, logs: Logs | None = None) -> None:
        if self._should_save_on_batch(batch):
            saving.call_save_model(self, self._current_epoch, batch, logs)

    def _should_save_on_batch(self: Replica, batch: int) -> bool:
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

    def _implements_train_batch_hooks(self: Replica) -> bool:
        if self._keras_ckpt_profile.batch_hooks_if == "integer":
            return isinstance(self.save_freq, int)
        return bool(self.save_freq != "epoch")

    def on_epoch_begin(self: Replica, epoch: int, logs: Logs | None = None) -> None:
        self._current_epoch = epoch

    def on_epoch_end(self: Replica, epoch: int, logs: Logs | None = None) -> None:
        p = self._keras_ckpt_profile
        if p.frequency_unit == "epochs":
            logs = logs or {}
            self.epochs_since_last_save += 1
            saving.save(self, epoch, None, logs)
            return
        if p.legacy_keywords:
            self.epochs_since_last_save += 1
        if p.direction == "metric" and self.monitor_op is None:
            self._set_monitor_op()
        workers = WORKERS[p.workers]
        if self.save_freq == "epoch":
            with workers.saving(self):
                saving.call_save_model(self, epoch, None, logs)
        workers.back_up(self, epoch)

    def _save_model(self: Replica, epoch: int, batch: int | None, logs: Logs | None) -> None:
        saving.save(self, epoch, batch, logs)

    def _should_save_model(
        self: Replica, epoch: int, batch: int | None, logs: Logs | None, filepath: str
    ) -> bool:
        return saving.decide(self, epoch, logs or {}, filepath) is not saving.Decision.SKIP

    def _set_monitor_op(self: Replica) -> None:
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
                    messages.of_release(
                        self, "direction", class_name=type(self).__name__, monitor=self.monitor
                    )
                )
        if self.monitor_op == less:
            self.min_delta *= -1

    def _is_improvement(self: Replica, monitor_value: Any, reference_value: Any) -> Any:
        if reference_value is None:
            return True
        return self.monitor_op(monitor_value - self.min_delta, reference_value)

    def _save_handler(self: Replica, filepath: str) -> None:
        saving.write(self, filepath, weights=self.save_weights_only)

    def _get_file_path(self: Replica, epoch: int, batch: int | None, logs: Logs | None) -> str:
        return saving.file_path(self, epoch, batch, logs)

    def _maybe_remove_file(self: Replica) -> None:
        WORKERS[self._keras_ckpt_profile.workers].clean(self)

    def _checkpoint_exists(self: Replica, filepath: str) -> bool:
        p = self._keras_ckpt_profile
        files = runtime.file_system(gfile=p.gfile)
        if p.finds_tf_checkpoints and not filepath.endswith(".h5"):
            return files.exists(filepath) or files.exists(filepath + ".index")
        return files.exists(filepath)

    def _get_most_recently_modified_file_matching_pattern(
        self: Replica, pattern: str
    ) -> str | None:
        p = self._keras_ckpt_profile
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

    def _save_model(self: Replica, epoch: int, logs: Logs | None) -> None:
        saving.save(self, epoch, None, logs)

    def _get_file_path(self: Replica, epoch: int, logs: Logs | None) -> str:
        return saving.file_path(self, epoch, None, logs)


def load_weights(self: Replica, filepath: str) -> None:
    """Loads weights into the model as the release does, from any format that it knew."""
    model = self.model
    if runtime.is_keras_model(model) and not runtime.has_own(model, "load_weights"):
        api.load_weights(model, filepath)
    else:
        model.load_weights(filepath)


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


def _by_form(hooks: type) -> dict[str, Callable[..., Any]]:
    forms: dict[str, Callable[..., Any]] = {}
    for name, function in vars(hooks).items():
        if inspect.isfunction(function):
            # What a release says of its hooks, also in the errors of a wrong call.
            owner = "MonitorCallback" if name in OF_MONITOR_CALLBACK else "ModelCheckpoint"
            function.__qualname__ = f"{owner}.{name}"
            function.__annotations__ = {}
            parameters = ", ".join(list(inspect.signature(function).parameters)[1:])
            forms[f"{name}({parameters})"] = function
    return forms


#: The hooks, by name and parameters, as `Profile.hooks` lists them.
HOOKS = dict(_by_form(Hooks), **_by_form(HooksWithoutBatch))
