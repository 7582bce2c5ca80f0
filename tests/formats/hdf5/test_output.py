"""A file that cannot be written is an error of ours, and HDF5 closes it all the same."""

from __future__ import annotations

import errno
import io
import pathlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import CheckpointError
from keras_ckpt.formats.hdf5 import hdf5_file, output

h5py = pytest.importorskip("h5py")


def open_ones() -> int:
    """Returns how many files HDF5 has not closed: those it crashes with."""
    return int(h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE))


class Failing(io.BytesIO):
    """A file whose operations raise from one of them on."""

    def __init__(self, after: int, error: BaseException) -> None:
        super().__init__()
        self.left, self.error = after, error

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error

    def read(self, *args: Any) -> bytes:
        self._step()
        return super().read(*args)

    def write(self, data: Any) -> int:
        self._step()
        return super().write(data)

    def truncate(self, *args: Any) -> int:
        self._step()
        return super().truncate(*args)

    def flush(self) -> None:
        self._step()


def fill(file: Any, count: int) -> None:
    for number in range(count):
        group = file.create_group(f"group_{number}")
        group.create_dataset("kernel", data=np.full(200, number, "float32")).attrs["of"] = "x" * 99


ERRORS = [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), MemoryError()]


@given(st.integers(0, 400), st.integers(0, 60), st.sampled_from(ERRORS))
def test_whatever_fails_the_file_is_closed(after: int, count: int, error: BaseException) -> None:
    before = open_ones()
    made = Failing(after, error)
    try:
        with output.writing(made) as file:
            fill(file, count)
    except BaseException as raised:
        assert raised is error
    else:
        with h5py.File(io.BytesIO(made.getvalue()), "r") as found:
            assert len(found) == count
            for number in range(count):
                np.testing.assert_array_equal(found[f"group_{number}/kernel"][()], number)
    assert open_ones() == before


def test_what_the_caller_raises_is_raised(tmp_path: pathlib.Path) -> None:
    before = open_ones()
    with pytest.raises(LookupError), output.created(str(tmp_path / "a.h5")) as file:
        file.create_dataset("x", data=np.ones(3))
        raise LookupError
    assert open_ones() == before


def test_a_new_file_has_checksums(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "a.h5")
    with output.created(path) as file:
        fill(file, 3)
        file.create_dataset("large", data=np.arange(3_000_000, dtype="float32"))
    assert hdf5_file.HDF5Format().has_checksums(path)
    content = bytearray(pathlib.Path(path).read_bytes())
    content[len(content) // 2] ^= 1
    pathlib.Path(path).write_bytes(content)
    with pytest.raises(CheckpointError):
        hdf5_file.HDF5Format().verify(path)
