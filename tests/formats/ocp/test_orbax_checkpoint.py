"""Directories of Orbax: as Keras's `OrbaxCheckpoint` writes and reads them."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import CheckpointError, NotACheckpoint, WeightsOnly
from keras_ckpt.formats.orbax import open_step, orbax_checkpoint

if not runtime.is_keras_3():
    pytest.skip("variables have paths in Keras 3", allow_module_level=True)

pytest.importorskip("orbax.checkpoint", reason="tox -e jax has Orbax")

from models import MODELS, keras, predictions, values

KERAS_READS_THEM = runtime.version() >= (3, 14)
needs_the_callback = pytest.mark.skipif(not KERAS_READS_THEM, reason="came with Keras 3.14")


def optimizer_state(model: Any) -> list[np.ndarray]:
    return values(model.optimizer.variables)


def same(mine: Any, its: Any) -> bool:
    return len(mine) == len(its) and all(np.allclose(a, b) for a, b in zip(mine, its))


def test_weights_come_back(case: Any, tmp_path: pathlib.Path) -> None:
    kind, model, expected = case
    path = tmp_path / "w.orbax"
    keras_ckpt.save_weights(model, path)
    other = MODELS[kind]()
    keras_ckpt.load_weights(other, path)
    assert np.array_equal(predictions(other, kind), expected)


def test_whole_models_come_back_compiled(mlp: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "m.orbax"
    for count in range(2):
        keras_ckpt.save_model(mlp, path)
        assert orbax_checkpoint.steps(str(path)) == [int(mlp.optimizer.iterations) + count]
    other = keras_ckpt.load_model(path)
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))
    assert len(optimizer_state(other)) > 2
    assert same(optimizer_state(other), optimizer_state(mlp))
    weights = MODELS["mlp"]()
    keras_ckpt.load_weights(weights, path)
    assert np.array_equal(predictions(weights, "mlp"), predictions(mlp, "mlp"))
    found = keras_ckpt.inspect(path)
    assert (found.format, found.model) == ("checkpoint of a model by Orbax", type(mlp).__name__)
    assert found.parameters == mlp.count_params() and found.compiled and found.optimizer


@needs_the_callback
@pytest.mark.parametrize("weights_only", [False, True])
def test_those_of_keras_are_read(weights_only: bool, tmp_path: pathlib.Path) -> None:
    model = MODELS["mlp"]()
    model.compile("adam", "mse")
    callback = keras.callbacks.OrbaxCheckpoint(
        str(tmp_path / "c"), monitor="loss", max_to_keep=2, save_weights_only=weights_only
    )
    x = np.random.default_rng(0).normal(size=(8, *model.input_shape[1:]))
    y = model.predict(x, verbose=0) + 1
    model.fit(x, y, epochs=3, verbose=0, callbacks=[callback])
    assert keras_ckpt.latest_checkpoint(tmp_path / "c") == str(tmp_path / "c" / "2")
    other = MODELS["mlp"]()
    keras_ckpt.load_weights(other, tmp_path / "c")
    assert same(other.get_weights(), model.get_weights())
    earlier = MODELS["mlp"]()
    keras_ckpt.load_weights(earlier, tmp_path / "c" / "1")
    assert not same(earlier.get_weights(), model.get_weights())
    if weights_only:
        with pytest.raises(WeightsOnly):
            keras_ckpt.load_model(tmp_path / "c")
        return
    whole = keras_ckpt.load_model(tmp_path / "c")
    assert same(whole.get_weights(), model.get_weights())
    assert same(optimizer_state(whole), optimizer_state(model))
    # One save into the directory of the callback takes nothing of it away.
    keras_ckpt.save_model(model, tmp_path / "c", format="orbax")
    assert orbax_checkpoint.steps(str(tmp_path / "c"))[:2] == [1, 2]
    keras_ckpt.convert(tmp_path / "c", tmp_path / "c.keras")
    converted = keras_ckpt.load_model(tmp_path / "c.keras")
    assert same(converted.get_weights(), model.get_weights())


def functional() -> Any:
    inputs = keras.Input((3,), name="x")
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(inputs), name="m")
    model.compile("adam", "mse")
    return model


@needs_the_callback
def test_keras_reads_them(tmp_path: pathlib.Path) -> None:
    """Where the paths are the same: of others it takes nothing, and says nothing."""
    model = functional()
    model.fit(np.ones((4, 3)), np.ones((4, 1)), epochs=2, verbose=0)
    keras_ckpt.save_model(model, tmp_path / "m.orbax")
    other = keras.models.load_model(tmp_path / "m.orbax")
    assert same(other.get_weights(), model.get_weights())
    weights = functional()
    weights.load_weights(tmp_path / "m.orbax")
    assert same(weights.get_weights(), model.get_weights())


@needs_the_callback
def test_under_install_keras_takes_what_it_would_leave(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    steps = str(tmp_path / "c")
    model.fit(
        np.ones((4, 3)),
        np.ones((4, 1)),
        verbose=0,
        callbacks=[keras.callbacks.OrbaxCheckpoint(steps, monitor="loss")],
    )
    with keras_ckpt.emulate():
        assert same(keras.models.load_model(steps).get_weights(), model.get_weights())
        other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        other.load_weights(steps)
    assert same(other.get_weights(), model.get_weights())


def test_vocabularies_come_along(tmp_path: pathlib.Path) -> None:
    if runtime.backend() != "tensorflow":
        pytest.skip("text is for TensorFlow")
    lookup = keras.layers.StringLookup(vocabulary=["a", "b", ""])
    inputs = keras.Input((1,), dtype="string")
    model = keras.Model(inputs, keras.layers.Embedding(5, 2)(lookup(inputs)))
    keras_ckpt.save_model(model, tmp_path / "m.orbax")
    other = keras_ckpt.load_model(tmp_path / "m.orbax")
    assert other.layers[1].get_vocabulary() == lookup.get_vocabulary()


def test_a_relative_path(mlp: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keras_ckpt.save_model(mlp, "m.orbax")
    other = keras_ckpt.load_model("m.orbax")
    assert same(other.get_weights(), mlp.get_weights())
    assert keras_ckpt.inspect("m.orbax").loads_with[0] == "keras_ckpt.load_model('m.orbax')"


def test_a_save_that_fails_leaves_what_was_there(
    mlp: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.orbax"
    keras_ckpt.save_weights(mlp, path)
    before = os.listdir(path)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        keras_ckpt.save_weights(mlp, path)
    monkeypatch.undo()
    assert os.listdir(path) == before and os.listdir(tmp_path) == ["m.orbax"]
    keras_ckpt.load_weights(mlp, path)


def test_a_directory_of_something_else_is_left_alone(mlp: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "data.orbax").mkdir()
    (tmp_path / "data.orbax" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no checkpoint of Orbax"):
        keras_ckpt.save_weights(mlp, tmp_path / "data.orbax")
    (tmp_path / "file.orbax").write_text("mine")
    with pytest.raises(FileExistsError, match="A file is where a directory is to be"):
        keras_ckpt.save_weights(mlp, tmp_path / "file.orbax")


def test_paths_that_are_no_tree_are_refused(tmp_path: pathlib.Path) -> None:
    class Scaled(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(3,), name="w")

        def call(self, x: Any) -> Any:
            return x * self.w

    inputs = keras.Input((3,))
    hidden = keras.Sequential([keras.layers.Dense(3, name="w")], name="e")(inputs)
    within = keras.Input((3,))
    inner = keras.Model(within, Scaled(name="e")(within), name="other")
    with pytest.raises(ValueError, match="begins with that of another"):
        keras_ckpt.save_weights(keras.Model(inputs, inner(hidden)), tmp_path / "m.orbax")
    assert list(tmp_path.iterdir()) == []


def test_what_others_write_with_orbax(mlp: Any, tmp_path: pathlib.Path) -> None:
    library = open_step.library()
    library.save_checkpointables(tmp_path / "1", {"pytree": {"params": {"w": np.ones(2)}}})
    with pytest.raises(NotACheckpoint, match="written by Orbax, but not by Keras"):
        keras_ckpt.load_weights(mlp, tmp_path)


def test_damage_is_an_error(mlp: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "m.orbax"
    keras_ckpt.save_weights(mlp, path)
    step = pathlib.Path(orbax_checkpoint.newest_step(str(path)) or "")
    expected = [np.array(each) for each in mlp.get_weights()]
    # The files without which nothing can be read; others say when, and by what.
    needed = sorted(each for each in (step / "pytree").rglob("*") if each.stat().st_size)
    for file in [each for each in needed if each.is_file() and "commit" not in each.name]:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        mlp.set_weights([each + 1 for each in expected])
        try:
            keras_ckpt.load_weights(mlp, path)
        except CheckpointError:
            assert same(mlp.get_weights(), [each + 1 for each in expected])
        else:
            # What Orbax keeps twice, or does not need.
            assert same(mlp.get_weights(), expected), file
        file.write_bytes(content)
    shutil.rmtree(step / "pytree" / "d")
    with pytest.raises(CheckpointError):
        keras_ckpt.load_weights(mlp, path)


def test_without_the_library(
    mlp: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "orbax.checkpoint", None)
    with pytest.raises(ImportError, match=r'pip install "keras-ckpt\[orbax\]"'):
        keras_ckpt.save_weights(mlp, tmp_path / "w.orbax")
