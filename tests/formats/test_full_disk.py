"""A disk that is full is an OSError. What was there stays, and nothing is left behind."""

from __future__ import annotations

import os
import pathlib
import sys
import warnings

import h5py
import pytest
import writer
from test_snapshot import KINDS

from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)
if sys.platform == "win32":
    pytest.skip("the system has no limit for the size of files", allow_module_level=True)

#: Of the 64 KiB that the weights take.
SIZES = (0, 1000, 20_000, 60_000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "weights_only"), KINDS)
def test_a_full_disk(name: str, weights_only: bool, size: int, tmp_path: pathlib.Path) -> None:
    if "orbax" in name and size > 1000:
        pytest.skip("Orbax compresses: all of its files are smaller")
    path = str(tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old, new = writer.snapshots(path, weights_only, 2)
        old.write(path)
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(OSError), writer.limited(size):
            new.write(path)
        assert sorted(os.listdir(tmp_path)) == before
        assert writer.value(path, weights_only, writer.model()) == 1.0
        new.write(path)
        assert writer.value(path, weights_only, writer.model()) == 2.0
    # HDF5 would crash the process later.
    assert not h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)
