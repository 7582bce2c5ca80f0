"""Only archives as Keras writes them are opened, and their members can be read anywhere."""

from __future__ import annotations

import io
import os
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt.errors import DamagedCheckpoint, NotACheckpoint, UnsafeCheckpoint
from keras_ckpt.formats.keras3 import zip_reader

LARGE = bytes(range(256)) * (3 << 12)


def packed(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return str(path)


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_what_is_an_archive(tmp_path):
    path = packed(tmp_path / "m.keras", [("config.json", b"{}")])
    assert zip_reader.is_archive(path) and zip_reader.names(path) == ["config.json"]
    assert zip_reader.is_archive(packed(tmp_path / "empty", []))
    (tmp_path / "text").write_bytes(b"no archive")
    for name in ("text", "absent", "."):
        assert not zip_reader.is_archive(str(tmp_path / name))
        assert zip_reader.names(str(tmp_path / name)) == []


@pytest.mark.parametrize(
    ("members", "error", "match"),
    [
        ([("../a", b"")], UnsafeCheckpoint, "lies outside of it"),
        ([("a/../../b", b"")], UnsafeCheckpoint, "lies outside of it"),
        ([("/etc/a", b"")], UnsafeCheckpoint, "lies outside of it"),
        ([("c:/a", b"")], UnsafeCheckpoint, "lies outside of it"),
        ([("..\\a", b"")], UnsafeCheckpoint, "lies outside of it"),
        ([(link("a"), b"/etc/passwd")], UnsafeCheckpoint, "is a link"),
    ],
)
def test_what_no_archive_of_keras_has(tmp_path, members, error, match):
    path = packed(tmp_path / "m.keras", members)
    with pytest.raises(error, match=match), zip_reader.opened(path):
        pass


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path):
    path = packed(tmp_path / "m.keras", [("a", b"1"), ("a", b"2")])
    with pytest.raises(UnsafeCheckpoint, match="two members 'a'"), zip_reader.opened(path):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack(tmp_path, method):
    path = packed(tmp_path / "m.keras", [("a", b"1" * 100)], method)
    with pytest.raises(NotACheckpoint, match="packed in a way"), zip_reader.opened(path):
        pass


def test_a_bomb(tmp_path):
    path = packed(tmp_path / "m.keras", [("a", bytes(64 << 20))], zipfile.ZIP_DEFLATED)
    with pytest.raises(UnsafeCheckpoint, match="would unpack to"), zip_reader.opened(path):
        pass


@settings(max_examples=50)
@given(st.data())
def test_what_was_cut_is_damaged(tmp_path_factory, draw):
    path = packed(tmp_path_factory.mktemp("cut") / "m.keras", [("a", b"1" * 50), ("b", b"2")])
    os.truncate(path, draw.draw(st.integers(4, os.path.getsize(path) - 1)))
    with pytest.raises(DamagedCheckpoint), zip_reader.opened(path):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("data", [b"", b"small", LARGE])
def test_members_are_read_anywhere(tmp_path, data, method):
    path = packed(tmp_path / "m.keras", [("first", b"x"), ("a", data), ("last", b"y")], method)
    with zip_reader.opened(path) as archive, zip_reader.member(path, archive, "a") as file:
        expected = io.BytesIO(data)
        for offset, whence in [(0, 0), (-3, 2), (2, 0), (1, 1), (len(data) // 2, 0)]:
            if whence == 2 and len(data) < 3:
                continue
            assert file.seek(offset, whence) == expected.seek(offset, whence) == file.tell()
            there = expected.read(40)
            # HDF5 takes all of its buffer for read: past the end there are zeros.
            assert file.read(40)[: len(there)] == there


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_byte_is_found_where_it_is_asked_for(tmp_path, method):
    path = packed(tmp_path / "m.keras", [("a", LARGE)], method)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        (byte,) = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0x40]))
    with zip_reader.opened(path) as archive:
        member = zip_reader.member(path, archive, "a", verify=True)
        with pytest.raises(DamagedCheckpoint), member:
            pass
