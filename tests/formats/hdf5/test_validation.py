"""What is checked of an HDF5 file before h5py reads it."""

from __future__ import annotations

import pathlib

import h5py
import pytest

import keras_ckpt


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("others", [0, 20], ids=["few names", "many names"])
@pytest.mark.parametrize("where", ["group", "attribute"])
def test_a_name_that_is_no_text(
    tmp_path: pathlib.Path, where: str, others: int, libver: str
) -> None:
    """h5py gives bytes for it, where all that reads weights takes text."""
    path = tmp_path / "w.weights.h5"
    with h5py.File(path, "w", libver=libver) as file:
        layers = file.create_group("layers")
        layers.create_dataset("a/vars/0", data=[1.0])
        for number in range(others):
            layers.create_group(f"other_{number}")
        if where == "group":
            layers.create_group(b"\xff")
        else:
            scalar = h5py.h5s.create(h5py.h5s.SCALAR)
            h5py.h5a.create(layers.id, b"\xff", h5py.h5t.NATIVE_INT64, scalar)
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match=r"a name in it is no text \(b'\\xff'\)"):
        keras_ckpt.inspect(path)
