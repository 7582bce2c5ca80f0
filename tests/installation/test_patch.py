"""`install()`, `uninstall()` and `emulate()`: what a script sees of them."""

from __future__ import annotations

import importlib
import pathlib
import subprocess
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


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a user that has imported names of Keras before anything is installed."""
    module: Any = types.ModuleType("keras_of_mine")
    module.ModelCheckpoint = module.MC = Native
    module.load = keras.models.load_model
    module.other = keras.callbacks.EarlyStopping
    monkeypatch.setitem(sys.modules, "keras_of_mine", module)
    return module


def test_what_modules_have_imported_before_is_replaced_and_put_back(mine: Any) -> None:
    before = dict(vars(mine))
    keras_ckpt.install()
    assert mine.ModelCheckpoint is mine.MC is keras_ckpt.ModelCheckpoint
    assert mine.load is keras.models.load_model
    assert mine.other is before["other"]
    keras_ckpt.install("2.4")
    assert mine.MC is compat.for_version("2.4")
    with keras_ckpt.emulate("2.6"):
        assert mine.MC is compat.for_version("2.6")
    assert mine.MC is compat.for_version("2.4")
    keras_ckpt.uninstall()
    assert vars(mine) == before


def test_what_a_module_has_set_meanwhile_stays(mine: Any) -> None:
    keras_ckpt.install()
    mine.MC = str
    del mine.load
    keras_ckpt.uninstall()
    assert mine.MC is str
    assert not hasattr(mine, "load")
    assert mine.ModelCheckpoint is Native


def test_the_script_itself_may_have_imported_before(
    here: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    package = "keras" if runtime.is_keras_3() else "tensorflow.keras"
    (here / "train.py").write_text(
        f"""
from {package}.callbacks import ModelCheckpoint as MC
from {package}.models import load_model
import keras_ckpt

before = MC, load_model
keras_ckpt.install()
assert MC is keras_ckpt.ModelCheckpoint
MC("w.hdf5", save_weights_only=True, period=2)
keras_ckpt.uninstall()
assert (MC, load_model) == before
"""
    )
    done = subprocess.run([sys.executable, "train.py"], cwd=str(here), timeout=240)
    assert done.returncode == 0, capfd.readouterr().err


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
