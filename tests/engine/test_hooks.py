"""The hooks that a release had, as Keras calls them."""

from __future__ import annotations

import inspect
import os
import pathlib
import tempfile
from typing import Any

import pytest
from helpers import StandIn, epochs, functional, sequential, subclassed
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import compat
from keras_ckpt.engine.hooks import HOOKS
from keras_ckpt.formats import api


@pytest.mark.parametrize("form", sorted(HOOKS))
def test_a_hook_has_the_form_that_it_is_listed_under(form: str) -> None:
    name, _, parameters = form.rstrip(")").partition("(")
    hook = HOOKS[form]
    assert hook.__name__ == name
    assert ", ".join(list(inspect.signature(hook).parameters)[1:]) == parameters
    # As the hooks of the releases show themselves, in errors of a wrong call too.
    assert hook.__qualname__ in (f"ModelCheckpoint.{name}", f"MonitorCallback.{name}")
    assert hook.__annotations__ == {}


@pytest.mark.parametrize("version", ["2.0", "2.4", "2.5", "3.15"])
def test_which_models_are_saved_as_weights(version: str) -> None:
    for make, is_whole in ((functional, True), (sequential, True), (subclassed, version > "2.4")):
        callback = compat.for_version(version)("a.keras")
        callback.set_model(make())
        assert callback.save_weights_only is not is_whole


@given(freq=st.integers(1, 40), sizes=st.lists(st.integers(1, 20), max_size=12))
def test_samples_are_counted_until_there_are_enough(freq: int, sizes: list[int]) -> None:
    callback = compat.for_version("2.0")("{epoch}", save_freq=freq)
    model = StandIn()
    callback.set_model(model)
    callback.on_epoch_begin(0)
    seen, expected = 0, 0
    for batch, size in enumerate(sizes):
        callback.on_batch_end(batch, {"size": size})
        seen += size
        if seen >= freq:
            seen, expected = 0, expected + 1
        assert len(model.paths) == expected


@given(freq=st.integers(1, 6), calls=st.integers(0, 20))
def test_calls_are_counted(freq: int, calls: int) -> None:
    callback = compat.for_version("2.2")("{epoch}", save_freq=freq)
    model = StandIn()
    callback.set_model(model)
    callback.on_epoch_begin(0)
    for batch in range(calls):
        callback.on_batch_end(batch, {"size": 100})
    assert len(model.paths) == calls // freq


def restarted(directory: pathlib.Path, template: str, version: str = "2.15") -> list[Any]:
    """Returns the paths that a callback loads when training begins."""
    path = str(directory / template)
    model = StandIn()
    made = compat.for_version(version)
    epochs(made(path, save_weights_only=True, load_weights_on_restart=True), [], model)
    return [os.path.relpath(path, directory) for _, path, _ in model.calls]


@given(st.permutations(range(1, 6)))
def test_training_goes_on_from_the_newest_file(order: list[int]) -> None:
    with tempfile.TemporaryDirectory() as made:
        directory = pathlib.Path(made)
        assert restarted(directory, "w.{epoch}.h5") == []
        for time, number in enumerate(order):
            path = directory / f"w.{number}.h5"
            path.write_bytes(b"")
            os.utime(path, (1000 + time, 1000 + time))
        other = directory / "other.h5"
        other.write_bytes(b"")
        assert restarted(directory, "w.{epoch}.h5") == [f"w.{order[-1]}.h5"]


def test_training_goes_on_from_the_checkpoint_that_the_state_names(tmp_path: pathlib.Path) -> None:
    model = functional()
    for number in (1, 2):
        api.write(model, str(tmp_path / f"cp.{number}"), True)
    assert restarted(tmp_path, "cp.{epoch}") == ["cp.2"]
    # Not what another template wrote.
    assert restarted(tmp_path, "other.{epoch}") == []
    (tmp_path / "cp.2.index").unlink()
    assert restarted(tmp_path, "cp.2") == []


def test_a_file_that_cannot_be_loaded_is_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.h5"
    path.write_bytes(b"")
    callback = compat.for_version("2.15")(str(path), load_weights_on_restart=True)
    with pytest.raises(ValueError, match="Error loading file from .*w.h5. Reason: damaged"):
        epochs(callback, [], StandIn(error=OSError("damaged")))
