"""Which checkpoints below a directory are what was written."""

from __future__ import annotations

import importlib.util
import pathlib
import shutil
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import registry
from keras_ckpt.formats.verification import verify

if not runtime.is_keras_3():
    pytest.skip("where keras_ckpt writes the files", allow_module_level=True)

keras = runtime.keras()
#: What is saved, how, and the file that is damaged.
SAVED = (
    ("model.keras", keras_ckpt.save_model, "model.keras"),
    ("model.h5", keras_ckpt.save_model, "model.h5"),
    ("deep/w.h5", keras_ckpt.save_weights, "deep/w.h5"),
    ("deep/er/w.weights.h5", keras_ckpt.save_weights, "deep/er/w.weights.h5"),
    ("w.weights.json", keras_ckpt.save_weights, "w_00000.weights.h5"),
    ("cp", keras_ckpt.save_weights, "cp.data-00000-of-00001"),
    ("saved", keras_ckpt.save_model, "saved/assets/keras_ckpt/model.keras"),
)
if importlib.util.find_spec("safetensors"):
    SAVED += (("w.safetensors", keras_ckpt.save_weights, "w.safetensors"),)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: Any) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("saved")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64)])
    model.compile("sgd", "mse")
    for name, save, _ in SAVED:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        save(model, directory / name)
    (directory / "notes.txt").write_text("no checkpoint")
    (directory / "data.json").write_text("{}")
    return directory


def test_all_are_found_once(saved: pathlib.Path) -> None:
    found = {str(pathlib.Path(each.path).relative_to(saved)): each for each in verify(saved)}
    assert set(found) == {name for name, _, _ in SAVED}
    assert [each.flaw for each in found.values()] == [None] * len(SAVED)
    assert all(each.has_checksums for each in found.values())


def copied(
    saved: pathlib.Path, tmp_path: pathlib.Path, file: str
) -> tuple[pathlib.Path, pathlib.Path]:
    """Returns a copy of the directory, and a file in it."""
    directory = tmp_path / "copy"
    shutil.copytree(saved, directory)
    if file.startswith("saved/"):  # The archive in a SavedModel has the name of its save.
        return directory, next(directory.glob("saved/**/*.keras"))
    return directory, directory / file


@pytest.mark.parametrize(("name", "save", "file"), SAVED)
def test_a_flipped_bit(
    name: str, save: Any, file: str, saved: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    directory, changed = copied(saved, tmp_path, file)
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 4
    changed.write_bytes(content)
    damaged = [each for each in verify(directory) if each.flaw is not None]
    assert [each.path for each in damaged] == [str(directory / name)]
    (alone,) = verify(directory / name)
    assert alone == damaged[0]


@pytest.mark.parametrize(("name", "save", "file"), SAVED)
def test_a_missing_file(
    name: str, save: Any, file: str, saved: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    directory, removed = copied(saved, tmp_path, file)
    removed.unlink()
    found = {each.path: each.flaw for each in verify(directory)}
    if file == name:
        assert str(directory / name) not in found
    elif name != "saved":  # What is left of that is what TensorFlow can serve, or nothing.
        assert found[str(directory / name)]


@pytest.mark.parametrize("content", [b"", b"half of a", b"PK\x03\x04 and no more"])
@pytest.mark.parametrize(
    "name", ["m.keras", "m.h5", "m.weights.h5", "m.weights.json", "cp.index", "m.safetensors"]
)
def test_what_has_the_name_of_one(name: str, content: bytes, tmp_path: pathlib.Path) -> None:
    (tmp_path / name).write_bytes(content)
    (found,) = verify(tmp_path)
    assert found.flaw
    assert found.path == str(tmp_path / name).replace(".index", "")


def test_without_checksums(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
    model.save_weights(tmp_path / "w.weights.h5")
    keras_ckpt.save_weights(model, tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5", "r+") as file:
        file.attrs["note"] = "mine"
    for found in verify(tmp_path):
        assert found.flaw is None
        assert not found.has_checksums
    np.testing.assert_equal(len(list(verify(tmp_path))), 2)


def test_nothing(tmp_path: pathlib.Path) -> None:
    assert list(verify(tmp_path)) == []
    with pytest.raises(FileNotFoundError, match="absent"):
        list(verify(tmp_path / "absent"))
    (tmp_path / "x.txt").write_text("text")
    (found,) = verify(tmp_path / "x.txt")
    assert found.flaw == "it is in no known format"


def test_each_member_of_an_archive_is_compared(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "m.keras")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    keras_ckpt.save_model(model, path)
    assert registry.flaw(path) is None
    with zipfile.ZipFile(path) as archive:
        members = {each.filename: archive.read(each)[:40] for each in archive.infolist()}
    assert len(members) >= 3
    content = pathlib.Path(path).read_bytes()
    for name, first in members.items():
        damaged = bytearray(content)
        damaged[content.index(first) + 20] ^= 1
        pathlib.Path(path).write_bytes(damaged)
        assert registry.flaw(path) is not None, name
