"""CRC-32C, the checksum of TensorFlow's files: by the package google-crc32c, or else by NumPy.

The package uses the instruction that processors have for it. Where it has no compiled part for the
machine, NumPy does it as follows. A CRC is the remainder of the message, read as a polynomial over
GF(2), by the generator. Whoever has the remainder by any multiple of the generator has the CRC, and
the multiples below have four terms only: replacing a 64-bit word by its remainder takes three XORs
with later words, which NumPy does for thousands of words at once, without a table.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import os
import warnings
from typing import BinaryIO, Callable, Iterable, Iterator, Sequence, Tuple

import numpy as np

from keras_ckpt._typing import Buffer
from keras_ckpt.storage import files

_MASK_DELTA = 0xA282EAD8
# What is shorter costs less by the byte, or in halves.
_SHORT = 64
# From here on the square of the multiple is faster: as a whole, and as pieces of more.
_LARGE, _LARGE_PIECE = 1 << 22, 1 << 20
# What is read at a time, how large a file is worth threads, and how many it is.
_PIECE, _WORTH_THREADS, _THREADS = 1 << 20, 1 << 24, 8


class _Multiple:
    """A multiple of a generator that has four terms, with which words are folded.

    Args:
        degree, terms: the exponents of its terms, in powers of x**64: they count words.
    """

    def __init__(self, degree: int, terms: tuple[int, int, int]) -> None:
        self.degree, self._terms = degree, terms
        self._stride = degree - terms[0]  # words that can be folded at once
        self._block = 4 * self._stride

    def squared(self) -> _Multiple:
        """Returns the square: over GF(2) that squares each term."""
        first, second, third = (2 * term for term in self._terms)
        return _Multiple(2 * self.degree, (first, second, third))

    def begun(self, head: np.ndarray) -> np.ndarray:
        """Returns what `fold` works in: `degree` words of the message, and room for a block."""
        work = np.zeros(self.degree + self._block, dtype="<u8")
        work[self.degree - len(head) : self.degree] = head
        return work

    def fold(self, work: np.ndarray, words: np.ndarray) -> None:
        """Leaves in the first `degree` words the remainder of them and the words after them."""
        degree, stride, size = self.degree, self._stride, self._block
        for start in range(0, len(words), size):
            block = words[start : start + size]
            work[degree : degree + len(block)] = block
            for low in range(0, len(block), stride):
                high = work[low : min(low + stride, len(block))]
                for term in self._terms:
                    begin = low + degree - term
                    work[begin : begin + len(high)] ^= high
            work[:degree] = work[len(block) : len(block) + degree].copy()

    def rest(self, work: np.ndarray) -> np.ndarray:
        """Returns the remainder, in words of 32 bits."""
        return work[: self.degree].view("<u4")


class Crc:
    """A CRC of 32 bits, as it is taken of `data` by calling it.

    Args:
        generator: the bits of the generator reversed, as bytes arrive with their lowest bit first.
        degree, terms: the exponents of a multiple of the generator. The same in powers of x**64 is
            one, too, as x**64 is x squared six times.

    Example:

    ```python
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"456789", crc32c(b"123")) == 0xE3069283
    ```
    """

    def __init__(self, generator: int, degree: int, terms: tuple[int, int, int]) -> None:
        self._small = _Multiple(degree, terms)
        # More words in each operation: less is done one word at a time, but more remains to be.
        self._large = self._small.squared()
        self._table = _byte_table(generator)
        self._shifts: list[list[np.ndarray]] = []

    def __call__(self, data: Buffer, crc: int = 0) -> int:
        """Returns the CRC of `data`, continuing from `crc`.

        Args:
            data: bytes, or anything with the buffer protocol.
            crc: CRC of what came before.
        """
        return self._update(_as_bytes(data), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def of_pieces(self, pieces: Iterable[Buffer]) -> int:
        """Returns the CRC of data that comes in pieces, each of which may be written over then.

        Args:
            pieces: the pieces, as for a call; it is fastest if they are of a MiB and, but for the
                last, of a multiple of eight bytes.
        """
        register, work, multiple = 0xFFFFFFFF, None, self._small
        for piece in pieces:
            data = _as_bytes(piece)
            if len(data) % 8 == 0 and len(data) >= 16 * multiple.degree:
                if work is None:
                    multiple = self._large if len(data) >= _LARGE_PIECE else self._small
                    head, words = _words(data, register, 8)
                    work = multiple.begun(head)
                else:
                    words = np.frombuffer(data, dtype="<u8")
                multiple.fold(work, words)
                continue
            if work is not None:
                register, work = self._reduced(multiple.rest(work)), None
                multiple = self._small
            register = self._update(data, register)
        if work is not None:
            register = self._reduced(multiple.rest(work))
        return register ^ 0xFFFFFFFF

    def _update(self, data: memoryview, register: int) -> int:
        if len(data) < _SHORT:
            return self._bytewise(bytes(data), register)
        multiple = self._small if len(data) < _LARGE else self._large
        if len(data) < 16 * multiple.degree:
            return self._reduced(np.concatenate(_words(data, register, 4)))
        head, words = _words(data, register, 8)
        work = multiple.begun(head)
        multiple.fold(work, words)
        return self._reduced(multiple.rest(work))

    def _reduced(self, words: np.ndarray) -> int:
        """Returns the register after a message of 32-bit words, the first of which had it."""
        levels = (len(words) - 1).bit_length()
        lanes = np.zeros(1 << levels, dtype="<u4")
        lanes[len(lanes) - len(words) :] = words
        for level in range(levels - 1, -1, -1):
            half = 1 << level
            lanes = _shift(lanes[:half], self._shift_tables(level)) ^ lanes[half:]
        return int(_shift(lanes, self._shift_tables(0))[0])

    def _bytewise(self, data: bytes, register: int) -> int:
        for byte in data:
            register = (register >> 8) ^ self._table[(register ^ byte) & 0xFF]
        return register

    def _shift_tables(self, level: int) -> list[np.ndarray]:
        """Returns four tables that carry a remainder past 2**level 32-bit words of zeros."""
        while len(self._shifts) <= level:
            tables = [np.arange(256, dtype=np.uint32) << np.uint32(8 * i) for i in range(4)]
            if self._shifts:
                half = self._shifts[-1]
                carried = [_shift(_shift(table, half), half) for table in tables]
            else:
                carried = [self._four_zero_bytes(table) for table in tables]
            self._shifts.append(carried)
        return self._shifts[level]

    def _four_zero_bytes(self, word: np.ndarray) -> np.ndarray:
        table = np.array(self._table, dtype=np.uint32)
        for _ in range(4):
            word = (word >> np.uint32(8)) ^ table[word & np.uint32(0xFF)]
        return word


def _byte_table(generator: int) -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (generator if byte & 1 else 0)
        table.append(byte)
    return table


def _shift(word: np.ndarray, tables: list[np.ndarray]) -> np.ndarray:
    parts = np.ascontiguousarray(word).view(np.uint8).reshape(word.shape + (4,))
    shifted = tables[0][parts[..., 0]]
    for i in (1, 2, 3):
        shifted ^= tables[i][parts[..., i]]
    return shifted


def _words(data: Buffer, register: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns `data` as words: two with its odd bytes and the register, then the others.

    Zeros in front leave a remainder as it is, so that the first two may begin with some.
    """
    odd = size + len(data) % size
    head = np.zeros(2 * size, dtype=np.uint8)
    head[2 * size - odd :] = np.frombuffer(data, dtype=np.uint8, count=odd)
    first = 2 * size - odd
    head[first : first + 4] ^= np.frombuffer(register.to_bytes(4, "little"), dtype=np.uint8)
    dtype = f"<u{size}"
    return head.view(dtype), np.frombuffer(data, dtype=dtype, offset=odd)


def _as_bytes(data: Buffer) -> memoryview:
    if isinstance(data, np.ndarray):
        data = data.reshape(-1).view(np.uint8).data
    view = memoryview(data)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


class LibraryCrc32c:
    """CRC-32C by the package google-crc32c, called as `Crc` is.

    Args:
        extend: its function that continues a checksum.
    """

    def __init__(self, extend: Callable[[int, np.ndarray], int]) -> None:
        self._extend = extend

    def __call__(self, data: Buffer, crc: int = 0) -> int:
        """Returns the CRC of `data`, continuing from `crc`, as `Crc` does."""
        view = _as_bytes(data)
        # It takes no memoryview, but arrays.
        return self._extend(crc, np.frombuffer(view, dtype=np.uint8)) if len(view) else crc

    def of_pieces(self, pieces: Iterable[Buffer]) -> int:
        """Returns the CRC of data that comes in pieces, as `Crc` does."""
        crc = 0
        for piece in pieces:
            crc = self(piece, crc)
        return crc


class OfWrites:
    """The checksums of the large writes to a file, each taken while it is written.

    Args:
        function: what takes a checksum. It should not hold Python's lock, as writing does not.
    """

    # What is worth a thread of its own.
    LARGE = 1 << 20

    def __init__(self, function: Callable[[memoryview], int]) -> None:
        self._function = function
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        #: The checksums, by where the writes begin and by their sizes.
        self.known: dict[tuple[int, int], int] = {}

    @contextlib.contextmanager
    def writing(self, start: int, data: memoryview) -> Iterator[None]:
        """Takes the checksum of `data`, which is written at `start` in a `with` block."""
        for other in [each for each in self.known if each[0] < start + len(data)]:
            if start < sum(other):
                del self.known[other]
        if len(data) < self.LARGE:
            yield
            return
        found = self._pool.submit(self._function, data)
        try:
            yield
        finally:
            crc = found.result()
        self.known[start, len(data)] = crc

    def truncate(self, size: int) -> None:
        """Forgets what is behind the new end of the file."""
        self.known = {where: crc for where, crc in self.known.items() if sum(where) <= size}

    def close(self) -> None:
        """Ends the thread."""
        self._pool.shutdown()


def of_library() -> LibraryCrc32c | None:
    """Returns CRC-32C by google-crc32c; None if it is not installed, or has no compiled part."""
    try:
        with warnings.catch_warnings():
            # It warns that it has no compiled part.
            warnings.simplefilter("ignore")
            module = importlib.import_module("google_crc32c")
    except ImportError:
        return None
    return LibraryCrc32c(module.extend) if module.implementation == "c" else None


numpy_crc32c = Crc(0x82F63B78, 6777, (484, 100, 0))
crc32c: Crc | LibraryCrc32c = of_library() or numpy_crc32c


def of_file(path: str) -> int:
    """Returns the checksum of a file."""
    with files.reading(path, buffering=0) as file:
        return of_parts(file, [(0, files.size_of(file))])


#: Where bytes of a file begin, and how many they are.
Part = Tuple[int, int]


def of_parts(file: BinaryIO, parts: Iterable[Part]) -> int:
    """Returns the checksum of parts of a file, one after the other."""
    return crc32c.of_pieces(_pieces(file, parts))


def changed(path: str, parts: Sequence[tuple[Iterable[Part], int]]) -> Iterator[int]:
    """Yields the numbers of those of which the checksum is another one now.

    Args:
        path: the file.
        parts: what belongs together, and the checksum that it had.
    """

    def is_changed(one: tuple[Iterable[Part], int]) -> bool:
        where, crc = one
        with files.reading(path, buffering=0) as file:
            return of_parts(file, where) != crc

    # Most of them at once; each of the others waits for a thread.
    workers = min(_THREADS, os.cpu_count() or 1) if files.getsize(path) > _WORTH_THREADS else 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield from (number for number, found in enumerate(pool.map(is_changed, parts)) if found)


def _pieces(file: BinaryIO, parts: Iterable[Part]) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_PIECE))
    for start, length in parts:
        file.seek(start)
        while length > 0:
            count = file.readinto(buffer[: min(length, _PIECE)])  # type: ignore[attr-defined]
            if not count:
                return  # It is shorter than it was, which the checksum says.
            length -= count
            yield buffer[:count]


def mask(crc: int) -> int:
    """Returns `crc` as it is stored: the CRC of data that holds CRCs would be weak."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def masked(data: Buffer) -> int:
    """Returns the checksum of `data` as TensorFlow's files store it."""
    return mask(crc32c(data))
