"""A crash at any moment of a save leaves the old checkpoint or the new one, whole."""

from __future__ import annotations

import os
import pathlib
import shutil
import warnings
from typing import Any

import crash_simulator
import models
import numpy as np
import pytest
from test_snapshot import KINDS

import keras_ckpt
from keras_ckpt import formats, runtime
from keras_ckpt.formats import registry
from keras_ckpt.runs.record import Record
from keras_ckpt.storage import commit, durability, temporary

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)

#: What changes names, and what flushes.
OPERATIONS = [
    (os, "replace"), (os, "rename"), (os, "link"), (os, "symlink"), (os, "remove"),
    (os, "unlink"), (os, "rmdir"), (os, "mkdir"), (os, "fsync"), (commit, "exchange"),
]  # fmt: skip
EACH = pytest.mark.parametrize(("name", "weights_only"), KINDS)


@pytest.fixture(scope="module")
def pair() -> Any:
    """A model with weights, and other weights of it."""
    model = models.MODELS["mlp"]()
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    old = model.get_weights()
    return model, old, [value + 1 for value in old]


def snapshot(model: Any, values: Any, path: pathlib.Path, weights_only: bool) -> Any:
    model.set_weights(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return formats.snapshot(model, path, weights_only)


def loaded(model: Any, path: str, weights_only: bool) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not weights_only:
            model = keras_ckpt.load_model(path)
        else:
            keras_ckpt.load_weights(model, path)
    found: list[Any] = model.get_weights()
    return found


def record(run: str) -> Record:
    return Record("template", run, epoch=1, started="now", time="now")


def same(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other))


def without_temporaries(state: crash_simulator.State) -> crash_simulator.State:
    """What readers see: temporary files are nothing to them, but what was pushed aside is."""
    return tuple(
        (path, content)
        for path, content in state
        if not any(
            temporary.is_one(part) and not part.endswith(temporary.ASIDE)
            for part in path.split("/")
        )
    )


def states_of(
    pair: Any, name: str, weights_only: bool, taken: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> tuple[Any, Any]:
    model, old, new = pair
    root = tmp_path / "root"
    root.mkdir()
    if taken:
        with durability.durable(False):
            snapshot(model, old, root / name, weights_only).write(str(root / name), record("old"))
    made = snapshot(model, new, root / name, weights_only)
    simulator = crash_simulator.CrashSimulator(root)
    with simulator.following(monkeypatch, OPERATIONS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.write(str(root / name), record("new"))
    assert len(simulator.operations) > 4
    every, at_the_end = (
        {without_temporaries(state): where for state, where in states.items()}
        for states in (simulator.states, simulator.at_the_end)
    )
    return every, at_the_end


def check(
    pair: Any, name: str, weights_only: bool, taken: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    model, old, new = pair
    every, at_the_end = states_of(pair, name, weights_only, taken, tmp_path, monkeypatch)
    monkeypatch.setattr(temporary, "_is_alive", lambda pid: False)  # It has crashed.
    for number, (state, where) in enumerate(every.items()):
        root = tmp_path / str(number)
        root.mkdir()
        crash_simulator.restore(state, root)
        try:
            found = loaded(model, str(root / name), weights_only)
        except FileNotFoundError:
            assert not taken and state not in at_the_end, where
            continue
        except keras_ckpt.CheckpointError as error:
            # Before there is a checkpoint there may be a part of one.
            assert not taken and state not in at_the_end, (where, error)
            continue
        is_new = same(found, new)
        assert is_new or (taken and same(found, old)), where
        said = registry.record_of(str(root / name))
        assert said is not None, where
        assert said.run == ("new" if is_new else "old"), where
        assert is_new or state not in at_the_end, where
        shutil.rmtree(root)


@EACH
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "new"])
def test_a_crash_at_any_moment(
    name: str,
    weights_only: bool,
    taken: bool,
    pair: Any,
    tmp_path: pathlib.Path,
    monkeypatch: Any,
) -> None:
    check(pair, name, weights_only, taken, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["m", "cp"])
def test_where_the_system_cannot_exchange_or_link(
    name: str, pair: Any, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    def refused(*args: Any, **kwargs: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(commit, "exchange", lambda one, other: False)
    monkeypatch.setattr(os, "link", refused)
    check(pair, name, name == "cp", True, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["new/below/cp", "new/below/w.weights.h5", "new/below/m"])
def test_directories_that_the_callback_makes(
    name: str, pair: Any, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    model, _, new = pair
    root = tmp_path / "root"
    root.mkdir()
    model.set_weights(new)
    callback = keras_ckpt.ModelCheckpoint(str(root / name), save_weights_only=name[-1] != "m")
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    simulator = crash_simulator.CrashSimulator(root)
    with simulator.following(monkeypatch, OPERATIONS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callback.on_epoch_end(0, {})
    for number, state in enumerate(simulator.at_the_end):
        found = tmp_path / str(number)
        found.mkdir()
        crash_simulator.restore(state, found)
        assert same(loaded(model, str(found / name), name[-1] != "m"), new)


@EACH
@pytest.mark.parametrize("durable", [True, False])
def test_what_is_not_to_be_durable_is_not_flushed(
    name: str,
    weights_only: bool,
    durable: bool,
    pair: Any,
    tmp_path: pathlib.Path,
    monkeypatch: Any,
) -> None:
    model, old, _ = pair
    model.set_weights(old)
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    save = keras_ckpt.save_weights if weights_only else keras_ckpt.save_model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(model, tmp_path / name, durable=durable)
    assert bool(flushed) is durable
    assert same(loaded(model, str(tmp_path / name), weights_only), old)
