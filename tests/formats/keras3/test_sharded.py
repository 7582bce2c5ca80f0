"""Weights in several files: as Keras writes and reads them, and never half replaced."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import (
    CheckpointError,
    DamagedCheckpoint,
    UnsafeCheckpoint,
    UnsupportedModel,
)
from keras_ckpt.formats import registry
from keras_ckpt.storage import commit

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)

from models import MODELS, keras, predictions

KERAS_HAS_THEM = runtime.version() >= (3, 10)
needs_them = pytest.mark.skipif(not KERAS_HAS_THEM, reason="came with Keras 3.10")
KERAS_READS_THEM = runtime.version() >= (3, 15)
needs_the_reader = pytest.mark.skipif(
    not KERAS_READS_THEM, reason="up to Keras 3.14 its reader loses track of the files"
)
SMALL = 2e-7


def save(model: Any, path: pathlib.Path, size: float = SMALL) -> None:
    keras_ckpt.save_weights(model, path, max_shard_size=size)


def names(folder: pathlib.Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_weights_come_back(case: Any, tmp_path: pathlib.Path) -> None:
    kind, model, expected = case
    path = tmp_path / "new" / "w.weights.json"
    save(model, path)
    other = MODELS[kind]()
    keras_ckpt.load_weights(other, path)
    assert np.array_equal(predictions(other, kind), expected)
    assert len(names(tmp_path / "new")) > 2


@needs_the_reader
@pytest.mark.parametrize("size", [SMALL, 1.0])
def test_keras_reads_them(case: Any, size: float, tmp_path: pathlib.Path) -> None:
    kind, model, expected = case
    path = tmp_path / "w.weights.json"
    for _ in range(2):
        save(model, path, size)
        assert registry.natively_readable(path)
        other = MODELS[kind]()
        other.load_weights(path)
        assert np.array_equal(predictions(other, kind), expected)


@needs_them
def test_those_of_keras_are_read(case: Any, tmp_path: pathlib.Path) -> None:
    kind, model, expected = case
    path = str(tmp_path / "w.weights.json")
    model.save_weights(path, max_shard_size=2e-6)
    other = MODELS[kind]()
    keras_ckpt.load_weights(other, path)
    assert np.array_equal(predictions(other, kind), expected)
    of_keras = keras_ckpt.inspect(path)
    keras_ckpt.save_weights(model, tmp_path / "o.weights.json", max_shard_size=2e-6)
    ours = keras_ckpt.inspect(tmp_path / "o.weights.json")
    assert ours.variables == of_keras.variables
    assert ours.format == of_keras.format == "set of files with weights of Keras 3"


@needs_them
def test_the_files_are_those_of_keras(mlp: Any, tmp_path: pathlib.Path) -> None:
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    save(mlp, tmp_path / "ours" / "w.weights.json", 2e-6)
    mlp.save_weights(str(tmp_path / "theirs" / "w.weights.json"), max_shard_size=2e-6)
    assert names(tmp_path / "ours") == names(tmp_path / "theirs")
    ours, theirs = (
        json.loads((tmp_path / folder / "w.weights.json").read_text())
        for folder in ("ours", "theirs")
    )
    assert ours["metadata"]["total_size"] == theirs["metadata"]["total_size"]
    # Keras makes a list of a single file if there are several values in it.
    in_ours, in_theirs = (
        {group: [found] if isinstance(found, str) else found for group, found in each.items()}
        for each in (ours["weight_map"], theirs["weight_map"])
    )
    assert in_ours == in_theirs


def test_no_file_is_larger_unless_one_value_is(mlp: Any, tmp_path: pathlib.Path) -> None:
    save(mlp, tmp_path / "w.weights.json", 1e-9)
    for name in names(tmp_path)[1:]:
        with h5py.File(tmp_path / name, "r") as file:
            inside: list[str] = []
            file.visit(inside.append)
            assert sum(hasattr(file[each], "shape") for each in inside) == 1


@pytest.mark.parametrize("before", [1, 2, 3])
def test_what_was_there_is_whole_until_the_new_one_is(
    mlp: Any, before: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.weights.json"
    for _ in range(before):
        save(mlp, path)
    expected = [np.array(each) for each in mlp.get_weights()]
    left = names(tmp_path)

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError("the disk is full")

    mlp.set_weights([each + 1 for each in expected])
    for module, name in ((os, "replace"), (commit, "replacing")):
        monkeypatch.setattr(module, name, fail)
        with pytest.raises(OSError, match="the disk is full"):
            save(mlp, path)
        monkeypatch.undo()
    other = MODELS["mlp"]()
    keras_ckpt.load_weights(other, path)
    assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), expected))
    save(mlp, path)
    keras_ckpt.load_weights(other, path)
    assert all(np.array_equal(a, b + 1) for a, b in zip(other.get_weights(), expected))
    assert set(left) & set(names(tmp_path)) and not [n for n in names(tmp_path) if ".tmp" in n]


def test_nothing_is_left_of_the_ones_before(mlp: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "w_best.weights.h5").write_bytes(b"another file of the user")
    counts = set()
    for _ in range(4):
        save(mlp, tmp_path / "w.weights.json")
        in_use = json.loads((tmp_path / "w.weights.json").read_text())["weight_map"].values()
        counts.add(len(set(names(tmp_path)) - {"w_00000.weights.h5"}))
        assert {
            name for each in in_use for name in ([each] if isinstance(each, str) else each)
        } <= set(names(tmp_path))
    assert "w_best.weights.h5" in names(tmp_path)
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("z.weights.json", "z_alt1.weights.json"),
        ("q.weights.r.weights.json", "q.r.weights.json"),
    ],
)
def test_no_other_checkpoint_is_touched(
    mlp: Any, first: str, second: str, tmp_path: pathlib.Path
) -> None:
    expected = [np.array(each) for each in mlp.get_weights()]
    for _ in range(2):
        save(mlp, tmp_path / first)
    for count in range(3):
        mlp.set_weights([each + count + 1 for each in expected])
        save(mlp, tmp_path / second)
        other = MODELS["mlp"]()
        keras_ckpt.load_weights(other, tmp_path / first)
        assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), expected))
        keras_ckpt.load_weights(other, tmp_path / second)
        assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), mlp.get_weights()))


@pytest.mark.parametrize("number", [0, 1])
def test_files_of_the_user_stay(mlp: Any, number: int, tmp_path: pathlib.Path) -> None:
    expected = [np.array(each) for each in mlp.get_weights()]
    own = tmp_path / f"cp_{number:05}.weights.h5"
    keras_ckpt.save_weights(mlp, own)
    for count in range(3):
        mlp.set_weights([each + count + 1 for each in expected])
        save(mlp, tmp_path / "cp.weights.json", 1e-7)
        other = MODELS["mlp"]()
        keras_ckpt.load_weights(other, own)
        assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), expected))
        loads = [keras_ckpt.load_weights] + [type(other).load_weights] * KERAS_READS_THEM
        for load in loads:
            other = MODELS["mlp"]()
            load(other, str(tmp_path / "cp.weights.json"))
            assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), mlp.get_weights()))


def test_the_callback_saves_them(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = keras_ckpt.ModelCheckpoint(
        tmp_path / "e{epoch}.weights.json", save_weights_only=True
    )
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[callback])
    newest = keras_ckpt.latest_checkpoint(tmp_path / "e{epoch}.weights.json")
    assert newest == str(tmp_path / "e2.weights.json")
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    keras_ckpt.load_weights(other, newest)
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])


@needs_the_reader
@pytest.mark.parametrize("copy", [True, False])
def test_a_model_that_saves_itself(copy: bool, tmp_path: pathlib.Path) -> None:
    class Own(keras.Sequential):  # type: ignore[misc, name-defined]
        def save_weights(self, *args: Any, **kwargs: Any) -> None:
            self.asked = True
            super().save_weights(*args, **kwargs)

        def load_weights(self, *args: Any, **kwargs: Any) -> None:
            self.asked = True
            super().load_weights(*args, **kwargs)

    def make() -> Any:
        return Own([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])

    model, path = make(), str(tmp_path / "w.weights.json")
    for _ in range(2):
        registry.format_written(path, True).snapshot(model, copy=copy).write(path)
    other = make()
    keras_ckpt.load_weights(other, path)
    assert model.asked and other.asked
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("copy", [True, False])
def test_a_model_that_cannot_save_itself_so(copy: bool, tmp_path: pathlib.Path) -> None:
    class Own(keras.Sequential):  # type: ignore[misc, name-defined]
        def save_weights(self, filepath: str, overwrite: bool = True) -> None:
            super().save_weights(filepath, overwrite)

    model = Own([keras.Input((2,)), keras.layers.Dense(3)])
    path = str(tmp_path / "w.weights.json")
    with pytest.raises(ValueError, match="`Own` has a `save_weights` of its own, which cannot"):
        registry.format_written(path, True).snapshot(model, copy=copy).write(path)
    assert names(tmp_path) == []


@pytest.mark.skipif(KERAS_READS_THEM, reason="its reader keeps track of the files")
def test_a_model_that_loads_itself_with_a_reader_that_loses_layers(whole: pathlib.Path) -> None:
    class Own(keras.Sequential):  # type: ignore[misc, name-defined]
        def load_weights(self, *args: Any, **kwargs: Any) -> None:
            super().load_weights(*args, **kwargs)

    model = Own([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    with pytest.raises(UnsupportedModel, match="leaves layers as they are"):
        keras_ckpt.load_weights(model, whole)


@pytest.mark.parametrize("size", [0, -1, "5GB", True, float("nan")])
def test_bad_sizes(mlp: Any, size: Any, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="a number above 0. Received: max_shard_size="):
        keras_ckpt.save_weights(mlp, tmp_path / "w.weights.json", max_shard_size=size)
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["w.weights.h5", "w.json", "cp"])
def test_a_size_for_another_format(mlp: Any, name: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="for paths that end in `.weights.json`"):
        keras_ckpt.save_weights(mlp, tmp_path / name, max_shard_size=1)


def damaged(path: pathlib.Path, **changes: Any) -> None:
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, **changes}))


@pytest.fixture
def whole(mlp: Any, tmp_path: pathlib.Path) -> pathlib.Path:
    save(mlp, tmp_path / "w.weights.json")
    return tmp_path / "w.weights.json"


@pytest.mark.parametrize(
    ("weight_map", "error", "text"),
    [
        (None, DamagedCheckpoint, "has no weight_map"),
        (["a"], DamagedCheckpoint, "has no weight_map"),
        ({"/vars": 3}, DamagedCheckpoint, "3 is not the name of a file"),
        ({"/vars": ""}, DamagedCheckpoint, "'' is not the name of a file"),
        ({"/vars": "../w.h5"}, UnsafeCheckpoint, "a file that is not beside it, '../w.h5'"),
        ({"/vars": ["a.h5", "/etc/x"]}, UnsafeCheckpoint, "a file that is not beside it"),
        ({"/vars": "..\\w.h5"}, UnsafeCheckpoint, "a file that is not beside it"),
        ({"/vars": "gone.weights.h5"}, DamagedCheckpoint, "file gone.weights.h5 is not beside it"),
    ],
)
def test_a_bad_index(whole: pathlib.Path, weight_map: Any, error: Any, text: str, mlp: Any) -> None:
    damaged(whole, weight_map=weight_map)
    before = mlp.get_weights()
    for act in (lambda: keras_ckpt.load_weights(mlp, whole), lambda: keras_ckpt.inspect(whole)):
        with pytest.raises(error) as caught:
            act()
        assert text in str(caught.value)
    assert all(np.array_equal(a, b) for a, b in zip(mlp.get_weights(), before))
    # It does not keep a new one from being saved.
    save(mlp, whole)
    keras_ckpt.load_weights(mlp, whole)


def test_each_file_is_needed(whole: pathlib.Path, mlp: Any) -> None:
    before = mlp.get_weights()
    for name in names(whole.parent)[1:]:
        part, aside = whole.parent / name, whole.parent / "aside"
        for change in (lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:100])):
            shutil.copy(part, aside)
            change(part)
            with pytest.raises(CheckpointError):
                keras_ckpt.load_weights(mlp, whole)
            shutil.move(aside, part)
    assert all(np.array_equal(a, b) for a, b in zip(mlp.get_weights(), before))


def test_an_index_of_other_files_is_none_of_these(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"a.weight": "model-00001-of-00002.safetensors"}}))
    with pytest.raises(CheckpointError, match="in no known format"):
        keras_ckpt.inspect(path)
