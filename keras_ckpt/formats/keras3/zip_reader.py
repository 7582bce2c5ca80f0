"""What the `.keras` formats share: opening zip archives, and the members of one."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import zipfile
from typing import TYPE_CHECKING, BinaryIO, Iterable, Iterator, cast

from keras_ckpt.errors import DamagedCheckpoint, NotACheckpoint, UnsafeCheckpoint
from keras_ckpt.formats import parsing
from keras_ckpt.storage import files, scratch

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAGIC = b"PK\x03\x04"
_EMPTY = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
# Enough for thousands of members: a model has a few, and vocabularies.
_LARGEST_DIRECTORY = 4 << 20
# Descriptions, which are read whole.
_LARGEST_TEXT = 64 << 20
# So much larger than the file may be what is in it: weights hardly shrink when packed.
_FREE, _RATIO = 32 << 20, 100
# Up to so many bytes a member is read whole, and not in windows.
_SMALL = 1 << 20
_STEP = 1 << 20


def is_archive(path: str) -> bool:
    """Returns whether there is a zip archive at `path`.

    Raises:
        DamagedCheckpoint: if there is one that lacks its end.
    """
    if not files.isfile(path):
        return False
    with files.reading(path) as file:
        start = file.read(4)
        if start == _EMPTY or (start == _MAGIC and zipfile.is_zipfile(file)):
            return True
    if start == _MAGIC:
        raise DamagedCheckpoint(path, "the end of the archive is missing")
    return False


def names(path: str) -> list[str]:
    """Returns the names of the members of the archive at `path`; none if it is not an archive.

    Raises:
        DamagedCheckpoint: if it is damaged.
        UnsafeCheckpoint: if it has what no archive of Keras has.
    """
    if not is_archive(path):
        return []
    with opened(path) as archive:
        return archive.namelist()


@contextlib.contextmanager
def opened(path: str) -> Iterator[zipfile.ZipFile]:
    """Opens the archive at `path`, none of whose members lies elsewhere or is a bomb.

    Raises:
        DamagedCheckpoint: if it is damaged.
        UnsafeCheckpoint: if it has what no archive of Keras has.
    """
    with contextlib.ExitStack() as stack:
        with parsing.reading(path):
            # One file for all: another may take its place meanwhile.
            file = stack.enter_context(files.reading(path))
            _check_directory(path, file)
        with parsing.by_library(path):
            archive = stack.enter_context(zipfile.ZipFile(file))
        with parsing.reading(path):
            _check_members(path, archive)
        yield archive


def _check_directory(path: str, file: BinaryIO) -> None:
    """Raises UnsafeCheckpoint if the list of members is too long to be read."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - (1 << 16) - _END.size - 20)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_EMPTY)
    if at < 0 or len(tail) - at < _END.size:
        raise DamagedCheckpoint(path, "the end of the archive is missing")
    length = _END.unpack_from(tail, at)[5]
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        (place,) = struct.unpack_from("<Q", tail, at - 12)
        if place < size - _END_64.size:
            file.seek(place)
            found = _END_64.unpack(file.read(_END_64.size))
            length = found[8] if found[0] == b"PK\x06\x06" else length
    if length > _LARGEST_DIRECTORY:
        raise _refusal(path, f"its list of members takes {length} bytes")


def _refusal(path: str, found: str) -> UnsafeCheckpoint:
    return UnsafeCheckpoint(
        path, found + ", which no archive of Keras has", "do not use it unless you know its source"
    )


def _check_members(path: str, archive: zipfile.ZipFile) -> None:
    names = set()
    total = 0
    for info in archive.infolist():
        name = info.filename
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0] or "\0" in info.orig_filename:
            raise _refusal(path, f"its member {name!r} lies outside of it")
        if name in names:
            raise _refusal(path, f"it has two members {name!r}")
        if info.flag_bits & 1:
            raise NotACheckpoint(
                path, f"its member {name!r} is encrypted", "pack it again without a password"
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refusal(path, f"its member {name!r} is a link")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotACheckpoint(
                path,
                f"its member {name!r} is packed in a way that is not read",
                "pack it again with `zip`",
            )
        if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            raise DamagedCheckpoint(path, f"it is damaged: the size of {name!r} is wrong")
        names.add(name)
        total += info.file_size
    size = files.getsize(path)
    if total > _FREE + _RATIO * size:
        raise _refusal(path, f"it would unpack to {total} bytes, and has {size}")


def text(path: str, archive: zipfile.ZipFile, name: str) -> bytes:
    """Returns a member that describes the model."""
    with parsing.by_library(path):
        info = archive.getinfo(name)
        if info.file_size > _LARGEST_TEXT:
            raise _refusal(path, f"its {name} takes {info.file_size} bytes")
        return archive.read(info)


def extract(path: str, archive: zipfile.ZipFile, names: Iterable[str], directory: str) -> None:
    """Unpacks members of an archive into a directory."""
    with parsing.by_library(path):
        archive.extractall(directory, names)


def check_others(path: str, archive: zipfile.ZipFile, name: str) -> None:
    """Compares the members but one of an archive with their checksums.

    Raises:
        DamagedCheckpoint: if the bytes of one are not what was written.
    """
    with parsing.by_library(path):
        for info in archive.infolist():
            if info.filename != name:
                with archive.open(info) as stored:
                    while stored.read(_STEP):
                        pass


class _Part(io.RawIOBase):
    """A part of a file as a file of its own: zipfile reads all that it skips."""

    def __init__(self, file: io.BufferedReader, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(
            whence, self._size
        )
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        left = max(0, min(len(view), self._size - self._position))
        self._file.seek(self._start + self._position)
        # Straight into the buffer, which may be a gigabyte.
        done = self._file.readinto(view[:left])
        # HDF5 takes what is in the buffer for read, and follows it, however little that was.
        view[done:] = bytes(len(view) - done)
        self._position += len(view)
        return len(view)


@contextlib.contextmanager
def member(
    path: str, archive: zipfile.ZipFile, name: str, verify: bool = False
) -> Iterator[BinaryIO]:
    """Gives a member of an archive as a file that can be read anywhere.

    Args:
        path: the archive.
        archive: the same, opened.
        name: the member.
        verify: whether to check its bytes against their checksum. What is small or packed is
            read, and so checked, anyway.

    Raises:
        DamagedCheckpoint: if its bytes are not what was written.
    """
    with contextlib.ExitStack() as stack:
        with parsing.by_library(path):
            file = stack.enter_context(_member(path, archive, name, verify))
        yield file


@contextlib.contextmanager
def _member(path: str, archive: zipfile.ZipFile, name: str, verify: bool) -> Iterator[BinaryIO]:
    info = archive.getinfo(name)
    if info.file_size <= _SMALL:
        yield io.BytesIO(archive.read(info))
        return
    if info.compress_type != zipfile.ZIP_STORED:
        # Unpacked once, since each step back in it would unpack all again.
        with scratch.file() as unpacked:
            with archive.open(info) as packed:
                for chunk in iter(lambda: packed.read(_STEP), b""):
                    unpacked.write(chunk)
            yield cast("BinaryIO", unpacked)
        return
    if verify:
        with archive.open(info) as stored:
            while stored.read(_STEP):
                pass
    with cast("io.BufferedReader", files.reading(path)) as file:
        file.seek(info.header_offset)
        name_size, extra_size = struct.unpack("<26x2H", file.read(30))
        yield cast(
            "BinaryIO",
            _Part(file, info.header_offset + 30 + name_size + extra_size, info.file_size),
        )
