"""The file that HDF5 is written to, whose errors the library does not see."""

from __future__ import annotations

import contextlib
import importlib
import os
from types import ModuleType
from typing import IO, TYPE_CHECKING, Iterator

from keras_ckpt._typing import H5Group
from keras_ckpt.formats.hdf5 import checksums
from keras_ckpt.storage import checksum

if TYPE_CHECKING:
    from typing import Protocol

    from _typeshed import ReadableBuffer, WriteableBuffer
else:  # Python 3.7 has none.
    Protocol = object

# What HDF5 may want to read again of what could not be written: not the values of variables.
_LONGEST = 1 << 20
_MOST = 64 << 20


def h5py() -> ModuleType:
    """Returns the module h5py.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise ImportError(
            "HDF5 checkpoints need the package h5py. Install it with `pip install h5py`."
        ) from None


class File(Protocol):
    """A file that is open to be read and written."""

    def read(self, size: int) -> bytes: ...

    def seek(self, offset: int, whence: int = ...) -> int: ...

    def write(self, view: memoryview) -> int: ...

    def truncate(self, size: int) -> int: ...

    def flush(self) -> None: ...


class Output:
    """A file that remembers why it could not be written, and goes on as if it had been.

    HDF5 does not get over an error of its file: it cannot close it any more, and crashes the
    process later, in whatever other file it reads.

    Args:
        file: the file, open to be read and written.

    Attributes:
        error: what was raised first, `None` if nothing was.
    """

    def __init__(self, file: File) -> None:
        self.error: BaseException | None = None
        self._file = file
        self._position = 0
        self._size = file.seek(0, os.SEEK_END)
        self._unwritten: list[tuple[int, bytes]] = []
        self._kept = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data, start = b"", self._position
        with self._remembering():
            self._file.seek(start)
            data = self._file.read(len(view))
        # HDF5 takes what is in the buffer for read, however little that was.
        view[:] = data.ljust(len(view), b"\0")
        for at, part in self._unwritten:
            first, last = max(at, start), min(at + len(part), start + len(view))
            if first < last:
                view[first - start : last - start] = part[first - at : last - at]
        self._position += len(view)
        return len(view)

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        data = bytearray(left if size < 0 else min(left, size))
        self.readinto(data)
        return bytes(data)

    def write(self, buffer: ReadableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self.error is None:
            with self._remembering():
                self._file.seek(self._position)
                self._file.write(view)
        if self.error is not None and len(view) <= _LONGEST and self._kept <= _MOST:
            self._unwritten.append((self._position, bytes(view)))
            self._kept += len(view)
        self._position += len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._size = self._position if size is None else size
        if self.error is None:
            with self._remembering():
                self._file.truncate(self._size)
        return self._size

    def flush(self) -> None:
        if self.error is None:
            with self._remembering():
                self._file.flush()

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # Also an interrupt by the user.
            self.error = self.error or error


@contextlib.contextmanager
def writing(file: File) -> Iterator[H5Group]:
    """Gives a new file of h5py that is written to another file.

    Args:
        file: the file, open to be read and written.

    Raises:
        OSError: if the file system fails, when all is written that could be.
    """
    output = Output(file)
    try:
        with h5py().File(output, "w") as made:
            yield made
    except BaseException as error:
        if output.error is not None and output.error is not error:
            raise output.error from error
        raise
    if output.error is not None:
        raise output.error


class _Checksummed:
    """A file of which the checksums of large writes are taken while they are written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.checksums = checksum.OfWrites(checksum.crc32c)
        self.read, self.seek, self.flush = file.read, file.seek, file.flush

    def write(self, view: memoryview) -> int:
        with self.checksums.writing(self._file.tell(), view):
            return self._file.write(view)

    def truncate(self, size: int) -> int:
        self.checksums.truncate(size)
        return self._file.truncate(size)


@contextlib.contextmanager
def created(path: str) -> Iterator[H5Group]:
    """Gives a new HDF5 file of h5py, open to be written, which gets checksums when it is closed.

    Raises:
        OSError: if the file system fails.
    """
    with open(path, "w+b") as file:
        checked = _Checksummed(file)
        try:
            with writing(checked) as made:
                yield made
                made.flush()
                datasets = checksums.places(made)
            checksums.append(file, datasets, checked.checksums.known)
        finally:
            checked.checksums.close()
