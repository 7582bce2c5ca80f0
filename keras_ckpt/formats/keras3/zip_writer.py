"""Writes a member of a zip archive in place: an HDF5 file, which is not written from end to end.

`zipfile` takes a member as a stream, so that others write the HDF5 file first and copy it then.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, Iterator

from keras_ckpt.storage.checksum import OfWrites

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_CHUNK = 1 << 24


class _Part(io.BytesIO):
    """The rest of a file, from a position on, as a file of its own.

    It is a `BytesIO` because Keras takes no other. The checksums of large writes are taken while
    they are written.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._start = file.tell()
        self._position = 0
        self._size = 0
        self._checksums = OfWrites(zlib.crc32)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._position)
        self._file.seek(self._start + self._position)
        data: bytes = self._file.read(left if size is None or size < 0 else min(left, size))
        self._position += len(data)
        return data

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        # HDF5 takes what is in the buffer for read, however little that was.
        view[:] = data.ljust(len(view), b"\0")
        return len(view)

    def write(self, buffer: ReadableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if not view:
            return 0  # It makes no file longer, wherever it would be.
        start, end = self._position, self._position + len(view)
        with self._checksums.writing(start, view):
            self._file.seek(self._start + start)
            for at in range(0, len(view), _CHUNK):
                self._file.write(view[at : at + _CHUNK])
        self._position = end
        self._size = max(self._size, end)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._size = self._position if size is None else size
        self._checksums.truncate(self._size)
        self._file.truncate(self._start + self._size)
        return self._size

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Ends the thread; the archive stays open."""
        self._checksums.close()

    def finish(self) -> tuple[int, int]:
        """Returns the size and the checksum of all."""
        crc, position = 0, 0
        for (start, size), known in sorted(self._checksums.known.items()):
            crc = self._checksum(position, start, crc)
            crc = combine(crc, known, size)
            position = start + size
        return self._size, self._checksum(position, self._size, crc)

    def _checksum(self, start: int, end: int, crc: int) -> int:
        self._position = start
        while self._position < end:
            data = self.read(min(_CHUNK, end - self._position))
            if not data:
                raise EOFError("the file is shorter than what was written to it")
            crc = zlib.crc32(data, crc)
        return crc


def combine(first: int, second: int, size: int) -> int:
    """Returns the CRC-32 of two parts of data, one after the other.

    Args:
        first: CRC-32 of the first part.
        second: CRC-32 of the second.
        size: bytes of the second.

    Example:

    ```python
    assert combine(zlib.crc32(b"ab"), zlib.crc32(b"c"), 1) == zlib.crc32(b"abc")
    ```
    """
    # The remainder of the first is carried past the second, bit by bit of its length: a matrix
    # over GF(2) carries it past a zero bit, and the square of one carries it past twice as many.
    matrix = [0xEDB88320] + [1 << bit for bit in range(31)]
    for _ in range(3):
        matrix = _square(matrix)
    while size:
        if size & 1:
            first = _times(matrix, first)
        matrix = _square(matrix)
        size >>= 1
    return first ^ second


def _times(matrix: list[int], vector: int) -> int:
    product, column = 0, 0
    while vector:
        if vector & 1:
            product ^= matrix[column]
        vector >>= 1
        column += 1
    return product


def _square(matrix: list[int]) -> list[int]:
    return [_times(matrix, column) for column in matrix]


@contextlib.contextmanager
def writing(archive: zipfile.ZipFile, name: str) -> Iterator[io.BytesIO]:
    """Gives a file to write anywhere in, which becomes the member `name`, stored as it is.

    Args:
        archive: archive that is open for writing; nothing else may be written to it meanwhile.
        name: name of the member.
    """
    private: Any = archive  # zipfile has no public way to add what is already written.
    file = private.fp
    info = zipfile.ZipInfo(name, time.localtime()[:6])
    # Python 3.10 and before have none of these at first.
    info.CRC = info.compress_size = info.file_size = 0
    info.header_offset = archive.start_dir
    file.seek(info.header_offset)
    # With room for sizes of any length, which are known at the end only.
    file.write(info.FileHeader(zip64=True))
    part = _Part(file)
    try:
        yield part
    except BaseException:
        # The archive ends where it did, so that what closes it has it as it was.
        file.seek(info.header_offset)
        file.truncate()
        raise
    finally:
        part.close()
    info.file_size, info.CRC = part.finish()
    info.compress_size = info.file_size
    file.seek(info.header_offset)
    file.write(info.FileHeader(zip64=True))
    archive.start_dir = file.seek(0, os.SEEK_END)
    archive.filelist.append(info)
    archive.NameToInfo[name] = info
    private._didModify = True
