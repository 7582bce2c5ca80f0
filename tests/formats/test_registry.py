"""Which format a name means, and which a content is in."""

from __future__ import annotations

import os
import pathlib
import sys
import zipfile
from typing import Any

import h5py
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import registry
from keras_ckpt.formats.base import Probe

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

#: What TensorFlow 2.15 wrote by each name: weights, and whole models.
MEANT = {
    "a.weights.h5": ("KerasWeights", "HDF5Model"),
    "a.h5": ("HDF5Weights", "HDF5Model"),
    "a.hdf5": ("HDF5Weights", "HDF5Model"),
    "a.keras": ("KerasWeightsArchive", "KerasArchive"),
    "a": ("TFCheckpoint", "SavedModel"),
    "a.ckpt": ("TFCheckpoint", "SavedModel"),
    "a.H5": ("TFCheckpoint", "SavedModel"),
}
#: What Keras 3 reads by itself; a whole model in HDF5 by the name of its own weights it may not.
NATIVE = {(kind, name) for kind in "wm" for name in ("a.h5", "a.hdf5", "a.keras")}
NATIVE.add(("w", "a.weights.h5"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """One checkpoint by each name, of weights in `w/` and of whole models in `m/`."""
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    home = tmp_path_factory.mktemp("saved")
    for name in MEANT:
        keras_ckpt.save_weights(model, home / "w" / name)
        keras_ckpt.save_model(model, home / "m" / name)
    return home


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("kind", ["w", "m"])
def test_what_a_name_means_is_what_is_found(saved: pathlib.Path, name: str, kind: str) -> None:
    meant = registry.format_written(saved / kind / name, weights_only=kind == "w")
    assert type(meant).__name__ == MEANT[name][kind == "m"]
    assert registry.format_of(saved / kind / name) is meant


@pytest.mark.parametrize("name", ["a.weights.json", "a.safetensors"])
def test_what_holds_weights_alone_takes_no_whole_model(name: str, tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    for act in (
        lambda: keras_ckpt.save_model(model, tmp_path / name),
        lambda: keras_ckpt.ModelCheckpoint(tmp_path / name),
    ):
        with pytest.raises(ValueError, match="holds weights, and no model. Save the weights alone"):
            act()
    assert list(tmp_path.iterdir()) == []
    keras_ckpt.ModelCheckpoint(tmp_path / name, save_weights_only=True)


@pytest.mark.parametrize(
    ("name", "module"), [("a.safetensors", "safetensors"), ("a.orbax", "orbax")]
)
def test_a_missing_package_is_said_before_training(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *args: None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'pip install "keras-ckpt\[{module}\]"'):
        keras_ckpt.ModelCheckpoint(name, save_weights_only=True)


def test_no_checkpoint_is_no_path(tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    newest = keras_ckpt.latest_checkpoint(tmp_path)
    assert newest is None
    for act in (
        lambda: keras_ckpt.load_weights(model, newest),
        lambda: keras_ckpt.load_model(newest),
    ):
        with pytest.raises(FileNotFoundError, match="path of the checkpoint is None"):
            act()


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("kind", ["w", "m"])
def test_a_file_is_opened_once_to_find_its_format(
    saved: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    opened = []

    def count(kind: type, attribute: str) -> None:
        original = getattr(kind, attribute)

        def counted(self: Any, *args: Any, **kwargs: Any) -> None:
            opened.append(kind)
            original(self, *args, **kwargs)

        monkeypatch.setattr(kind, attribute, counted)

    count(h5py.File, "__init__")
    count(zipfile.ZipFile, "__init__")
    registry.format_of(saved / kind / name)
    # `zipfile.is_zipfile` makes no object.
    assert len(opened) == (name.lower().endswith((".h5", ".hdf5", ".keras")) and "H5" not in name)


def test_a_look_is_taken_once() -> None:
    looks = []

    def look(path: str) -> int:
        looks.append(path)
        return len(looks)

    probe = Probe("a")
    assert [probe.ask(look), probe.ask(look), probe.ask(len)] == [1, 1, 1]
    assert looks == ["a"]


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("kind", ["w", "m"])
def test_what_keras_reads_by_itself(saved: pathlib.Path, name: str, kind: str) -> None:
    keras = runtime.keras()
    path = os.fspath(saved / kind / name)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    load = keras.models.load_model if kind == "m" else model.load_weights
    readable = registry.natively_readable(path)
    assert readable == ((kind, name) in NATIVE)
    if readable:
        load(path)


def test_what_is_not_there_is_named_with_what_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "cp-3.index").touch()
    with pytest.raises(FileNotFoundError, match="Its directory holds cp-3"):
        registry.format_of(tmp_path / "cp-4")
    with pytest.raises(FileNotFoundError, match="nor a directory"):
        registry.format_of(tmp_path / "no" / "cp-4")
    (tmp_path / "empty").touch()
    with pytest.raises(keras_ckpt.NotACheckpoint, match="it is empty"):
        registry.format_of(tmp_path / "empty")
    with pytest.raises(keras_ckpt.NotACheckpoint, match="it is a directory, without a SavedModel"):
        registry.format_of(tmp_path)


def damage(path: pathlib.Path, name: str) -> None:
    """Damages a byte of a value in the checkpoint, or cuts an HDF5 file, which has no checksums."""
    if path.is_dir():
        (path,) = path.rglob("*.keras")
    elif not path.exists():
        path = path.with_name(path.name + ".data-00000-of-00001")
    content = bytearray(path.read_bytes())
    if name.endswith((".h5", ".hdf5")):
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 255
        content[10] ^= 255
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("kind", ["w", "m"])
def test_a_damaged_checkpoint_is_passed_over(name: str, kind: str, tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    save = keras_ckpt.save_weights if kind == "w" else keras_ckpt.save_model
    template = str(tmp_path / name.replace("a", "a{epoch}", 1))
    paths = [template.format(epoch=number) for number in (1, 2, 3)]
    for number, path in enumerate(paths):
        save(model, path)
        for part in tmp_path.iterdir():
            if part.name.startswith(os.path.basename(path)):
                os.utime(part, (number, number))
    assert keras_ckpt.latest_checkpoint(template) == paths[2]
    damage(pathlib.Path(paths[2]), name)
    os.utime(next(tmp_path.glob(os.path.basename(paths[2]) + "*")), (9, 9))
    with pytest.warns(UserWarning, match="is passed over for an older checkpoint"):
        assert keras_ckpt.latest_checkpoint(template) == paths[1]
    for path in paths[:2]:
        damage(pathlib.Path(path), name)
    with pytest.warns(UserWarning, match="is passed over"):
        assert keras_ckpt.latest_checkpoint(template) is None


def test_a_state_file_that_leads_elsewhere_is_not_followed(tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    keras_ckpt.save_weights(model, tmp_path / "outside")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "checkpoint").write_text('model_checkpoint_path: "../outside"\n')
    assert keras_ckpt.latest_checkpoint(tmp_path / "inside") is None
