"""The `__init__` of a replica: what its release does with the arguments."""

from __future__ import annotations

from typing import Any, Mapping

from keras_ckpt import runtime
from keras_ckpt.engine import messages, monitor, schedule
from keras_ckpt.engine._types import Replica


def construct(self: Replica, arguments: Mapping[str, Any]) -> None:
    """Sets the callback up as its release does.

    Args:
        arguments: the arguments of `__init__` by name, `kwargs` as a dict among them.
    """
    p = self._keras_ckpt_profile
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
    if p.frequency_unit != "epochs" and not schedule.is_frequency(self.save_freq):
        raise ValueError(messages.of_release(self, "save_freq", save_freq=self.save_freq))
    _check_ending(self)
    if p.workers != "none":
        self._chief_worker_only = False


def init_base(self: Replica) -> None:
    """Runs the `__init__` that follows that of the engine in the method resolution order."""
    super(owner(self), self).__init__()  # type: ignore[arg-type]


def owner(self: Replica) -> type:
    """Returns the class that the engine made, of which the callback may be a subclass."""
    return next(kind for kind in type(self).__mro__ if "_keras_ckpt_profile" in vars(kind))


def _set_attributes(self: Replica, arguments: Mapping[str, Any]) -> None:
    p = self._keras_ckpt_profile
    path = arguments["filepath"]
    if p.options != "not":
        self._supports_tf_logs = True
    self.monitor = arguments["monitor"]
    self.verbose = arguments["verbose"]
    self.filepath = runtime.path_to_string(path) if p.path_to_string else path
    self.save_best_only = arguments["save_best_only"]
    self.save_weights_only = arguments["save_weights_only"]
    if p.has_period:
        self.epochs_since_last_save = 0
    if p.frequency_unit == "epochs":
        self.period = arguments["period"]
    else:
        self.save_freq = arguments["save_freq"]
    if p.frequency_unit == "samples":
        self._samples_seen_since_last_saving = 0
    if p.frequency_unit in ("calls", "batches"):
        self._batches_seen_since_last_saving = 0
    if p.frequency_unit == "batches":
        self._last_batch_seen = p.first_batch
    if p.initial_value_threshold:
        self.best = arguments["initial_value_threshold"]


def checked_options(self: Replica, path: Any, options: Any) -> Any:
    """Returns the options for the saves, as the release checks and completes them."""
    p = self._keras_ckpt_profile
    if not self.save_weights_only and not p.keras_options:
        if path and path.endswith(".keras") and options is not None:
            raise ValueError(messages.of_release(self, "options of .keras"))
    kind = runtime.options_type(self.save_weights_only, load=options is not None)
    if kind is None:
        if options is not None:
            raise ImportError(
                "`options` are TensorFlow objects, and no TensorFlow that has them is installed. "
                "Leave `options` out, or run `pip install tensorflow`."
            )
        return None
    if options is None and p.options == "passed if given":
        return None
    if options is not None and not isinstance(options, kind):
        what = "options of weights" if self.save_weights_only else "options of model"
        raise TypeError(messages.of_release(self, what, options=options))
    return options or kind()


def _set_legacy_keywords(self: Replica, kwargs: Mapping[str, Any]) -> None:
    for name, default in (("load_weights_on_restart", False), ("period", 1)):
        setattr(self, name, kwargs.get(name, default))
        if name in kwargs:
            messages.warn_of_release(self, name)


def _known_mode(self: Replica, mode: Any) -> Any:
    if mode not in monitor.MODES:
        messages.warn_of_release(self, "mode", mode=mode, class_name=type(self).__name__)
        return "auto"
    return mode


def _check_ending(self: Replica) -> None:
    of_model, of_weights = self._keras_ckpt_profile.endings
    if not of_model:
        return
    if self.save_weights_only:
        if not ends_in(self.filepath, of_weights):
            raise ValueError(messages.of_release(self, "ending of weights", filepath=self.filepath))
    elif not ends_in(self.filepath, of_model):
        raise ValueError(messages.of_release(self, "ending of model", filepath=self.filepath))


def ends_in(path: Any, endings: tuple[str, ...]) -> bool:
    # One by one, so that what is not a string raises the error of the release.
    return any(path.endswith(ending) for ending in endings)
