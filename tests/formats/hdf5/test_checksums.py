"""The checksums behind HDF5 files."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import registry
from keras_ckpt.formats.hdf5 import checksums, hdf5_file, output

ENDINGS = ("w.h5", "w.weights.h5", "m.h5")


def written(path: pathlib.Path) -> bytes:
    with output.created(str(path)) as file:
        file.create_group("a/b")["values"] = np.arange(50, dtype="float32")
        file["flags"] = np.asarray([True, False])
        file["halves"] = np.arange(9, dtype="float16").reshape(3, 3)
        file["none"] = np.zeros((0, 3))
        file["one"] = 5
        file.attrs["names"] = ["x", "y"]
        file["a"].attrs["text"] = "of a group"
    return path.read_bytes()


def read_all(path: pathlib.Path) -> dict[str, Any]:
    with hdf5_file.opened(str(path), verify=True) as file:
        return {name: data.read() for name, data in file.datasets()}


def test_what_is_written_is_read(tmp_path: pathlib.Path) -> None:
    content = written(tmp_path / "x.h5")
    found = checksums.read("x.h5", io.BytesIO(content))
    assert found is not None
    assert len(found.datasets) == 4
    assert len(content) > found.size
    values = read_all(tmp_path / "x.h5")
    assert values["a/b/values"].tolist() == list(range(50))
    # Others do not see them.
    with h5py.File(tmp_path / "x.h5", "r") as file:
        assert file["a/b/values"][...].tolist() == list(range(50))


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_each_bit_counts(place: float, bit: int, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("bits") / "x.h5"
    content = bytearray(written(path))
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(keras_ckpt.DamagedCheckpoint):
        read_all(path)
    with pytest.raises(keras_ckpt.DamagedCheckpoint):
        hdf5_file.HDF5Format().verify(str(path))


@pytest.mark.parametrize("change", ["value", "attribute", "dataset", "nothing"])
def test_who_changes_the_file_removes_them(change: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.h5"
    written(path)
    with h5py.File(path, "r+") as file:
        if change == "value":
            file["a/b/values"][3] = 30
        elif change == "attribute":
            file.attrs["more"] = "text"
        elif change == "dataset":
            file["more"] = np.ones(100)
    with open(path, "rb") as content:
        assert checksums.read(str(path), content) is None
    assert read_all(path)["a/b/values"][3] == (30 if change == "value" else 3)


def test_a_file_that_is_cut_off_is_damaged(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.h5"
    content = written(path)
    for cut in (len(content) // 2, len(content) - 60):
        path.write_bytes(content[:cut] + content[-40:])
        with pytest.raises(keras_ckpt.DamagedCheckpoint):
            read_all(path)


def test_the_same_bytes_are_not_read_many_times(tmp_path: pathlib.Path) -> None:
    content = io.BytesIO(b"x" * 1000)
    checksums.append(content, [(0, 900)] * 50)
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match="its checksums are damaged"):
        checksums.read("x.h5", content)
    content = io.BytesIO(b"x" * 1000)
    checksums.append(content, [(0, 900), (900, 1 << 60)])
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match="its checksums are damaged"):
        checksums.read("x.h5", content)


keras_3 = pytest.mark.skipif(not runtime.is_keras_3(), reason="what Keras 3 writes")


@keras_3
@pytest.mark.parametrize("name", ENDINGS)
def test_a_flipped_bit_in_a_checkpoint(name: str, tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, name="dense")])
    save = keras_ckpt.save_model if name.startswith("m.") else keras_ckpt.save_weights
    path = tmp_path / name
    save(model, path)
    keras_ckpt.load_weights(model, path)
    before = [runtime.to_numpy(each) for each in model.weights]
    content = bytearray(path.read_bytes())
    start = content.find(before[0].tobytes())
    assert start > 0
    content[start + 3] ^= 64
    path.write_bytes(content)
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match="a checksum"):
        keras_ckpt.load_weights(model, path)
    for one, other in zip(before, model.weights):
        np.testing.assert_array_equal(one, runtime.to_numpy(other))
    if name.startswith("m."):
        with pytest.raises(keras_ckpt.DamagedCheckpoint):
            keras_ckpt.load_model(path)
    assert "checksum" in str(registry.flaw(str(path)))


@keras_3
@pytest.mark.parametrize("name", ["w.weights.h5", "m.h5"])
def test_keras_itself_reads_the_file(name: str, tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
    model.compile("adam", "mse")
    x = np.ones((2, 4), "float32")
    expected = runtime.to_numpy(model(x))
    path = tmp_path / name
    if name == "m.h5":
        keras_ckpt.save_model(model, path)
        found = keras.models.load_model(path)
    else:
        keras_ckpt.save_weights(model, path)
        found = keras.models.clone_model(model)
        found.load_weights(path)
    np.testing.assert_allclose(runtime.to_numpy(found(x)), expected, rtol=1e-6)
