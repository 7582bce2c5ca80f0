"""`install()`, `uninstall()` and `emulate()`: what a script sees of them."""

from __future__ import annotations

import importlib
import pathlib
import sys
import types
from typing import Any

import helpers
import pytest
import replaced

import keras_ckpt
from keras_ckpt import compat, runtime

keras = helpers.keras
Native = keras.callbacks.ModelCheckpoint


def paths_of_the_class() -> list[Any]:
    """Returns the class by each of its public names."""
    found = [keras.callbacks.ModelCheckpoint]
    modules = [Native.__module__]
    if "keras" in sys.modules and keras.__name__ == "keras":
        modules += ["keras.callbacks", "keras.src.callbacks"]
    if runtime.has_tensorflow():
        tensorflow = runtime.tensorflow()
        versions = (tensorflow, tensorflow.compat.v1, tensorflow.compat.v2)
        found += [each.keras.callbacks.ModelCheckpoint for each in versions]
        modules.append("tensorflow.keras.callbacks")
    found += [importlib.import_module(name).ModelCheckpoint for name in modules]
    return found


# What is put where


def test_all_names_give_ours_and_theirs_again() -> None:
    keras_ckpt.install()
    assert {id(each) for each in paths_of_the_class()} == {id(keras_ckpt.ModelCheckpoint)}
    keras_ckpt.uninstall()
    assert {id(each) for each in paths_of_the_class()} == {id(Native)}


def test_twice_is_once() -> None:
    keras_ckpt.uninstall()
    keras_ckpt.install()
    once = replaced.everything()
    keras_ckpt.install()
    assert replaced.everything() == once
    keras_ckpt.uninstall()
    keras_ckpt.uninstall()
    assert keras.callbacks.ModelCheckpoint is Native


def test_versions() -> None:
    keras_ckpt.install("2.4")
    assert keras.callbacks.ModelCheckpoint is compat.for_version("2.4")
    keras_ckpt.install("tensorflow==2.15.0")
    assert {id(each) for each in paths_of_the_class()} == {id(compat.for_version("2.15"))}
    with pytest.raises(ValueError, match="no ModelCheckpoint of version '9.9'"):
        keras_ckpt.install("9.9")
    assert keras.callbacks.ModelCheckpoint is compat.for_version("2.15")
    keras_ckpt.install()
    assert keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint


def test_modules_of_users_are_left_alone() -> None:
    mine = types.ModuleType("keras_of_mine")
    mine.ModelCheckpoint = Native  # type: ignore[attr-defined]
    sys.modules["keras_of_mine"] = mine
    try:
        keras_ckpt.install()
        assert mine.ModelCheckpoint is Native  # type: ignore[attr-defined]
    finally:
        del sys.modules["keras_of_mine"]


def test_own_class_of_keras_still_works(here: pathlib.Path, installed: None) -> None:
    """Its methods ask for it by name in some releases."""

    class Mine(Native):  # type: ignore[misc,valid-type]
        pass

    for cls in (Native, Mine):
        callback = cls("own.keras" if runtime.is_keras_3() else "own.h5", monitor="loss")
        helpers.fit(helpers.functional(), [callback])
        assert list(here.glob("own.*"))


def test_isinstance(installed: None) -> None:
    assert isinstance(keras_ckpt.ModelCheckpoint("a.h5"), keras.callbacks.ModelCheckpoint)


# emulate


def test_emulate_is_for_a_block() -> None:
    with keras_ckpt.emulate("2.4"):
        assert keras.callbacks.ModelCheckpoint is compat.for_version("2.4")
        with keras_ckpt.emulate("2.15"), pytest.raises(KeyError):
            assert keras.callbacks.ModelCheckpoint is compat.for_version("2.15")
            with keras_ckpt.emulate():
                assert keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint
                raise KeyError
        assert keras.callbacks.ModelCheckpoint is compat.for_version("2.4")
        keras_ckpt.uninstall()
    assert keras.callbacks.ModelCheckpoint is Native


def test_emulate_leaves_what_was_installed(installed: None) -> None:
    block = keras_ckpt.emulate("2.4")
    for _ in range(2):
        with block, block:
            assert keras.callbacks.ModelCheckpoint is compat.for_version("2.4")
        assert keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint


def test_emulate_decorates() -> None:
    @keras_ckpt.emulate("2.4")
    def cls(again: bool = True) -> Any:
        """Its documentation."""
        if again:
            cls(False)
        return keras.callbacks.ModelCheckpoint

    assert cls() is compat.for_version("2.4") and cls.__doc__ == "Its documentation."
    assert keras.callbacks.ModelCheckpoint is Native
    with pytest.raises(ValueError, match="no ModelCheckpoint of version"):
        keras_ckpt.emulate("1.0")


def test_emulated_release_prints_its_messages(
    here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with keras_ckpt.emulate("2.4"):
        callback = keras.callbacks.ModelCheckpoint("w.{epoch:02d}.hdf5", verbose=1, period=2)
        helpers.fit(helpers.functional(), [callback], n=2)
    assert "\nEpoch 00002: saving model to w.02.hdf5\n" in capsys.readouterr().out
    assert (here / "w.02.hdf5").is_file()
