"""What is said. The texts are interface: each is that of its release, to the character."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from keras_ckpt import runtime

if TYPE_CHECKING:
    from keras_ckpt.engine._types import Replica


class Printf(str):
    """A text that is filled by `%`, as up to TF 2.7: numbers fail otherwise than by `format`."""

    def format(self, *args: Any, **values: Any) -> str:
        return str.__mod__(self, values)


class Percent(str):
    """A text that is filled by `%` with its only value, which fails if that is a tuple."""

    def format(self, *args: Any, **values: Any) -> str:
        name = re.findall(r"\{(\w+)\}", self)[0]
        return str.__mod__(self.replace("{" + name + "}", "%s"), values[name])


_OPTIONS = "If save_weights_only is {}, then `options` must be{}either None or a tf.{}"
_WEIGHTS = ("True", "train.CheckpointOptions")
_MODEL = ("False", "saved_model.SaveOptions")


def _options(kind: Any, space: str = " ", end: str = "") -> str:
    return _OPTIONS.format(kind[0], space, kind[1]) + end


_DIRECTORY = (
    "Please specify a non-directory filepath for ModelCheckpoint. "
    "Filepath used is an existing directory: "
)
_PERIOD = (
    "`period` argument is deprecated. Please use `save_freq` to specify the frequency in number "
    "of {} seen."
)
_EPOCH = "\nEpoch {epoch}: "
_SAVING = "Epoch %(epoch)05d: saving model to %(filepath)s"
_IMPROVED = (
    "Epoch %(epoch)05d: %(monitor)s improved from %(best)0.5f to %(current)0.5f, "
    "saving model to %(filepath)s"
)
_NOT_IMPROVED = "Epoch %(epoch)05d: %(monitor)s did not improve"
_MODE = "ModelCheckpoint mode {mode} is unknown, fallback to auto mode."
_MISSING = "Can save best model only with {monitor} available, skipping."
_NATIVE = (
    "The native {} format does not support the `options` argument. Please remove the `options` "
    "argument, or use the SavedModel format by removing the `.keras` extension from the model "
    "filepath."
)

#: The texts that changed, by the release that changed them, in order.
CHANGES: dict[str, dict[str, str]] = {
    "keras 2.0": {
        "mode": Percent(_MODE),
        "missing": Percent(_MISSING),
        "saving": Printf(_SAVING),
        "improved": Printf(_IMPROVED),
        "not improved": Printf(_NOT_IMPROVED),
    },
    "keras 2.1.3": {
        "saving": Printf("\n" + _SAVING),
        "improved": Printf("\n" + _IMPROVED),
        "not improved": Printf("\n" + _NOT_IMPROVED),
    },
    "keras 2.1": {"not improved": Printf("\n" + _NOT_IMPROVED + " from %(best)0.5f")},
    "2.0": {
        "period": _PERIOD.format("samples"),
        "load_weights_on_restart": (
            "`load_weights_on_restart` argument is deprecated. Please use `model.load_weights()` "
            "for loading weights before the start of `model.fit()`."
        ),
        "restart failed": "Error loading file from {filepath}. Reason: {error}",
        "mode": _MODE,
        "save_freq": "Unrecognized save_freq: {save_freq}",
        "missing": _MISSING,
        "directory": _DIRECTORY + "{filepath}",
        "directory, by its text": _DIRECTORY + "{filepath}",
    },
    "2.2": {
        "period": _PERIOD.format("batches"),
        "template": 'Failed to format this callback filepath: "{template}". Reason: {error}',
    },
    "2.3": {
        "options of weights": _options(_WEIGHTS, space=""),
        "options of model": _options(_MODEL, space=""),
    },
    "2.5": {"options of weights": _options(_WEIGHTS)},
    "2.7": {
        "save_freq": (
            'Unrecognized save_freq: {save_freq}. Expected save_freq are "epoch" or integer'
        ),
        "options of weights": _options(_WEIGHTS, end=". Got {options}."),
        "options of model": _options(_MODEL, end=". Got {options}."),
        "directory, by its text": _DIRECTORY + "f{filepath}",
    },
    "2.8": {
        "saving": _EPOCH + "saving model to {filepath}",
        "improved": (
            _EPOCH + "{monitor} improved from {best:.5f} to {current:.5f}, "
            "saving model to {filepath}"
        ),
        "not improved": _EPOCH + "{monitor} did not improve from {best:.5f}",
    },
    "2.13": {
        "options of .keras": _NATIVE.format("Keras"),
    },
    "3.0": {
        "mode": "ModelCheckpoint mode '{mode}' is unknown, fallback to auto mode.",
        "save_freq": (
            "Unrecognized save_freq: {save_freq}. Expected save_freq are 'epoch' or integer values"
        ),
        "ending of weights": (
            "When using `save_weights_only=True` in `ModelCheckpoint`, the filepath provided must "
            "end in `.weights.h5` (Keras weights format). Received: filepath={filepath}"
        ),
        "ending of model": (
            "The filepath provided must end in `.keras` (Keras model format). "
            "Received: filepath={filepath}"
        ),
    },
    "3.0.5": {
        "array": (
            "Can save best model only when `monitor` is a scalar value. Received: {current}. "
            "Falling back to `save_best_only=False`."
        ),
    },
    "3.10": {"missing": "Can save best model only with {monitor} available."},
    "3.11": {
        "mode": "{class_name} mode '{mode}' is unknown, fallback to auto mode.",
        # `best` comes as a text here, as it can be None.
        "improved": (
            _EPOCH + "{monitor} improved from {best} to {current:.5f}, saving model to {filepath}"
        ),
        "not improved": _EPOCH + "{monitor} did not improve from {best}",
        "direction": (
            "{class_name} callback received monitor={monitor}, but Keras isn't able to "
            "automatically determine whether that metric should be maximized or minimized. "
            "Pass `mode='max'` in order to monitor based on the highest metric value, or pass "
            "`mode='min'` in order to use the lowest value."
        ),
    },
    "3.13": {"finished": _EPOCH + "finished saving model to {filepath}"},
}


def _accumulate() -> dict[str, dict[str, str]]:
    texts: dict[str, str] = {}
    result = {}
    for release, changes in CHANGES.items():
        texts = dict(texts, **changes)
        result[release] = texts
    return result


#: All texts of a release, by what they are about.
TEXTS = _accumulate()
# A branch: no later release has its texts.
TEXTS["tf_keras"] = dict(TEXTS["2.13"], **{"options of .keras": _NATIVE.format("TF-Keras")})

_DEPRECATED = CHANGES["2.2"]["period"] + " Keras 3 removed it. "

#: What `keras_ckpt.ModelCheckpoint` says beside the texts of the newest Keras.
OWN: dict[str, str] = {
    "unknown argument": "`{name}` is not an argument of ModelCheckpoint and changes nothing.{near}",
    "period": (
        _DEPRECATED + "The model is still saved every {value} epochs. To do without it, write "
        "`save_freq={value} * steps_per_epoch`."
    ),
    "period of 1": _DEPRECATED + "Leave it out: the model is saved every epoch without it.",
    "period beside save_freq": (
        _DEPRECATED + "Leave it out: together with an integer `save_freq` it has no effect in any "
        "release."
    ),
    "period by position": (
        "The seventh argument by position, {value}, is taken for `period`, in epochs, which it was "
        "in Keras up to 2.3. As `save_freq`, in batches, it makes no sense: {why}. Write "
        "period={value}."
    ),
    "boolean": (
        "`{name}` is the text {value!r}, which is taken as False. In the releases any text "
        "counted as true. Write {name}=False."
    ),
    "load_weights_on_restart": (
        CHANGES["2.0"]["load_weights_on_restart"] + " Keras 3 removed it. It still works; to do "
        "without it, write `model.load_weights(path)`."
    ),
    "little space": (
        "There is little space in {directory}: {free} are free, and {count} checkpoints of the "
        "model take {needed}. An old one stays until a new one is written. Make room, or save "
        "elsewhere."
    ),
    "among the best": (
        _EPOCH + "{monitor} of {current:.5f} is among the best {count} (the best is "
        "{best}), saving model to {filepath}"
    ),
    "validation on batch": (
        "With save_freq={save_freq} the model is saved at the end of a batch, where `{monitor}` is "
        "not known: validation comes at the end of an epoch. With save_best_only=True nothing "
        "is ever saved. Write save_freq='epoch', or monitor a metric of the training."
    ),
    "guessed direction": (
        "ModelCheckpoint callback received monitor={monitor}, but Keras isn't able to "
        "automatically determine whether that metric should be maximized or minimized. Judging by "
        "its name, it is {guess}. Pass mode='max' or mode='min' to set the direction."
    ),
    "alias": "`{name}` is not in the logs. `{alias}` is, and is used in its place.",
    "missing": (
        _MISSING
        + " Nothing is saved: save_best_only=True needs the metric `{monitor}`, and {why}. "
        "The metrics are: {names}."
    ),
    "no placeholder": (
        CHANGES["2.2"]["template"] + ". The placeholder {{{name}}} has no value. "
        "Known placeholders: {names}."
    ),
    "no format": (
        CHANGES["2.2"]["template"] + ". The format {spec!r} of the placeholder {{{name}}} does not "
        "fit its value, {value!r}."
    ),
    "array": (
        "Can save best model only when `monitor` is a scalar value. Received: {received}. Models "
        "cannot be compared by `{monitor}`. Monitor another metric, or one that is averaged."
    ),
    "directory": _DIRECTORY + "{filepath}. Give the callback the path of a file, or remove it.",
    "directory, by its text": (
        _DIRECTORY + "{filepath}. Give the callback the path of a file, or remove it."
    ),
    "no path": (
        "`filepath` must be a string or a PathLike. Received: None, of type NoneType. Give the "
        "callback a path, or set its `filepath` before the first save."
    ),
}
TEXTS["keras_ckpt"] = dict(TEXTS["3.13"], **OWN)


def of_release(self: Replica, what: str, **values: object) -> str:
    """Returns a message in the words of the release."""
    return TEXTS[self._keras_ckpt_profile.texts][what].format(**values)


def warn_of_release(self: Replica, what: str, **values: object) -> None:
    """Warns, where the release does."""
    message = of_release(self, what, **values)
    channel = self._keras_ckpt_profile.warn
    if channel == "tensorflow":
        runtime.tensorflow_logger().warning(message)
    else:
        runtime.warn_user(message, RuntimeWarning if channel == "RuntimeWarning" else UserWarning)


def say(self: Replica, what: str, epoch: int, **values: object) -> None:
    """Prints a message where the release does, if the callback is verbose."""
    if self.verbose > 0:
        p = self._keras_ckpt_profile
        number = epoch + 1 if p.first_epoch else epoch
        message = of_release(self, what, epoch=number, monitor=self.monitor, **values)
        if p.channel == "print":
            print(message)
        else:
            runtime.print_msg(message)


def warn(what: str, category: type[Warning] = UserWarning, **values: Any) -> None:
    """Warns with one of keras_ckpt's own texts."""
    runtime.warn_user(TEXTS["keras_ckpt"][what].format(**values), category)
