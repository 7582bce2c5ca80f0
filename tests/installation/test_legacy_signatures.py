"""The functions of Keras 3 that save and load, with the arguments and formats of Keras 2."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import helpers
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import compat, runtime

keras = helpers.keras
IN_KERAS_3 = pytest.mark.skipif(
    not runtime.is_keras_3(), reason="Keras 2 knows the legacy formats by itself"
)


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
@pytest.mark.parametrize("path", ["cp.ckpt", "dir"])
def test_a_checkpoint_of_more_or_less_than_the_model(
    here: pathlib.Path, installed: None, path: str
) -> None:
    # As in TensorFlow: what is found gets its value, and only another shape is an error.
    def model(*units: int) -> Any:
        layers = [keras.layers.Dense(each, name=f"d{each}") for each in units]
        return keras.Sequential([keras.Input((3,)), *layers])

    saved = model(4, 5)
    saved.save(path) if path == "dir" else saved.save_weights(path)
    for other in (model(4), model(4, 5, 6)):
        with pytest.warns(UserWarning, match="is loaded in part"):
            other.load_weights(path)
        shared = min(len(other.weights), len(saved.weights))
        for one, two in zip(other.get_weights()[:shared], saved.get_weights()[:shared]):
            np.testing.assert_array_equal(one, two)
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="shapes differ"):
        model(4, 7).load_weights(path)
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="strict=False"):
        keras_ckpt.load_weights(model(4), path)


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
def test_errors_are_keras_s_and_have_a_cause(here: pathlib.Path, installed: None) -> None:
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


@IN_KERAS_3
def test_weights_in_several_files_need_no_size(here: pathlib.Path, installed: None) -> None:
    model = helpers.functional()
    model.save_weights("w.weights.json")
    assert (here / "w_00000.weights.h5").is_file()
    keras_ckpt.load_weights(model, "w.weights.json")


@IN_KERAS_3
def test_weights_in_several_files_of_a_class_that_saves_itself(
    here: pathlib.Path, installed: None
) -> None:
    class Own(helpers.Subclassed):  # type: ignore[misc, name-defined]
        def save_weights(self, *args: Any, **kwargs: Any) -> None:
            self.asked = True
            super().save_weights(*args, **kwargs)

    model, other = Own(), Own()
    for each in (model, other):
        each(np.ones((1, 4), "float32"))
    model.save_weights("w.weights.json")
    assert model.asked
    keras_ckpt.load_weights(other, "w.weights.json")
    assert helpers.same_weights(other, model.get_weights())


@IN_KERAS_3
@pytest.mark.parametrize(
    ("name", "module"),
    [("w.weights.json", "h5py"), ("w.safetensors", "safetensors"), ("w.orbax", "orbax")],
)
def test_the_newest_formats_ask_before_they_replace(
    here: pathlib.Path, installed: None, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    pytest.importorskip(module)
    model = helpers.functional()
    values = model.get_weights()
    model.save_weights(name)
    model.set_weights([each + 1 for each in values])
    asked: list[str] = []
    monkeypatch.setattr(runtime, "may_overwrite", asked.append)
    model.save_weights(name, overwrite=False)
    assert asked == [name]
    keras_ckpt.load_weights(model, name)
    assert helpers.same_weights(model, values)
