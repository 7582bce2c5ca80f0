"""The replicas: how they are found, what their classes are, and that each runs here at all."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
from typing import Any

import pytest
from helpers import (
    KERAS_3,
    StandIn,
    batches,
    epochs,
    fit,
    functional,
    keras,
    same_weights,
)

import keras_ckpt
from keras_ckpt import compat

TF2 = [f"2.{minor}" for minor in range(16)]
NEWEST = compat.VERSIONS[-1]
KERAS3 = [f"3.{minor}" for minor in range(int(NEWEST.split(".")[1]) + 1)]
# It has neither `save_freq` nor hooks.
STAND_ALONE = ["keras 2.0.8", "keras 2.0", "keras 2.1.5", "keras 2.1", "keras 2.2", "keras 2.3"]
# All with them that differ from one another, and more.
HOOKED = TF2 + KERAS3 + ["3.0.4", "tf_keras"]
EVERY = STAND_ALONE + HOOKED
TABLES = ["MODULES", "PATCHES", "TF_KERAS", "STAND_ALONE", "STAND_ALONE_PATCHES"]
MODULES = sorted({name for each in TABLES for name in getattr(compat, each).values()})


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


def release(version: str) -> tuple[int, ...]:
    """The release as numbers, 1 before those of stand-alone Keras; of tf_keras its callback's."""
    if version == "tf_keras":
        return (2, 15)
    if version.startswith("keras "):
        return (1, *release(version[len("keras ") :]))
    return tuple(int(part) for part in version.split("."))


# ---------------------------------------------------------------- names


def test_versions() -> None:
    assert list(compat.VERSIONS) == TF2 + KERAS3
    assert list(compat.PATCHES) == [f"3.0.{patch}" for patch in range(5)]
    assert list(compat.TF_KERAS) == [f"tf_keras 2.{minor}" for minor in range(15, 22)]
    assert list(compat.STAND_ALONE) == [f"keras 2.{minor}" for minor in range(4)]


@pytest.mark.parametrize("names", TABLES)
def test_every_listed_name_is_found(names: str) -> None:
    for name, module in getattr(compat, names).items():
        assert compat.module_of(name) == module
        assert compat.canonical(name) == ("tf_keras" if names == "TF_KERAS" else name)
        assert getattr(compat, module).PROFILE.release


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("2.4", "tf2_4"),
        ("2.4.1", "tf2_4"),
        ("tf2.4", "tf2_4"),
        ("TF 2.4", "tf2_4"),
        ("tensorflow==2.4.1", "tf2_4"),
        ("tensorflow-cpu==2.4.1", "tf2_4"),
        (" 2.4 ", "tf2_4"),
        ("2.0", "tf2_0"),
        ("2.9", "tf2_8"),
        ("2.11", "tf2_10"),
        ("2.10", "tf2_10"),
        ("2.1", "tf2_1"),
        ("2.15.1", "tf2_15"),
        ("keras==2.6.0", "tf2_6"),
        ("keras==3.8.0", "keras3_8"),
        ("keras 3.8", "keras3_8"),
        ("3.0", "keras3_0"),
        ("3.0.5", "keras3_0"),
        ("3.0.4", "keras3_0_0"),
        ("3.0.0", "keras3_0_0"),
        ("keras==3.0.4", "keras3_0_0"),
        ("3.15.1", "keras3_14"),
        ("2.16", "keras3_0"),
        ("2.16.2", "keras3_0"),
        ("tf2.17", "keras3_0"),
        ("2.18", "keras3_0"),
        ("2.19", "keras3_8"),
        ("2.20", "keras3_11"),
        ("tensorflow==2.21.0", "keras3_13"),
        ("tf_keras", "tf_keras"),
        ("tf-keras", "tf_keras"),
        ("tf_keras==2.21.0", "tf_keras"),
        ("tf_keras 2.16", "tf_keras"),
        ("tf-keras==2.18", "tf_keras"),
        ("TF-Keras 2.15.1", "tf_keras"),
        ("keras==2.2.4", "keras2_1"),
        ("keras-2.2.4", "keras2_1"),
        ("Keras 2.2", "keras2_1"),
        ("keras==2.3.1", "keras2_1"),
        ("keras 2.3", "keras2_1"),
        ("keras2.3", "keras2_1"),
        ("keras==2.1.6", "keras2_1"),
        ("keras 2.1", "keras2_1"),
        ("keras==2.1.3", "keras2_1_3"),
        ("keras==2.1.2", "keras2_0"),
        ("keras 2.0", "keras2_0"),
        ("keras==2.0.9", "keras2_0"),
        ("keras==2.0.8", "keras2_0_0"),
    ],
)
def test_for_version(name: str, module: str) -> None:
    assert compat.module_of(name) == module
    found = compat.for_version(name)
    assert found is importlib.import_module("keras_ckpt.compat." + module).ModelCheckpoint
    assert found is compat.for_version(name)
    assert issubclass(found, keras.callbacks.Callback)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("2.22", "2.21"),
        ("2.99", "2.21"),
        ("1.15", None),
        ("3.98", NEWEST),
        ("3.99.0", NEWEST),
        ("4.0", None),
        ("keras==3.97", NEWEST),
        ("", None),
        ("latest", None),
        ("tf", None),
        ("tensorflow==3.1", None),
        ("keras==2.4", None),
        ("tf_keras 2.9", "tf_keras 2.15"),
        ("tf_keras==2.22.0", "tf_keras 2.21"),
        ("tf-keras 3.1", "tf_keras 2.21"),
        ("tf_keras nightly", None),
        (None, None),
        (2.4, "2.4"),
        (("2", "4"), None),
    ],
)
def test_no_version(name: Any, nearest: str | None) -> None:
    with pytest.raises(ValueError) as info:
        compat.for_version(name)
    text = str(info.value)
    assert text.startswith(f"There is no ModelCheckpoint of version {name!r}.")
    assert "TF 2.0 to 2.21" in text
    assert f"Keras 3.0 to {NEWEST}" in text
    assert "tf_keras 2.15 to 2.21" in text
    assert "stand-alone Keras 2.0 to 2.3" in text
    if nearest is not None:
        assert f"The nearest is {nearest!r}." in text


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    module = importlib.import_module("keras_ckpt.compat." + name)
    found = module.ModelCheckpoint
    assert found.__name__ == "ModelCheckpoint"
    assert found.__module__ == "keras_ckpt.compat." + name
    assert found is module.ModelCheckpoint
    assert module.__doc__
    with pytest.raises(AttributeError, match="has no attribute 'ModelCheckpiont'"):
        module.ModelCheckpiont  # noqa: B018


# ---------------------------------------------------------------- classes

_OLD = "filepath, monitor, verbose, save_best_only, save_weights_only, mode, save_freq"


@pytest.mark.parametrize("version", EVERY)
def test_signature(version: str) -> None:
    expected = _OLD.split(", ")
    if release(version) < (2,):
        expected[-1] = "period"
    elif release(version) < (3,):
        expected += ["options"] if release(version) >= (2, 3) else []
        expected += ["initial_value_threshold"] if release(version) >= (2, 8) else []
        expected += ["kwargs"]
    else:
        expected += ["initial_value_threshold"]
    parameters = inspect.signature(compat.for_version(version)).parameters
    assert list(parameters) == expected
    defaults = [
        each.default
        for each in parameters.values()
        if each.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    seventh = 1 if release(version) < (2,) else "epoch"
    assert defaults[:7] == [inspect.Parameter.empty, "val_loss", 0, False, False, "auto", seventh]
    assert set(defaults[7:]) <= {None}
    annotated = (2, 10) <= release(version) < (3,)
    empty = inspect.Parameter.empty
    assert (parameters["monitor"].annotation in (str, "str")) == annotated
    assert (parameters["monitor"].annotation is empty) != annotated
    assert parameters["filepath"].annotation is empty


def test_hooks_of_the_releases() -> None:
    for version in STAND_ALONE:
        own = vars(compat.for_version(version))
        assert {name for name in own if inspect.isfunction(own[name])} == {
            "__init__",
            "on_epoch_end",
        }
    for version in HOOKED:
        kind, number = compat.for_version(version), release(version)
        batch = list(inspect.signature(kind._save_model).parameters)
        assert batch == (
            ["self", "epoch", "batch", "logs"] if number >= (2, 6) else ["self", "epoch", "logs"]
        )
        assert hasattr(kind, "_should_save_on_batch") == (number >= (2, 3))
        assert hasattr(kind, "_should_save_model") == (number >= (3, 10))
        assert hasattr(kind, "_save_handler") == (number == (2, 15))
        assert hasattr(kind, "_is_improvement") == (number >= (3, 11))
        assert ("on_train_begin" in vars(kind)) == (number < (3,))
        assert ("set_model" in vars(kind)) == (number < (2, 5))


@pytest.mark.parametrize("version", EVERY)
def test_subclasses_copies_and_pickles(version: str) -> None:
    kind = compat.for_version(version)
    callback = kind("a-{epoch}.keras", "loss", save_best_only=True, mode="min")
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert type(other) is kind
        numbers = (0, 2) if version == "keras 2.0.8" else (1, 3)
        assert epochs(other, [{"loss": v} for v in (2.0, 3.0, 1.0)]) == [
            f"a-{number}.keras" for number in numbers
        ]
        assert other.best == 1.0
    assert callback.best in (None, float("inf"))
    if version in STAND_ALONE:
        return

    class Mine(kind):  # type: ignore[misc, valid-type]
        def __init__(self, path: str) -> None:
            super().__init__(path)
            self.seen: list[Any] = []

        def _save_model(self, *args: Any, **kwargs: Any) -> None:
            self.seen.append((args, sorted(kwargs)))
            super()._save_model(*args, **kwargs)

    mine = Mine("a-{epoch}.keras")
    assert epochs(mine, [{}, {}]) == ["a-1.keras", "a-2.keras"]
    expected = ["batch", "epoch", "logs"] if release(version) >= (2, 6) else ["epoch", "logs"]
    assert mine.seen == [((), expected)] * 2


# ---------------------------------------------------------------- calls and behaviour


@pytest.mark.parametrize("version", EVERY)
@pytest.mark.parametrize("weights", [False, True])
def test_calls_on_a_stand_in(version: str, weights: bool) -> None:
    path = "a.weights.h5" if weights else "a.keras"
    model = StandIn()
    epochs(compat.for_version(version)(path, save_weights_only=weights), [{}], model)
    ((method, called, kwargs),) = model.calls
    assert method == ("save_weights" if weights else "save")
    assert called == path
    assert kwargs.pop("overwrite") is True
    assert set(kwargs) <= ({"options"} if (2, 3) <= release(version) < (2, 16) else set())
    if release(version) == (2, 15):
        assert not kwargs


@pytest.mark.parametrize("version", HOOKED)
def test_first_save_under_steps_per_execution(version: str) -> None:
    """The count of calls at batches 1, 3, 5, 7 with save_freq=2, by what HISTORY tells."""
    callback = compat.for_version(version)("a.keras", save_freq=2)
    model = StandIn()
    callback.set_model(model)
    callback.on_train_begin({})
    callback.on_epoch_begin(0, {})
    saves = []
    for batch in (1, 3, 5, 7):
        callback.on_train_batch_end(batch, {"size": 1})
        saves.append(len(model.calls))
    number = release(version)
    if number < (2, 3):
        assert saves == [0, 1, 1, 2]  # Calls, or samples of one each.
    elif number == (2, 15) or number >= (3, 14):
        assert saves == [1, 2, 3, 4]
    else:
        assert saves == [0, 1, 2, 3]


def test_a_last_batch_of_none() -> None:
    """As a test of somebody's might set it."""
    for version in HOOKED:
        callback = compat.for_version(version)("a.keras", save_freq=2)
        callback._last_batch_seen = None
        if (2, 3) <= release(version) < (3, 14):
            with pytest.raises(TypeError, match="'<=' not supported"):
                batches(callback, [{}, {}])
        else:
            assert len(batches(callback, [{}, {}])) <= 1


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_samples(version: str) -> None:
    callback = compat.for_version(version)("a.h5", save_freq=10)
    assert len(batches(callback, [{"size": 4}] * 6)) == 2
    assert len(batches(compat.for_version("2.2")("a.h5", save_freq=10), [{"size": 4}] * 6)) == 0


def test_missing_monitor() -> None:
    for version in EVERY:
        callback = compat.for_version(version)("a.keras", save_best_only=True, mode="min")
        if (2,) <= release(version) < (3,):
            paths = epochs(callback, [{"loss": 1.0}])
        else:
            kind = RuntimeWarning if version in STAND_ALONE else UserWarning
            with pytest.warns(kind, match="Can save best model only with val_loss"):
                paths = epochs(callback, [{"loss": 1.0}])
        assert paths == (["a.keras"] if release(version) >= (3, 10) else [])


def test_messages(capsys: Any) -> None:
    for version in EVERY:
        epochs(compat.for_version(version)("a.keras", verbose=1), [{}])
        out = capsys.readouterr().out
        number = "00001" if release(version) < (2, 8) else "1"
        if version == "keras 2.0.8":
            number = "00000"
        expected = f"\nEpoch {number}: saving model to a.keras\n"
        if version in ("keras 2.0.8", "keras 2.0"):
            expected = expected[1:]
        if release(version) >= (3, 13):
            expected += "\nEpoch 1: finished saving model to a.keras\n"
        assert out == expected


@pytest.mark.parametrize(("version", "name"), [("2.15", "Keras"), ("tf_keras", "TF-Keras")])
def test_options_of_a_keras_file(version: str, name: str) -> None:
    options = object()  # Of no type that would be right: the ending is looked at before.
    with pytest.raises(ValueError, match=f"The native {name} format does not support"):
        compat.for_version(version)("a.keras", options=options)


def test_unknown_keyword() -> None:
    for version in TF2 + ["tf_keras"]:
        compat.for_version(version)("a.h5", moniter="loss")
    for version in STAND_ALONE + KERAS3 + ["3.0.4"]:
        with pytest.raises(TypeError, match="unexpected keyword argument 'moniter'"):
            compat.for_version(version)("a.keras", moniter="loss")


def test_endings() -> None:
    for version in KERAS3 + ["3.0.4"]:
        kind = compat.for_version(version)
        for wrong in ("a", "a.hdf5", "a.weights.h5" if release(version) < (3, 8) else "a.ckpt"):
            with pytest.raises(ValueError, match="must end in `.keras`"):
                kind(wrong)
        with pytest.raises(ValueError, match="must end in `.weights.h5`"):
            kind("a.h5", save_weights_only=True)
        if release(version) >= (3, 8):
            assert kind("a.h5").filepath == "a.h5"


@pytest.mark.parametrize("version", EVERY)
def test_save_errors(version: str) -> None:
    error = OSError("disk full")
    number = release(version)
    callback = compat.for_version(version)("a.keras")
    if number == (2, 1):
        with pytest.raises(AttributeError, match="message"):
            epochs(callback, [{}], StandIn(error))
    elif number in ((2, 2), (2, 3)):
        assert epochs(callback, [{}], StandIn(error)) == []
    else:
        with pytest.raises(OSError, match="disk full"):
            epochs(callback, [{}], StandIn(error))


# ---------------------------------------------------------------- real fits


@pytest.mark.slow
@pytest.mark.parametrize("version", HOOKED)
def test_in_a_fit(version: str) -> None:
    """Each release's class here, on a real model, with the names that it takes."""
    kind = compat.for_version(version)
    model, other = functional(), functional()
    whole = "m-{epoch}.h5" if release(version) < (3,) else "m-{epoch}.keras"
    callbacks = [
        kind("w-{epoch}.weights.h5", save_weights_only=True),
        # The last of the batches, which are samples to the first releases, where Keras tells them.
        kind("batch.weights.h5", save_weights_only=True, save_freq=4),
        kind(whole, "val_loss", save_best_only=True, mode="min"),
    ]
    begun = model.get_weights()
    fit(model, callbacks, n=2)
    assert not same_weights(model, begun)
    names = ["batch.weights.h5", whole.format(epoch=1), "w-1.weights.h5", "w-2.weights.h5"]
    assert set(names) <= set(os.listdir("."))
    assert set(os.listdir(".")) <= set(names) | {whole.format(epoch=2)}
    for path in ("w-2.weights.h5", "batch.weights.h5"):
        other.set_weights(begun)
        keras_ckpt.load_weights(other, path)
        assert same_weights(model, other)
    keras_ckpt.load_weights(other, "w-1.weights.h5")
    # The best is the first, or the last as well.
    assert same_weights(keras_ckpt.load_model(whole.format(epoch=1)), other)


@pytest.mark.slow
@pytest.mark.skipif(not KERAS_3, reason="Keras 2 writes its files itself, as of its own release")
@pytest.mark.parametrize("version", STAND_ALONE)
@pytest.mark.parametrize("name", ["m-{epoch}", "m-{epoch}.weights.h5", "m-{epoch}.keras"])
@pytest.mark.parametrize("weights", [False, True])
def test_stand_alone_keras_in_a_fit(version: str, name: str, weights: bool) -> None:
    """All is HDF5, whatever it is called, and loads again."""
    model, other = functional(), functional()
    kind = compat.for_version(version)
    callback = kind(name, "val_loss", 0, False, weights, "auto", 2)
    fit(model, [callback], n=4)
    first = 0 if version == "keras 2.0.8" else 1
    paths = [name.format(epoch=first + each) for each in (1, 3)]
    assert sorted(os.listdir(".")) == paths
    for path in paths:
        assert pathlib.Path(path).read_bytes()[:4] == b"\x89HDF"
    keras_ckpt.load_weights(other, paths[1])
    assert same_weights(model, other)
    if weights:
        model.load_weights(paths[0])
        assert not same_weights(model, other)
    else:
        assert same_weights(keras_ckpt.load_model(paths[1]), other)


@pytest.mark.slow
@pytest.mark.parametrize("version", TF2 + ["tf_keras"])
def test_checkpoints_of_tf_2_in_a_fit(version: str) -> None:
    model, other = functional(), functional()
    callback = compat.for_version(version)("cp-{epoch}", "val_loss", 0, False, True)
    fit(model, [callback], n=2)
    assert {"checkpoint", "cp-1.index", "cp-2.index"} <= set(os.listdir("."))
    keras_ckpt.load_weights(other, "cp-2")
    assert same_weights(model, other)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2.0", "2.4", "2.15"])
def test_period_with_best_only_and_restart(version: str) -> None:
    kind = compat.for_version(version)
    model, other = functional(), functional()
    path = os.path.join("to", "w-{epoch:02d}.h5")
    os.mkdir("to")
    fit(model, [kind(path, save_weights_only=True, save_best_only=True, period=2)], n=3)
    assert os.listdir("to") == ["w-02.h5"]

    class Begun(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_train_begin(self, logs: Any = None) -> None:
            self.weights = self.model.get_weights()

    begun, third = Begun(), functional()
    keras_ckpt.load_weights(third, os.path.join("to", "w-02.h5"))
    callback = kind(path, save_weights_only=True, load_weights_on_restart=True)
    fit(other, [callback, begun])
    assert same_weights(begun.weights, third)


def test_modules_are_attributes_without_an_import_of_their_own() -> None:
    code = "import keras_ckpt; print(keras_ckpt.compat.tf2_4.PROFILE.release)"
    ran = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tempfile.gettempdir()
    )
    assert ran.stdout.split() == [b"2.4"]
