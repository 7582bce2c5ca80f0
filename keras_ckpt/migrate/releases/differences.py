"""What changed between two releases, in words: `differences("2.4", "3.15")`.

Each field of `Profile` has its words here. Nothing is reported that is not in the profiles, the
signatures or the texts of the two releases.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Callable, Mapping, NamedTuple, Sequence, Union

from keras_ckpt import compat
from keras_ckpt.engine import messages
from keras_ckpt.engine.profile import Profile
from keras_ckpt.migrate.releases.release import Release, release

_Endings = tuple[tuple[str, ...], tuple[str, ...]]
#: What the values of a field mean: each in words, or how to put endings into words.
_Words = Union[Mapping[object, str], Callable[[_Endings], str]]


class Difference(NamedTuple):
    """One thing that two releases do differently.

    Args:
        section: what it belongs to, e.g. `"Saving"`.
        subject: what differs.
        old: what the one release does.
        new: what the other does.
        since: the releases between them that changed it, oldest first.
    """

    section: str
    subject: str
    old: str
    new: str
    since: tuple[str, ...] = ()


class Changelog(NamedTuple):
    """Two releases and all that differs between them.

    Args:
        old: the one release.
        new: the other.
        differences: what differs, by section.
        releases: the releases between that changed something, oldest first, each with what its
            module in `keras_ckpt.compat` says in a sentence.
    """

    old: Release
    new: Release
    differences: list[Difference]
    releases: list[tuple[str, str]]


def _endings(value: _Endings) -> str:
    if not any(value):
        return "any, in the formats of Keras 2"
    model, weights = (" or ".join(each) or "any" for each in value)
    return f"{model} for whole models, {weights} for weights"


def _without_options(value: _Endings) -> str:
    return ", ".join(each for part in value for each in part) or "none"


_YES_NO: Mapping[object, str] = {True: "yes", False: "no"}

#: The fields of `Profile` by section: what each is about, and what its values mean.
FIELDS: dict[str, dict[str, tuple[str, _Words]]] = {
    "Arguments": {
        "legacy_keywords": (
            "`period` and `load_weights_on_restart`",
            {
                True: "accepted; other unknown keywords are silently ignored",
                False: "TypeError, as for any unknown keyword",
            },
        ),
        "settable_model": (
            "`model`",
            {True: "can be set", False: "is a property, and setting it raises AttributeError"},
        ),
        "finds_tf_checkpoints": (
            "TensorFlow checkpoints at a restart",
            {True: "found", False: "not found"},
        ),
        "options": (
            "`options`",
            {
                "not": "not an argument",
                "passed": "checked for their type and passed on to the save",
                "passed if given": "passed on to the save if they are given",
            },
        ),
        "keras_options": (
            "`options` beside a `.keras` path",
            {True: "taken", False: "ValueError when the callback is made"},
        ),
        "endings_without_options": ("Endings saved without `options`", _without_options),
        "best_only_passes_options": (
            "`save_best_only` with such an ending",
            {False: "as without it", True: "passes `options` all the same, which fails"},
        ),
        "initial_value_threshold": ("`initial_value_threshold`", _YES_NO),
        "path_to_string": (
            "A `pathlib.Path` as `filepath`",
            {False: "stays a path", True: "becomes a string"},
        ),
        "endings": ("Endings that `filepath` may have", _endings),
        "format": (
            "The format is decided by",
            {"h5": "nothing: it is HDF5", None: "the ending"},
        ),
    },
    "When it saves": {
        "frequency_unit": (
            "An integer `save_freq` counts",
            {
                "epochs": "(`period` alone: epochs)",
                "samples": "samples",
                "calls": "calls of the batch hook",
                "batches": "batches, each of `steps_per_execution` too",
            },
        ),
        "first_epoch": (
            "The first epoch, in paths and messages, is",
            {0: "0", 1: "1"},
        ),
        "first_batch": (
            "The count of batches begins",
            {
                0: "at the second batch of the training: the first save is one batch late",
                -1: "at the first batch",
                None: "at the first batch, in each training",
            },
        ),
        "batch_hooks_if": (
            "Batch hooks are called if `save_freq` is",
            {"integer": "an integer", "not epoch": 'anything but "epoch"'},
        ),
    },
    "Which is the best": {
        "direction": (
            'The direction of mode="auto" is taken from',
            {
                "name": "the name of the monitor: up for `acc` and `fmeasure`, else down",
                "metric": "the metric, at the end of the first epoch; ValueError if it has none",
            },
        ),
        "missing": (
            "`save_best_only` without the monitored value",
            {
                "skipped": "warns and saves nothing",
                "saved": "warns and saves, over the best",
            },
        ),
        "arrays": (
            "A monitored value that is an array",
            {"compared": "is compared, which may fail", "saved": "warns and is saved"},
        ),
        "numpy_logs": (
            "Values of the logs that become Python numbers first",
            {"none": "none", "tensors": "tensors", "all": "tensors and NumPy's"},
        ),
    },
    "Paths": {
        "template_error": (
            "A placeholder of `filepath` that no log fills",
            {False: "bare KeyError", True: "KeyError that names the template"},
        ),
        "makedirs": (
            "The directory of `filepath` is made",
            {
                "never": "never by the callback",
                "always": "before it is known whether anything is saved",
                "to save": "for a save",
            },
        ),
        "makedirs_error": (
            "A directory that is made by others meanwhile, or is that of `new/..`,",
            {True: "is an error", False: "is taken"},
        ),
        "makedirs_gs": ("... of `gs://` paths, too", _YES_NO),
        "gfile": (
            "Files are looked for through",
            {True: "TensorFlow's gfile", False: "the operating system"},
        ),
    },
    "Clusters": {
        "workers": (
            "The workers of a cluster are distinguished by",
            {
                "environment": "TF_CONFIG, with a backup of the training state",
                "model": "the model, with a backup of the training state",
                "strategy": "the strategy, without a backup",
                "strategy if any": "the strategy, if the model has one",
                "none": "nothing: all save to the same path",
            },
        ),
        "keeps_backup": (
            "The backup of a training that was cut off",
            {False: "is removed", True: "stays"},
        ),
        "backup_none": (
            "The model's `_training_state` at the end",
            {False: "is deleted", True: "is None"},
        ),
    },
    "Errors": {
        "io_errors": (
            "An error of the disk while saving",
            {
                "not caught": "is raised as it is",
                "message": "raises AttributeError, since its `message` is read",
                "swallowed": "is swallowed, unless it is about a directory",
                "raised": "is raised, with a text of its own about a directory",
            },
        ),
        "directory_error_case": (
            '"is a directory" in the text of an error',
            {False: "in any case", True: "in lower case only"},
        ),
        "error_text": (
            "The text of an error is",
            {
                "ensure_str": "its first argument, which must be text",
                "str": "its first argument",
                "error": "the error's",
            },
        ),
        "is_a_directory": (
            "IsADirectoryError",
            {False: "by its text", True: "always is about a directory"},
        ),
    },
    "Messages": {
        "channel": (
            "Messages of `verbose=1` go",
            {
                "print": "to stdout",
                "print_msg": "to stdout, or to the log after disable_interactive_logging()",
            },
        ),
        "warn": (
            "Warnings go to",
            {
                "tensorflow": "the logger `tensorflow`",
                "warnings": "`warnings.warn`",
                "RuntimeWarning": "`warnings.warn`, as RuntimeWarning",
            },
        ),
        "finished": ("A message after the save", _YES_NO),
    },
}

#: The texts that only some releases can print: how their names begin, and which releases do.
_PRINTED_IF: dict[str, Callable[[Profile], bool]] = {
    "period": lambda profile: profile.legacy_keywords,
    "save_freq": lambda profile: profile.frequency_unit != "epochs",
    "load_weights_on_restart": lambda profile: profile.legacy_keywords,
    "restart": lambda profile: profile.legacy_keywords,
    "directory": lambda profile: profile.legacy_keywords,
    "options of .keras": lambda profile: not profile.keras_options,
    "options": lambda profile: profile.options != "not",
}
#: The first with a name of its own, where that of the minor means a later patch.
_FIRST = {
    "keras 2.0.8": "Keras 2.0.0",
    "keras 2.0": "Keras 2.0.9",
    "keras 2.1.5": "Keras 2.1.3",
    "keras 2.1": "Keras 2.1.6",
    "3.0.4": "Keras 3.0.0",
    "3.0": "Keras 3.0.5",
}


def differences(old: str, new: str) -> Changelog:
    """Returns what the `ModelCheckpoint` of two releases does differently.

    Args:
        old: the one release, in any form that `keras_ckpt.compat.for_version` takes.
        new: the other, which may be the older.

    Raises:
        ValueError: if there is no such release.

    Example:

    ```python
    for each in differences("2.4", "3.15").differences:
        print(each.subject, each.old, each.new)
    ```
    """
    first, second = release(old), release(new)
    between = _between(first, second)
    found = _of_signatures(first, second, between)
    for section, fields in FIELDS.items():
        for name, (subject, words) in fields.items():
            values = [getattr(each.profile, name) for each in (first, second)]
            if values[0] != values[1]:
                shown = [_in_words(words, value) for value in values]
                changed = _changes(between, [getattr(each.profile, name) for each in between])
                found.append(Difference(section, subject, shown[0], shown[1], changed))
    order = list(FIELDS)
    found.sort(key=lambda each: order.index(each.section))
    found += _of_texts(first, second, between) + _of_hooks(first, second, between)
    return Changelog(first, second, found, _headlines(between))


def _in_words(words: _Words, value: object) -> str:
    if callable(words):
        assert isinstance(value, tuple)
        return words(value)
    return words[value]


def _order() -> list[str]:
    """Returns all releases that came one after the other."""
    names = [*compat.STAND_ALONE, *compat.VERSIONS]
    for patch in ("keras 2.0.8", "keras 2.1.5", "3.0.4"):
        names.insert(names.index(patch.rpartition(".")[0]), patch)
    return names


def _between(old: Release, new: Release) -> list[Release]:
    """Returns the releases from the older of two to the newer, both included."""
    names = _order()
    places = []
    for each in (old, new):
        # Its callback is that of TF 2.15.
        name = "2.15" if each.name.startswith("tf_keras") else each.name
        if name not in names:
            module = compat.module_of(name)
            name = next(other for other in names if compat.module_of(other) == module)
        places.append(names.index(name))
    low, high = sorted(places)
    return [release(name) for name in names[low : high + 1]]


def _changes(between: list[Release], values: Sequence[object]) -> tuple[str, ...]:
    """Returns the names of the releases whose value is not that of the release before."""
    return tuple(
        _name(each)
        for each, before, value in zip(between[1:], values, values[1:])
        if before != value
    )


def _name(each: Release) -> str:
    return _FIRST.get(each.name, each.title)


def _signature(each: Release) -> dict[str, str]:
    module = importlib.import_module("keras_ckpt.compat." + compat.module_of(each.name))
    parameters = list(inspect.signature(vars(module)["__init__"]).parameters.values())[1:]
    return {
        parameter.name: str(parameter.replace(annotation=inspect.Parameter.empty))
        for parameter in parameters
    }


def _of_signatures(old: Release, new: Release, between: list[Release]) -> list[Difference]:
    signatures = [_signature(each) for each in (old, new)]
    found = []
    for name in [*signatures[0], *(each for each in signatures[1] if each not in signatures[0])]:
        shown = [_placed(signature, name) for signature in signatures]
        if shown[0] != shown[1]:
            changed = _changes(between, [_placed(_signature(each), name) for each in between])
            found.append(
                Difference("Arguments", f"`{name}` in the signature", shown[0], shown[1], changed)
            )
    return found


def _placed(signature: dict[str, str], name: str) -> str:
    """Returns a parameter with the place that it has, e.g. `"8th: options=None"`."""
    if name not in signature:
        return "absent"
    number = list(signature).index(name) + 1
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number, "th")
    if signature[name].startswith("*"):
        return signature[name]
    return f"{number}{suffix}: {signature[name]}"


def _of_texts(old: Release, new: Release, between: list[Release]) -> list[Difference]:
    texts = [_texts(each) for each in (old, new)]
    found = []
    # Texts that appear or disappear follow from what the releases do.
    for name in texts[0]:
        if name in texts[1] and texts[0][name] != texts[1][name]:
            changed = _changes(between, [_texts(each).get(name) for each in between])
            shown = [each[name].strip() for each in texts]
            if shown[0] == shown[1]:
                shown = [each[name].replace("\n", "\\n") for each in texts]
            shown = [f'"{text}"' for text in shown]
            found.append(Difference("Messages", f"Text: {name}", shown[0], shown[1], changed))
    return found


def _texts(each: Release) -> dict[str, str]:
    """Returns the texts that a release can print."""
    return {
        name: text
        for name, text in messages.TEXTS[each.profile.texts].items()
        if all(
            prints(each.profile) for start, prints in _PRINTED_IF.items() if name.startswith(start)
        )
    }


def _of_hooks(old: Release, new: Release, between: list[Release]) -> list[Difference]:
    hooks = [_hooks(each) for each in (old, new)]
    found = []
    for name in sorted({*hooks[0], *hooks[1]}):
        shown = [each.get(name, "absent") for each in hooks]
        if shown[0] != shown[1]:
            changed = _changes(between, [_hooks(each).get(name) for each in between])
            found.append(
                Difference("For subclasses", f"Method `{name}`", shown[0], shown[1], changed)
            )
    return found


def _hooks(each: Release) -> dict[str, str]:
    return {hook.partition("(")[0]: hook for hook in each.profile.hooks}


def _headlines(between: list[Release]) -> list[tuple[str, str]]:
    found = []
    for before, after in zip(between, between[1:]):
        if compat.module_of(before.name) != compat.module_of(after.name):
            module = importlib.import_module("keras_ckpt.compat." + compat.module_of(after.name))
            line = (module.__doc__ or "").splitlines()[0]
            found.append((_name(after), line.partition(": ")[2]))
    return found
