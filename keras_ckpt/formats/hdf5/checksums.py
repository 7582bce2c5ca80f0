"""The checksums behind an HDF5 file: HDF5 has none of values.

They come after what HDF5 takes for the end of the file, so that no reader looks at them. A program
that changes the file by means of the library cuts them off: then the file has none.

Each is a CRC-32C: one of each dataset that lies in one piece, and one of all else. Then come the
size of the HDF5, how many datasets there are, the checksum of all that, and `MAGIC`.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Iterable, Iterator, Mapping

from keras_ckpt._typing import H5Dataset, H5Group
from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.storage import checksum

MAGIC = b"\x89keras_ckpt\r\n\x1a\n\x00"
AGAIN = "save it again, or load an older checkpoint"
_ENTRY = struct.Struct("<QQI")
_FOOTER = struct.Struct("<IQII16s")
# A dataset that is read in one piece has the bytes of its array: of these kinds it always does.
_KINDS = "biufcV"


class Checksums:
    """What a file was when it was written.

    Args:
        path: the file.
        size: how many bytes the HDF5 has.
        rest: the checksum of all that is in no dataset.
        datasets: the place, the size and the checksum of each dataset.
    """

    def __init__(
        self, path: str, size: int, rest: int, datasets: list[tuple[int, int, int]]
    ) -> None:
        self.path = path
        self.size = size
        self.rest = rest
        self.datasets = datasets

    def check(self) -> None:
        """Raises DamagedCheckpoint if anything in the file has changed."""
        gaps = list(_gaps(self.size, ((start, size) for start, size, _ in self.datasets)))
        parts = [(gaps, self.rest)]
        parts += [([(start, size)], crc) for start, size, crc in self.datasets]
        if next(checksum.changed(self.path, parts), None) is not None:
            raise DamagedCheckpoint(
                self.path, "it is damaged: a checksum of its values is wrong", AGAIN
            )


def places(file: H5Group) -> list[tuple[int, int]]:
    """Returns where the datasets of an open file are that lie in one piece, and their sizes."""
    found: list[tuple[int, int]] = []

    def visit(name: str, data: H5Group | H5Dataset) -> None:
        if hasattr(data, "shape") and _is_plain(data):
            start = data.id.get_offset()
            if start is not None:
                found.append((int(start), int(data.id.get_storage_size())))

    file.visititems(visit)
    return sorted(set(found))


def _is_plain(data: H5Dataset) -> bool:
    return data.dtype.kind in _KINDS and data.dtype.names is None and data.chunks is None


def append(
    file: BinaryIO,
    datasets: Iterable[tuple[int, int]],
    known: Mapping[tuple[int, int], int] | None = None,
) -> None:
    """Writes the checksums of a file behind it.

    Args:
        file: the file, which HDF5 has been written to.
        datasets: where its datasets begin, and their sizes.
        known: the checksums of some of them. Defaults to `None`: of none.
    """
    size = file.seek(0, os.SEEK_END)
    known = known or {}
    datasets = list(datasets)
    rest = checksum.of_parts(file, _gaps(size, datasets))
    found = [known.get(each) for each in datasets]
    table = b"".join(
        _ENTRY.pack(*each, checksum.of_parts(file, [each]) if crc is None else crc)
        for each, crc in zip(datasets, found)
    )
    crc = checksum.crc32c(table + struct.pack("<IQI", rest, size, len(datasets)))
    file.seek(size)
    file.write(table + _FOOTER.pack(rest, size, len(datasets), crc, MAGIC))


def read(path: str, file: BinaryIO) -> Checksums | None:
    """Returns the checksums of a file, None if it has none.

    Raises:
        DamagedCheckpoint: if they are damaged themselves.
    """
    total = file.seek(0, os.SEEK_END)
    if total < _FOOTER.size:
        return None
    file.seek(total - _FOOTER.size)
    rest, size, count, crc, magic = _FOOTER.unpack(file.read(_FOOTER.size))
    length = count * _ENTRY.size
    fits = size + length + _FOOTER.size == total
    if magic != MAGIC and not fits:
        return None
    if magic != MAGIC or not fits:
        raise DamagedCheckpoint(path, "its checksums are damaged", AGAIN)
    file.seek(size)
    table = file.read(length)
    if checksum.crc32c(table + struct.pack("<IQI", rest, size, count)) != crc:
        raise DamagedCheckpoint(path, "its checksums are damaged", AGAIN)
    datasets = list(_ENTRY.iter_unpack(table))
    ends = [0, *(start + length for start, length, _ in datasets)]
    # Nobody is to read the same bytes a million times.
    if any(each[0] < end for each, end in zip(datasets, ends)) or ends[-1] > size:
        raise DamagedCheckpoint(path, "its checksums are damaged", AGAIN)
    return Checksums(path, size, rest, datasets)


def _gaps(size: int, datasets: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields where what is in no dataset begins, and its sizes."""
    position = 0
    for start, length in sorted(datasets):
        if start > position:
            yield position, start - position
        position = max(position, start + length)
    if size > position:
        yield position, size - position
