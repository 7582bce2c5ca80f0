"""`install()`, `uninstall()` and `emulate()`: what a script sees of them."""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import warnings
from typing import Any, Iterator

import helpers
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import compat, runtime

keras = helpers.keras
Native = keras.callbacks.ModelCheckpoint
IN_KERAS_3 = pytest.mark.skipif(
    not runtime.is_keras_3(), reason="Keras 2 knows the legacy formats by itself"
)
WITH_TENSORFLOW = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")
METHODS = ("save", "save_weights", "load_weights")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = everything()
    yield
    keras_ckpt.uninstall()
    after = everything()
    assert {name: after[name] for name in before} == before
    # Nor is anything of ours in modules that were imported meanwhile.
    assert not [name for name, value in after.items() if is_ours(value)]


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed() -> None:
    keras_ckpt.install()


def everything() -> dict[str, Any]:
    """Returns all that may be replaced, by its name."""
    found: dict[str, Any] = {name: vars(keras.Model).get(name) for name in METHODS}
    names = ("ModelCheckpoint", "load_model", "save_model", "load_weights", "save_weights")
    for path, module in list(sys.modules.items()):
        if path.split(".")[0] in ("keras", "tensorflow", "tf_keras", "tensorflow_core"):
            if isinstance(module, types.ModuleType):
                for name in names:
                    if name in vars(module):
                        found[path + ":" + name] = vars(module)[name]
    return {name: value for name, value in found.items() if value is not None}


def is_ours(value: Any) -> bool:
    # The replacements say that they are of Keras's module.
    module = getattr(value, "__globals__", {}).get("__name__") or getattr(value, "__module__", "")
    return str(module).startswith("keras_ckpt")


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
    once = everything()
    keras_ckpt.install()
    assert everything() == once
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


# Legacy arguments on Keras 3


def as_before(model: Any, path: Any, **kwargs: Any) -> Any:
    """Loads weights into a model that has others; returns what `load_weights` returns."""
    values = model.get_weights()
    model.set_weights([each + 1 for each in values])
    result = model.load_weights(path, **kwargs)
    assert helpers.same_weights(model, values)
    return result


@IN_KERAS_3
@pytest.mark.parametrize(
    "path, arguments, written",
    [
        ("cp-0001.ckpt", {}, "cp-0001.ckpt.index"),
        (pathlib.Path("new") / "cp", {"save_format": "tf"}, "new/cp.index"),
        ("cp", {"options": None, "overwrite": False}, "cp.index"),
        ("w.h5", {}, "w.h5"),
        ("w.hdf5", {"save_format": "h5"}, "w.hdf5"),
        ("w", {"save_format": "HDF5"}, "w"),
        ("w.keras", {}, "w.keras"),
        ("w.weights.h5", {"save_format": "h5"}, "w.weights.h5"),
    ],
)
def test_weights(
    here: pathlib.Path, installed: None, path: Any, arguments: dict[str, Any], written: str
) -> None:
    model = helpers.functional()
    assert model.save_weights(path, **arguments) is None
    assert (here / written).is_file()
    result = as_before(model, path)
    if written.endswith(".index"):
        result.expect_partial().assert_consumed()
        as_before(model, path, options=None, by_name=False)
    else:
        assert result is None


@IN_KERAS_3
@pytest.mark.parametrize(
    "path, arguments, written",
    [
        ("dir", {}, "dir/assets.extra"),
        (pathlib.Path("a") / "b", {"save_format": "tf", "save_traces": False}, "a/b/assets.extra"),
        ("m.hdf5", {"options": None, "signatures": None}, "m.hdf5"),
        ("m", {"save_format": "h5"}, "m"),
        ("m", {"save_format": "keras"}, "m"),
        ("m.keras", {"save_format": "keras"}, "m.keras"),
    ],
)
def test_whole_models(
    here: pathlib.Path, installed: None, path: Any, arguments: dict[str, Any], written: str
) -> None:
    model = helpers.functional()
    model.save(path, **arguments)
    assert (here / written).exists()
    loaders = (keras.models.load_model, keras.saving.load_model)
    for load in loaders:
        for options in ({}, {"compile": False}):
            again = load(path, **options)
            assert helpers.same_weights(again, model)
            assert again.compiled is (not options)
    keras.models.save_model(model, "again", save_format="tf")
    assert helpers.same_weights(keras.models.load_model("again", options=None), model)


@IN_KERAS_3
def test_positions_of_keras_2(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    model.save("dir", True, False, "tf")
    assert not keras.models.load_model("dir").compiled
    model.save_weights("cp", True, "tf")
    as_before(model, "cp")


@IN_KERAS_3
def test_without_the_optimizer(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    helpers.fit(model, [])
    optimizer = model.optimizer
    model.save("dir", include_optimizer=False)
    assert model.compiled and model.optimizer is optimizer
    assert not keras.models.load_model("dir").compiled
    model.save("dir")
    assert runtime.to_numpy(keras.models.load_model("dir").optimizer.iterations) == 2


@IN_KERAS_3
def test_hdf5_of_an_abbreviated_loss(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    for path in ("m.h5", "m.weights.h5"):
        model.save(path)
        assert helpers.same_weights(keras.models.load_model(path), model)
        as_before(model, path)


@IN_KERAS_3
def test_by_name(here: pathlib.Path) -> None:
    model = helpers.functional()
    keras_ckpt.save_weights(model, "w.h5")
    try:
        as_before(model, "w.h5", by_name=True)
    except ValueError:
        pytest.skip("this release of Keras cannot load a whole file by name")
    keras_ckpt.install()
    as_before(model, "w.h5", by_name=True)


@IN_KERAS_3
def test_subclass_that_hands_on_the_format(here: pathlib.Path, installed: None) -> None:
    class Mine(keras.Model):  # type: ignore[misc,name-defined]
        def save(self, path: Any, **kwargs: Any) -> None:
            super().save(path + "-1", save_format="tf", **kwargs)

        def save_weights(self, path: Any, **kwargs: Any) -> None:
            super().save_weights(path + "-1", save_format="tf", **kwargs)

        def load_weights(self, path: Any, **kwargs: Any) -> Any:
            return super().load_weights(path + "-1", **kwargs)

    inputs = keras.Input((2,))
    model = helpers.ready(Mine(inputs, keras.layers.Dense(1)(inputs)))
    model.save("dir")
    assert helpers.same_weights(keras.models.load_model("dir-1", {"Mine": Mine}), model)
    model.save_weights("cp")
    as_before(model, "cp")
    assert sorted(path.name.partition(".")[0] for path in here.iterdir()) == [
        "checkpoint",
        "cp-1",
        "cp-1",
        "dir-1",
    ]


@IN_KERAS_3
def test_callback_and_reload_into_a_new_model(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    callback = keras.callbacks.ModelCheckpoint("cp-{epoch}", save_weights_only=True, period=2)
    helpers.fit(model, [callback], n=2)
    again = helpers.functional()
    again.load_weights("cp-2")
    assert helpers.same_weights(again, model)


@IN_KERAS_3
def test_releases_without_the_legacy_formats_add_none(here: pathlib.Path) -> None:
    model = helpers.functional()
    with keras_ckpt.emulate("3.8"):
        assert keras.callbacks.ModelCheckpoint is compat.for_version("3.8")
        with pytest.raises(ValueError, match="Invalid filepath extension"):
            model.save("dir")
    with keras_ckpt.emulate("2.4"):
        model.save("dir")
    assert (here / "dir").is_dir()


@IN_KERAS_3
def test_what_was_kept_of_it_is_native_again(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    save, load = model.save, keras.models.load_model
    save("dir")
    keras_ckpt.uninstall()
    with pytest.raises(ValueError, match="Invalid filepath extension"):
        save("dir")
    with pytest.raises(ValueError, match="File format not supported"):
        load("dir")


@IN_KERAS_3
def test_question_before_overwriting(
    here: pathlib.Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = helpers.functional()
    model.save("dir")
    model.save_weights("cp")
    before = model.get_weights()
    model.set_weights([each + 1 for each in before])
    asked: list[str] = []

    def no(text: str = "") -> str:
        asked.append(text)
        return "n"

    monkeypatch.setattr("builtins.input", no)
    model.save("dir", overwrite=False)
    model.save_weights("cp", overwrite=False)
    assert len(asked) == 2
    assert helpers.same_weights(keras.models.load_model("dir"), before)
    monkeypatch.setattr("builtins.input", lambda text="": "y")
    model.save_weights("cp", overwrite=False)
    as_before(model, "cp")


# What is wrong


@IN_KERAS_3
def test_errors_are_keras_s_and_tell_what_we_know(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    model.save_weights("there")
    for call in (lambda: model.load_weights("absent"), lambda: keras.models.load_model("absent")):
        with pytest.raises(ValueError, match="File format not supported") as caught:
            call()
        assert "Its directory holds checkpoint, there" in str(caught.value.__cause__)


@IN_KERAS_3
def test_checkpoints_that_do_not_fit_say_why(here: pathlib.Path, installed: None) -> None:
    helpers.functional().save_weights("cp")
    inputs = keras.Input((3,))
    other = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    before = other.get_weights()
    with pytest.raises(keras_ckpt.CheckpointError, match="shapes differ"):
        other.load_weights("cp")
    assert helpers.same_weights(other, before)


@IN_KERAS_3
def test_formats_of_weights_that_cannot_be_meant(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    with pytest.raises(ValueError, match="There is no format 'other' for weights"):
        model.save_weights("w", save_format="other")
    with pytest.raises(ValueError, match="has the ending of another format"):
        model.save_weights("w.h5", save_format="tf")
    assert not list(here.iterdir())


@IN_KERAS_3
def test_signatures_are_left_out_with_a_warning(here: pathlib.Path, installed: None) -> None:
    with pytest.warns(UserWarning, match="`signatures` are left out"):
        helpers.functional().save("dir", signatures={"a": None})
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        keras.models.load_model("dir")


# Before Keras is imported


def python(code: str, **variables: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tempfile.gettempdir(),
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", **variables),
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.mark.slow
@WITH_TENSORFLOW
def test_keras_is_replaced_once_it_is_imported() -> None:
    said = python(
        "import sys, keras_ckpt\n"
        "keras_ckpt.install()\n"
        "print([name for name in ('keras', 'tensorflow', 'tf_keras') if name in sys.modules])\n"
        "import tensorflow as tf\n"
        "from tensorflow.keras.callbacks import ModelCheckpoint\n"
        "print(tf.keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print(ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print('exec_module' in vars(tf.__spec__.loader))\n"
        "keras_ckpt.uninstall()\n"
        "import tensorflow.keras.callbacks as again\n"
        "print(tf.keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print(again.ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print([each for each in sys.meta_path if 'keras_ckpt' in type(each).__module__])\n"
    )
    assert said.splitlines()[-7:] == ["[]", "True", "True", "False", "False", "False", "[]"]


@pytest.mark.slow
@IN_KERAS_3
def test_nothing_is_replaced_after_uninstall() -> None:
    said = python(
        "import keras_ckpt\n"
        "keras_ckpt.install('2.4')\n"
        "keras_ckpt.uninstall()\n"
        "import keras\n"
        "print(keras.callbacks.ModelCheckpoint.__module__)\n"
        "keras_ckpt.install('2.4')\n"
        "from keras.callbacks import ModelCheckpoint\n"
        "print(ModelCheckpoint.__module__)\n"
    )
    assert said.splitlines()[-2:] == [Native.__module__, "keras_ckpt.compat.tf2_4"]


@IN_KERAS_3
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_model_from_hdf5_trains_on(tmp_path: pathlib.Path, optimizer: str) -> None:
    """Keras 3 makes the optimizer of a Sequential in HDF5 for no variables."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mean_squared_error")
    x, y = np.ones((8, 3)), np.ones((8, 1))
    model.fit(x, y, verbose=0)
    with keras_ckpt.emulate():
        model.save(tmp_path / "m.h5")
        loaded = keras.models.load_model(str(tmp_path / "m.h5"))
    expected = model.fit(x, y, verbose=0, shuffle=False).history["loss"]
    found = loaded.fit(x, y, verbose=0, shuffle=False).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_other_packages_of_these_names(tmp_path: pathlib.Path) -> None:
    """One that cannot be imported, and one that is no Keras, are what they are without us."""
    (tmp_path / "tf_keras.py").write_text("raise ImportError('not here')\n")
    said = python(
        "import sys, keras_ckpt\n"
        "sys.path.insert(0, %r)\n"
        "keras_ckpt.install()\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        import tf_keras\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
        "print('tf_keras' in sys.modules, 'keras' in sys.modules)\n" % str(tmp_path)
    )
    assert said.splitlines() == ["not here", "not here", "False False"]


def test_version_is_checked_before_keras_is_there() -> None:
    said = python(
        "import sys, keras_ckpt\n"
        "try:\n"
        "    keras_ckpt.install('9.9')\n"
        "except ValueError as error:\n"
        "    print(str(error)[:41], 'keras' in sys.modules)\n"
    )
    assert said == "There is no ModelCheckpoint of version '9 False\n"
