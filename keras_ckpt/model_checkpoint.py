"""`ModelCheckpoint`, the one to use: every argument of every release, and no release's bugs.

It stands on the same engine as the replicas, with a `Profile` that takes from each release what is
right, and overrides the decisions that every release got wrong.
"""

from __future__ import annotations

import datetime
import os
from typing import Any, Callable

import numpy as np

from keras_ckpt import endings, runtime
from keras_ckpt._typing import Logs, Model, StrPath
from keras_ckpt.compat import keras3_14, tf2_15
from keras_ckpt.engine import arguments, messages, saving, schedule
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import monitor as monitors
from keras_ckpt.engine.construction import construct, init_base
from keras_ckpt.engine.replica import replica
from keras_ckpt.engine.workers import WORKERS
from keras_ckpt.formats import registry, saved_files
from keras_ckpt.restarts import directory, run_arguments
from keras_ckpt.restarts.catalogue import Checkpoint
from keras_ckpt.restarts.lifecycle import Lifecycle
from keras_ckpt.restarts.run_members import RunMembers
from keras_ckpt.runs.retention import Retention
from keras_ckpt.storage import durability

PROFILE = keras3_14.PROFILE.replace(
    "keras_ckpt",
    either_form=True,
    hooks=keras3_14.PROFILE.with_hooks(
        add=[
            "on_train_begin(logs)",
            "_implements_train_batch_hooks()",
            "_maybe_remove_file()",
            "_save_handler(filepath)",
        ]
    ),
    legacy_keywords=True,
    settable_model=True,
    finds_tf_checkpoints=True,
    batch_hooks_if="not epoch",
    error_text="error",
    options="passed if given",
    keras_options=False,
    endings_without_options=((".keras",), (".weights.h5",)),
    endings=((), ()),
    makedirs="to save on disk",
    makedirs_error=False,
    workers="strategy if any",
    texts="keras_ckpt",
)


#: For calls that Keras 3 cannot express: the messages are those of TF 2.15.
PROFILE_OF_KERAS_2 = PROFILE.replace("keras_ckpt", finished=False)

# Without arguments, for subclasses that call the `__init__` of the base of ModelCheckpoint.
_Engine: Any = replica(PROFILE, init_base, __name__, name="_Engine")


#: Equal to no value of a metric.
_NEVER = "never"


class ModelCheckpoint(RunMembers, _Engine):  # type: ignore[misc]
    """Saves the model, or its weights, at some frequency.

    Takes the arguments of every release, by keyword or by position, and does what the code that
    passes them meant, on the Keras that is running.

    Args:
        filepath: String or `PathLike`, the path to save to, or `None` if the attribute is set
            before the first save. It can have placeholders, which are
            filled from `epoch` (from 1), `batch` (from 1, with an integer `save_freq`) and the
            metrics: `"weights.{epoch:02d}-{val_loss:.2f}.hdf5"`. The ending decides on the format:
            `.keras`; `.h5` and `.hdf5`; `.orbax`; `.weights.h5`, `.weights.json` (several files)
            and `.safetensors` for weights; any other, or none, means a SavedModel, or a TensorFlow
            checkpoint for weights.
        monitor: String, the name of the metric that decides which model is the best. Defaults to
            `"val_loss"`.
        verbose: Integer, 0 or 1. 0 is silent, 1 displays a message with each action. Defaults to
            0.
        save_best_only: Boolean, whether to save a model only if it is better than all before it.
            A metric that is not a number (NaN) is never better. Without the metric nothing is
            saved. Defaults to `False`.
        save_weights_only: Boolean, whether to save the weights and not the whole model. Defaults
            to `False`.
        mode: String, `"min"`, `"max"` or `"auto"`, which takes the direction from the metric, and
            from its name if the metric does not know it. Defaults to `"auto"`.
        save_freq: String `"epoch"`, or integer, the number of batches between saves. Batches inside
            one `steps_per_execution` count. A `datetime.timedelta` is the time between them, over
            restarts, too. Defaults to `"epoch"`. Added in TF 2.0. A number in its place that only
            makes sense as the `period` of Keras up to 2.3 is taken for that, with a warning.
        options: `tf.train.CheckpointOptions` with `save_weights_only`, otherwise
            `tf.saved_model.SaveOptions`. Formats that have no options ignore them. Defaults to
            `None`. In TF 2.3 to 2.15. A number here is the eighth argument of Keras 3,
            `initial_value_threshold`.
        initial_value_threshold: Float, a value of the metric that the first model must be better
            than to be saved. Defaults to `None`. Added in TF 2.8.
        resume: Boolean, or String, the path of a checkpoint. If `True`, training goes on where the
            newest checkpoint of this `filepath` is, whichever run it is of: with its optimizer, its
            epoch (`epochs` counts from the first) and its best value. If there is none it begins
            anew. Defaults to `False`.
        restore_best_weights: Boolean, whether the model has the weights of the best checkpoint of
            the run when training ends. Defaults to `False`.
        max_to_keep: Integer, how many of the newest checkpoints are kept. After each save, those
            of this run and `filepath` are deleted that neither this argument nor one of the next
            three keeps; never the newest. If all are `None`, nothing is. Defaults to `None`.
        keep_best_n: Integer, how many of the best by `monitor` are kept. With `save_best_only` a
            model is saved that is among them. Defaults to `None`.
        keep_period: Integer, of which number the epochs are multiples that are kept for good. With
            an integer `save_freq`, the steps of the optimizer. Defaults to `None`.
        keep_checkpoint_every_n_hours: Float, after how many hours one is kept for good. Defaults
            to `None`.
        link_latest: String or `PathLike`, a link that leads to the newest checkpoint. Defaults to
            `None`.
        link_best: String or `PathLike`, a link that leads to the best. Defaults to `None`.
        save_before_preemption: Boolean, or tuple of signals. If `True`, SIGTERM saves the model
            at the end of the batch, and then does what it would have done. Defaults to `False`.
        save_on_background: Boolean, whether the model goes on training while a save is written. The
            state is copied first, which takes its memory once more; JAX holds it. One save is under
            way at a time, for which the next waits, as `fit` does at its end. An error of one is
            raised at the end of a batch after it. Not of a SavedModel. Defaults to `False`.
        on_save: Function that is called with the `Checkpoint` after each save. Its errors are
            raised. With `save_on_background` it is called in another thread. Defaults to `None`.
        durable: Boolean, whether each save waits until the disk has it, so that a power cut loses
            nothing. If `False`, the newest checkpoint, and the one that it replaces, may be lost
            with the power; a program that is killed loses none either way. Defaults to `True`.
            Added in keras_ckpt 0.1.0.
        **kwargs: `period`, integer: the number of epochs between saves (up to TF 2.15). An integer
            `save_freq` takes precedence.
            `load_weights_on_restart`, boolean: whether to load the newest checkpoint when training
            begins (up to TF 2.15). Any other name is ignored, with a warning.

    Saves raise KeyError if a placeholder has no value, ValueError if its format does not fit or the
    monitored value is not a number, and OSError if the file system fails.

    Raises:
        ValueError: if an argument has a value that makes no sense.
        TypeError: if `filepath`, `monitor` or `options` are not of a type that they can have.
        ImportError: if `options` are given and TensorFlow is not installed.

    Example:

    ```python
    from keras_ckpt import ModelCheckpoint

    checkpoint = ModelCheckpoint(
        "weights.{epoch:02d}-{val_loss:.2f}.hdf5", save_weights_only=True, period=5
    )
    model.fit(x, y, validation_split=0.1, epochs=20, callbacks=[checkpoint])
    ```
    """

    # Also for a subclass that does not call `__init__`.
    _asks = False
    _settled = True
    _durable = True
    _threshold: float | None = None

    # Set by the engine.
    best: Any
    monitor_op: Any
    min_delta: Any
    _last_batch_seen: int | None
    _batches_seen_since_last_saving: int

    @arguments.with_seventh_marked
    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        options: Any = None,
        initial_value_threshold: float | None = None,
        *,
        resume: bool | StrPath = False,
        restore_best_weights: bool = False,
        max_to_keep: int | None = None,
        keep_best_n: int | None = None,
        keep_period: int | None = None,
        keep_checkpoint_every_n_hours: float | None = None,
        link_latest: StrPath | None = None,
        link_best: StrPath | None = None,
        save_before_preemption: bool | tuple[int, ...] = False,
        save_on_background: bool = False,
        on_save: Callable[[Checkpoint], object] | None = None,
        durable: bool = True,
        **kwargs: Any,
    ) -> None:
        own = type(self) is not ModelCheckpoint
        given = dict(locals())
        best_only = arguments.boolean("save_best_only", save_best_only)
        seen = arguments.Seventh(monitor, best_only, filepath)
        seventh = arguments.seventh(save_freq, kwargs, type(self), ModelCheckpoint, seen)
        save_freq, kwargs, why = seventh
        options, threshold = arguments.options_or_threshold(options, initial_value_threshold)
        is_time = run_arguments.is_time(save_freq)
        frequency = save_freq if is_time else schedule.checked_save_freq(save_freq)
        period = arguments.whole_number("period", kwargs.get("period", 1))
        restart = arguments.boolean(
            "load_weights_on_restart", kwargs.get("load_weights_on_restart", False)
        )
        for name, near in arguments.unknown(kwargs).items():
            near = f" Did you mean `{near}`?" if near else ""
            messages.warn("unknown argument", name=name, near=near)
        save_weights_only = arguments.boolean("save_weights_only", save_weights_only)
        if filepath is not None:  # It can be set until the first save.
            filepath = paths.checked(filepath, frequency != "epoch", own=own)
        if runtime.is_keras_3() and filepath is not None:
            registry.check_written(filepath, save_weights_only)
        life = Lifecycle(
            run_arguments.checked(
                filepath,
                frequency,
                {name: given[name] for name in run_arguments.NAMES},
                run_arguments.Others(
                    arguments.string("monitor", monitor),
                    period,
                    best_only,
                    save_weights_only,
                    restart,
                ),
            )
        )
        construct(
            self,
            {
                "filepath": filepath,
                "monitor": arguments.string("monitor", monitor),
                "verbose": arguments.number("verbose", verbose),
                "save_best_only": arguments.boolean("save_best_only", save_best_only),
                "save_weights_only": save_weights_only,
                "mode": mode,
                "save_freq": "epoch" if is_time else frequency,
                "options": options,
                "initial_value_threshold": threshold,
                "kwargs": {},
            },
        )
        self.__dict__["save_freq"] = frequency  # A time is none that the engine takes.
        self._durable = arguments.boolean("durable", durable)
        self._life, self._threshold = life, threshold
        self._watches = is_time or bool(life.arguments.signals) or life.background is not None
        if life.arguments.signals:
            # For an instance alone: with such a hook Keras calls all hooks of tests in turn.
            self.on_test_batch_end = self.on_predict_batch_end = self._give_way
        self.period = period
        self.load_weights_on_restart = restart
        legacy = [name for name in arguments.LEGACY if name in kwargs]
        if legacy or options is not None or not _keras_3_takes(self):
            self._keras_ckpt_profile = PROFILE_OF_KERAS_2
        #: What `best` is as long as there is none. It depends on the direction.
        self._no_best: Any = None if threshold is None else _NEVER
        # Whether `monitor_op` is known to be right, and not taken from the name for the time being.
        self._settled = self.mode != "auto"
        self._compare_by(monitors.mode_from_name(self.monitor) if self.mode == "auto" else mode)
        if not own and self._keras_ckpt_profile is PROFILE:
            self.best, self._no_best = threshold, _NEVER
        self._warned: set[tuple[Any, ...]] = set()
        self._batch: int | None = None
        # Whether a subclass decides which batches to save at.
        self._asks = type(self)._should_save_on_batch is not ModelCheckpoint._should_save_on_batch
        for name in legacy:
            what = name
            if name == "period" and why:
                messages.warn("period by position", value=period, why=why)
                continue
            if name == "period" and period == 1:
                what = "period of 1"
            elif name == "period" and frequency != "epoch":
                what = "period beside save_freq"
            messages.warn(what, DeprecationWarning, value=getattr(self, name))
        if self.save_best_only and self._never_known():
            self._warn_never_known()

    def _compare_by(self, mode: str) -> None:
        """Sets the direction. Without a best yet, `best` is what any value is better than."""
        self.monitor_op, worst = monitors.COMPARISONS[mode]
        if self.best == self._no_best:
            self.best = self._no_best = worst

    def _never_known(self) -> bool:
        """Returns whether the monitored value comes only when no save is made."""
        return bool(
            self.save_freq != "epoch"
            and self.monitor.startswith("val_")
            and not self._lifecycle.arguments.every
        )

    def _warn_never_known(self) -> None:
        self._warn_once("validation on batch", monitor=self.monitor, save_freq=self.save_freq)

    def _warn_once(self, what: str, **values: Any) -> None:
        reason = (what, *sorted(values.items()))
        if reason not in self._warned:
            self._warned.add(reason)
            messages.warn(what, **values)

    # When

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._watches:
            self._lifecycle.after_batch(self, batch, logs)
        if self._asks:
            if self._should_save_on_batch(batch):
                self._save_on_batch(batch, logs)
            return
        # `_should_save_on_batch` without the calls, as this runs for every batch.
        save_freq = self.save_freq
        if save_freq == "epoch" or isinstance(save_freq, datetime.timedelta):
            return
        last = self._last_batch_seen
        self._last_batch_seen = batch
        seen = self._batches_seen_since_last_saving + (
            batch + 1 if last is None or batch <= last else batch - last
        )
        if seen < save_freq:
            self._batches_seen_since_last_saving = seen
        else:
            self._batches_seen_since_last_saving = 0
            self._save_on_batch(batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self._lifecycle.begin_epoch(epoch)
        # Under `steps_per_execution` a short epoch may end before the first call of the next.
        self._last_batch_seen = None

    def _save_on_batch(self, batch: int, logs: Logs | None) -> None:
        self._batch = batch
        self.epochs_since_last_save = self.period  # Which counts at the end of epochs only.
        try:
            saving.call_save_model(self, self._current_epoch, batch, logs)
        finally:
            self._batch = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._lifecycle.gave_way:
            return
        self._settle_direction()
        super().on_epoch_end(epoch, logs)
        if self._lifecycle.is_due() and "{batch" not in str(self.filepath):
            saving.call_save_model(self, epoch, None, logs)
        self._lifecycle.after_epoch(self, logs)

    def _implements_train_batch_hooks(self) -> bool:
        return bool(self._watches or super()._implements_train_batch_hooks())

    def _give_way(self, batch: int, logs: Logs | None = None) -> None:
        self._lifecycle.give_way(self)

    # Whether

    def _should_save_model(
        self, epoch: int, batch: int | None, logs: Logs | None, filepath: str
    ) -> bool:
        if not self.save_best_only:
            messages.say(self, "saving", epoch, filepath=filepath)
            return True
        current = self._monitored(logs or {})
        if current is None:
            return False
        self._settle_direction()
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            if not self._lifecycle.enters_best(self, current):
                messages.say(self, "not improved", epoch, best=best)
                return False
            count = self._lifecycle.arguments.retention.keep_best_n
            values = {"best": best, "current": current, "filepath": filepath, "count": count}
            messages.say(self, "among the best", epoch, **values)
            return True
        messages.say(self, "improved", epoch, best=best, current=current, filepath=filepath)
        self.best = current
        return True

    def _monitored(self, logs: Logs) -> float | None:
        """Returns the value to compare, or None if there is none."""
        name = self._known_name(self.monitor, logs)
        if name is None and self._never_known():
            self._warn_never_known()
            return None
        if name is None:
            self._warn_once(
                "missing",
                monitor=self.monitor,
                why=monitors.why_missing(self.monitor, logs),
                names=monitors.listed(logs),
            )
            return None
        value = _number(logs[name])
        try:
            return float(value)
        except (TypeError, ValueError):
            shape = getattr(value, "shape", None)
            received = repr(value) if shape is None else f"an array of shape {shape}"
            text = messages.TEXTS["keras_ckpt"]["array"]
            raise ValueError(text.format(monitor=name, received=received))

    def _known_name(self, name: str, logs: Logs) -> str | None:
        """Returns `name`, or what the running Keras calls it, if it is in the logs."""
        if logs.get(name) is not None:
            return name
        alias = monitors.alias(name, [each for each in logs if logs[each] is not None])
        if alias is not None:
            self._warn_once("alias", name=name, alias=alias)
            return alias
        return None

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
        if np.isnan(monitor_value):
            return False
        if reference_value is None:
            return True
        delta = abs(self.min_delta)
        if self.monitor_op is np.less:
            delta = -delta
        return bool(self.monitor_op(monitor_value - delta, reference_value))

    def _set_monitor_op(self) -> None:
        self._settle_direction()

    def _settle_direction(self) -> None:
        """Takes the direction from the metric, now that it is built, or from its name."""
        if self._settled or not isinstance(self.monitor, str):
            return
        if not (self.save_best_only or self._lifecycle.arguments.compares):
            return
        self._settled = True
        name = monitors.without_val(self.monitor)
        directions = runtime.metric_directions(self.model)
        names = (name, monitors.other_name(name), monitors.alias(name, directions))
        found = (monitors.direction_of(each, directions) for each in names if each is not None)
        known = next((each for each in found if each is not None), None)
        if known is None:
            known = monitors.mode_from_name(self.monitor)
            # In Keras 2 the name was all there was, and all that its users relied on.
            if runtime.is_keras_3() or not monitors.is_usual(name):
                guess = "maximized" if known == "max" else "minimized"
                self._warn_once("guessed direction", monitor=self.monitor, guess=guess)
        self._compare_by(known)

    # Where

    def _get_file_path(self, epoch: int, *args: Any, **kwargs: Any) -> str:
        batch, logs = self._batch_and_logs(args, kwargs)
        template = self._template()
        values: dict[str, Any] = dict(logs or {}, epoch=epoch + 1)
        if batch is not None:
            values.setdefault("batch", batch + 1)
        for placeholder in paths.placeholders(template):
            name = placeholder.name
            known = self._known_name(name, values)
            if known is None:
                raise KeyError(_no_placeholder(name, template, values))
            values[name] = _number(values[known])
            misfit = placeholder.misfit(values[name])
            if misfit is not None:
                raise ValueError(_no_format(placeholder, template, values[name], misfit))
        return WORKERS[PROFILE.workers].path(self, lambda: template.format_map(values))

    def _template(self) -> str:
        """Returns `filepath` as a string, which users may have set to anything since."""
        if self.filepath is None:
            raise TypeError(messages.TEXTS["keras_ckpt"]["no path"])
        return paths.checked(self.filepath, every_batch=True, own=True)

    # The run

    def set_model(self, model: Model) -> None:
        super().set_model(runtime.unwrapped(model))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        life = self._lifecycle
        with durability.durable(self._durable):
            if self.filepath is not None:  # It can be set until the first save.
                self._prepare_directory(life.arguments.retention)
        life.begin(self)
        super().on_train_begin(logs)

    def _prepare_directory(self, retention: Retention) -> None:
        path = self._template()
        if path.endswith(endings.FILES) and os.path.isdir(path):
            raise IsADirectoryError(messages.of_release(self, "directory", filepath=path))
        directory.prepare(path, self.model, retention)

    def on_train_end(self, logs: Logs | None = None) -> None:
        super().on_train_end(logs)
        self._lifecycle.end(self)

    def _get_most_recently_modified_file_matching_pattern(self, pattern: str) -> str | None:
        saved = saved_files.saved(pattern)
        # If none is whole, the error of the newest ends the training before it begins.
        found = registry.newest_whole(saved) or (saved[-1] if saved else None)
        if found is not None:
            self._lifecycle.restarted(self, found)
        return found

    # The save

    def _save_model(self, epoch: int, *args: Any, **kwargs: Any) -> None:
        batch, logs = self._batch_and_logs(args, kwargs)
        self._settle_direction()
        with self._lifecycle.recording(self, epoch, batch, logs or {}):
            saving.save(self, epoch, batch, logs)

    def _save_at(
        self, filepath: str, epoch: int, batch: int | None, logs: Logs, is_counted: bool
    ) -> None:
        """Saves at a path that is decided on, outside of what is due."""
        with self._lifecycle.recording(self, epoch, batch, logs, False, is_counted):
            self._save_handler(filepath)

    def _batch_and_logs(
        self, args: tuple[Any, ...], kwargs: Logs
    ) -> tuple[int | None, Logs | None]:
        """Returns the arguments after `epoch` of a hook that is called in either form."""
        names = ("batch", "logs") if len(args) + len(kwargs) == 2 else ("logs",)
        given = dict(zip(names, args), **kwargs)
        return given.get("batch", self._batch), given.get("logs")


# The signature is that of TF 2.15 for those who look at run time, too.
ModelCheckpoint.__init__.__annotations__ = tf2_15.__init__.__annotations__


def _keras_3_takes(self: ModelCheckpoint) -> bool:
    """Returns whether the newest Keras saves under this name what is to be saved."""
    endings = keras3_14.PROFILE.endings[bool(self.save_weights_only)]
    return str(self.filepath).endswith(endings)


def _number(value: Any) -> Any:
    """Returns a value of the logs as it stands in a path."""
    value = runtime.python_value(value)
    return value.item() if isinstance(value, np.ndarray) and value.size == 1 else value


def _no_placeholder(name: str, template: str, values: Logs) -> str:
    return messages.TEXTS["keras_ckpt"]["no placeholder"].format(
        name=name, template=template, names=monitors.listed(values), error=repr(name)
    )


def _no_format(placeholder: paths.Placeholder, template: str, value: Any, error: Exception) -> str:
    return messages.TEXTS["keras_ckpt"]["no format"].format(
        name=placeholder.name, spec=placeholder.spec, template=template, value=value, error=error
    )
