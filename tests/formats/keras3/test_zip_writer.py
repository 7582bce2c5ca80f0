"""Members of a zip archive that are written in place, in any order."""

from __future__ import annotations

import io
import pathlib
import shutil
import subprocess
import tempfile
import zipfile
import zlib
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keras_ckpt.formats.keras3 import zip_writer
from keras_ckpt.storage import checksum

LARGE = checksum.OfWrites.LARGE


@given(st.binary(), st.binary(max_size=5000))
@example(b"", b"")
@example(b"\0", b"\0" * 4097)
def test_checksums_of_parts_are_combined(first: bytes, second: bytes) -> None:
    combined = zip_writer.combine(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


@given(st.lists(st.integers(0, 1 << 17), max_size=4), st.integers(0, 255))
def test_checksums_of_many_parts(sizes: list[int], byte: int) -> None:
    parts = [bytes([(byte + number) % 256]) * size for number, size in enumerate(sizes)]
    found = 0
    for part in parts:
        found = zip_writer.combine(found, zlib.crc32(part), len(part))
    assert found == zlib.crc32(b"".join(parts))


def check(content: bytes, expected: dict[str, bytes]) -> None:
    """The archive holds these members, and nobody finds fault with it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(expected)
        for name, data in expected.items():
            assert archive.read(name) == data
            assert archive.getinfo(name).file_size == len(data)


# What is done with the file, each with a position or a size, and data.
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 400), st.binary(max_size=200)),
        st.tuples(st.just("read"), st.integers(0, 500), st.integers(-1, 300)),
        st.tuples(st.just("readinto"), st.integers(0, 500), st.integers(0, 300)),
        st.tuples(st.just("truncate"), st.integers(0, 600), st.none()),
        st.tuples(st.just("flush"), st.none(), st.none()),
    ),
    max_size=12,
)


def do(file: Any, mirror: io.BytesIO, step: tuple[str, Any, Any]) -> None:
    """Does one step with the member and with a file in memory, which have to agree."""
    action, where, what = step
    if action == "flush":
        file.flush()
    elif action == "truncate":
        # A file in memory does not grow by it, as one on a disk does.
        assert file.truncate(where) == where
        mirror.truncate(where)
        mirror.seek(0, io.SEEK_END)
        mirror.write(b"\0" * (where - mirror.tell()))
    else:
        assert file.seek(where) == mirror.seek(where) == file.tell()
        if action == "write":
            assert file.write(what) == mirror.write(what)
        elif action == "read":
            assert file.read(what) == mirror.read(what)
        else:
            ours, its = bytearray(b"x" * what), bytearray(what)
            # HDF5 takes what is past the end for zeros.
            mirror.readinto(its)
            assert file.readinto(ours) == what
            assert ours == its


@given(_STEPS, st.integers(1, 150))
def test_any_order_of_writes(steps: Any, large: int) -> None:
    before, checksum.OfWrites.LARGE = checksum.OfWrites.LARGE, large
    try:
        mirror = io.BytesIO()
        with tempfile.TemporaryFile() as target:
            with zipfile.ZipFile(target, "w") as archive:
                archive.writestr("before", b"first")
                with zip_writer.writing(archive, "member") as file:
                    for step in steps:
                        do(file, mirror, step)
                archive.writestr("after", b"last")
            target.seek(0)
            content = target.read()
    finally:
        checksum.OfWrites.LARGE = before
    check(content, {"before": b"first", "member": mirror.getvalue(), "after": b"last"})


def test_seeking() -> None:
    with zipfile.ZipFile(io.BytesIO(), "w") as archive, zip_writer.writing(
        archive, "member"
    ) as file:
        file.write(b"0123456789")
        assert file.seek(-3, io.SEEK_END) == 7
        assert file.read() == b"789"
        assert file.seek(2) == 2
        assert file.seek(3, io.SEEK_CUR) == 5
        assert file.readable() and file.writable() and file.seekable()
        # What is before the member is others'.
        with pytest.raises(ValueError, match="-1"):
            file.seek(-6, io.SEEK_CUR)
        assert file.tell() == 5


def test_large_writes_that_small_ones_overlap(tmp_path: pathlib.Path) -> None:
    random = np.random.RandomState(0)
    writes = [
        (100, LARGE + 17),
        (LARGE + 200, 2 * LARGE),
        (50, 60),  # over the start of the first
        (LARGE + 100, 200),  # over the end of the first and the start of the second
        (2 * LARGE, 1),  # within the second
        (5 * LARGE, LARGE),  # after a hole
        (6 * LARGE, LARGE),  # beside that, which stays
        (5 * LARGE, LARGE),  # the same once more
    ]
    path, mirror = tmp_path / "a.zip", io.BytesIO()
    with zipfile.ZipFile(str(path), "w") as archive, zip_writer.writing(archive, "member") as file:
        for start, size in writes:
            data = random.bytes(size)
            file.seek(start)
            mirror.seek(start)
            assert file.write(data) == mirror.write(data)
        assert [start for start, _ in sorted(file._checksums.known)] == [5 * LARGE, 6 * LARGE]
        file.truncate(7 * LARGE - 1)
        mirror.truncate(7 * LARGE - 1)
        assert [start for start, _ in file._checksums.known] == [5 * LARGE]
    check(path.read_bytes(), {"member": mirror.getvalue()})


def test_arrays_are_written_as_their_bytes(tmp_path: pathlib.Path) -> None:
    array = np.arange(LARGE, dtype="float64").reshape(2, -1)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(str(path), "w") as archive, zip_writer.writing(archive, "member") as file:
        assert file.write(array) == array.nbytes
    check(path.read_bytes(), {"member": array.tobytes()})


def hdf5_members(path: pathlib.Path) -> dict[str, Any]:
    """Writes an archive with an HDF5 file in it; returns what is in that."""
    values = {
        "small": np.arange(7),
        "large": np.random.RandomState(0).rand(LARGE // 4),
        "chunked": np.ones((300, 300), "float32"),
    }
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("config.json", "{}")
        with zip_writer.writing(archive, "model.weights.h5") as file:
            with h5py.File(file, "w") as written:
                written["small"] = values["small"]
                written["gone"] = np.zeros(1000)
                written["large"] = np.zeros(LARGE // 4)
                written.create_dataset("chunked", data=values["chunked"], compression="gzip")
                del written["gone"]
                written["large"][...] = values["large"]
                written["small"].attrs["name"] = "it"
                written.flush()
                assert np.array_equal(written["large"][...], values["large"])
            with h5py.File(file, "r") as again:
                assert np.array_equal(again["small"][...], values["small"])
    return values


def test_hdf5(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.keras"
    values = hdf5_members(path)
    with zipfile.ZipFile(str(path)) as archive:
        assert archive.testzip() is None
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            assert {name: file[name].shape for name in file} == {
                name: value.shape for name, value in values.items()
            }
            for name, value in values.items():
                assert np.array_equal(file[name][...], value)
            assert file["small"].attrs["name"] == "it"


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip")
def test_unzip_is_content(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.keras"
    hdf5_members(path)
    tested = subprocess.run(
        ["unzip", "-t", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert tested.returncode == 0, tested.stdout
    assert b"No errors detected" in tested.stdout


def test_what_is_raised_inside_comes_out_and_leaves_no_thread(tmp_path: pathlib.Path) -> None:
    parts = []
    path = str(tmp_path / "a.zip")
    with pytest.raises(OSError, match="full"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("before", b"first")
        with zip_writer.writing(archive, "member") as file:
            parts.append(file)
            file.write(b"\0" * LARGE)
            raise OSError("the disk is full")
    with pytest.raises(RuntimeError):
        parts[0]._checksums._pool.submit(print)
    # Nothing but what was complete is in the archive.
    check((tmp_path / "a.zip").read_bytes(), {"before": b"first"})
