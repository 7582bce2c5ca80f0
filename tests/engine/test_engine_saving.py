"""One save: the order of its steps, whether it is made, and what becomes of an error."""

from __future__ import annotations

import errno
import itertools
import os
import pathlib
from typing import Any

import pytest
from helpers import StandIn, epochs, warned
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import ModelCheckpoint, compat
from keras_ckpt.engine import saving


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.4", ["_save_model", "_get_file_path", "model", "_maybe_remove_file"]),
        (
            "2.15",
            ["_save_model", "_get_file_path", "directory", "_save_handler", "model"]
            + ["_maybe_remove_file"],
        ),
        ("3.0", ["_save_model", "_get_file_path", "directory", "model"]),
        ("3.15", ["_save_model", "_get_file_path", "_should_save_model", "directory", "model"]),
    ],
)
def test_the_order_of_a_save(version: str, expected: list[str], tmp_path: pathlib.Path) -> None:
    release = compat.for_version(version)
    steps: list[str] = []
    directory = tmp_path / "to"

    def note(step: str) -> None:
        if directory.exists() and "directory" not in steps:
            steps.append("directory")
        steps.append(step)

    def noted(name: str) -> Any:
        def hook(self: Any, *args: Any, **kwargs: Any) -> Any:
            note(name)
            return getattr(release, name)(self, *args, **kwargs)

        return hook

    class Model(StandIn):
        def save(self, path: Any, **kwargs: Any) -> None:
            note("model")

    hooks = ["_save_model", "_get_file_path", "_should_save_model", "_save_handler"]
    hooks += ["_maybe_remove_file"]
    members = {name: noted(name) for name in hooks if hasattr(release, name)}
    epochs(type("Mine", (release,), members)(str(directory / "a.keras")), [{}], Model())
    assert steps == expected


@pytest.mark.parametrize(
    ("version", "takes_batch"), [("2.0", False), ("2.5", False), ("2.6", True), ("3.15", True)]
)
def test_hooks_take_the_batch_since_tf_2_6(version: str, takes_batch: bool) -> None:
    callback = compat.for_version(version)("a.keras")
    for name in ("_save_model", "_get_file_path"):
        assert saving.takes_batch(callback, name) is takes_batch


@pytest.mark.parametrize(
    ("hook", "takes_batch"),
    [
        (lambda self, epoch, logs: None, False),
        (lambda self, epoch, logs=None: None, False),
        (lambda self, epoch, batch, logs: None, True),
        (lambda self, *args: None, True),
        (lambda self, epoch, **kwargs: None, True),
    ],
)
def test_hooks_of_a_subclass_are_called_in_the_form_that_they_have(
    hook: Any, takes_batch: bool
) -> None:
    callback = type("Mine", (ModelCheckpoint,), {"_save_model": hook})("a.keras")
    assert saving.takes_batch(callback, "_save_model") is takes_batch


VALUES = st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=8)


@given(values=VALUES, mode=st.sampled_from(["min", "max"]))
@pytest.mark.parametrize("version", ["2.0", "2.8", "3.0", "3.10", "3.15"])
def test_only_what_is_better_is_saved(version: str, values: list[float], mode: str) -> None:
    release = compat.for_version(version)
    callback = release("{epoch}.keras", "loss", save_best_only=True, mode=mode)
    best = min if mode == "min" else max
    bests = list(itertools.accumulate(values, best))
    expected = [
        f"{epoch + 1}.keras"
        for epoch, value in enumerate(bests)
        if epoch == 0 or value != bests[epoch - 1]
    ]
    assert epochs(callback, [{"loss": value} for value in values]) == expected
    assert callback.best == bests[-1]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.15", []), ("3.8", []), ("3.10", ["a.keras"]), ("3.15", ["a.keras"])],
)
def test_without_the_metric(version: str, expected: list[str]) -> None:
    callback = compat.for_version(version)("a.keras", save_best_only=True, mode="min")
    with warned():
        assert epochs(callback, [{}]) == expected


#: What each release makes of: an error with a text, one of the operating system, one of a
#: directory, and one whose text says that there is a directory.
ERRORS: dict[str, tuple[OSError, dict[str, type[Exception] | None]]] = {
    "text": (
        OSError("disk full"),
        {"2.0": OSError, "2.1": AttributeError, "2.2": None, "2.4": OSError, "3.15": OSError},
    ),
    "system": (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        {"2.0": OSError, "2.1": AttributeError, "2.2": TypeError, "2.4": TypeError, "2.5": OSError},
    ),
    "directory": (
        IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)),
        {"2.0": IsADirectoryError, "2.5": IsADirectoryError, "2.6": OSError, "3.15": OSError},
    ),
    "directory by text": (
        OSError("a is a directory"),
        {"2.0": OSError, "2.1": AttributeError, "2.2": OSError, "2.6": OSError, "3.15": OSError},
    ),
    "directory by capitalized text": (
        OSError("Is a directory"),
        {"2.2": None, "2.3": OSError, "3.15": OSError},
    ),
}
#: Those that ask the user for a path that is not a directory.
ASKS = {("directory", "2.6"), ("directory", "3.15")}
ASKS |= {("directory by text", version) for version in ("2.2", "2.6", "3.15")}
ASKS |= {("directory by capitalized text", version) for version in ("2.3", "3.15")}


@pytest.mark.parametrize(
    ("kind", "version"), [(kind, version) for kind in ERRORS for version in ERRORS[kind][1]]
)
def test_errors_while_saving(kind: str, version: str) -> None:
    error, by_version = ERRORS[kind]
    callback = compat.for_version(version)("a.keras")
    expected = by_version[version]
    if expected is None:
        assert epochs(callback, [{}], StandIn(error)) == []
        return
    with pytest.raises(expected) as raised:
        epochs(callback, [{}], StandIn(error))
    assert type(raised.value) is expected
    asks = "Please specify a non-directory filepath" in str(raised.value)
    assert asks == ((kind, version) in ASKS)


def test_what_is_not_an_error_of_the_system_is_raised_by_all() -> None:
    for version in ("2.0", "2.1", "2.2", "3.15"):
        with pytest.raises(KeyError, match="mine"):
            epochs(compat.for_version(version)("a.keras"), [{}], StandIn(KeyError("mine")))
