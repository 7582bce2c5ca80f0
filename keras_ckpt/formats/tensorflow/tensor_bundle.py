"""Tensors under names in `PREFIX.index` and `PREFIX.data-00000-of-00001`, without TensorFlow."""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import itertools
import os
import re
import threading
from typing import IO, Callable, Iterable, Iterator, Mapping, NamedTuple, Union, cast

import numpy as np

from keras_ckpt import runtime
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.tensorflow import protobuf, sstable
from keras_ckpt.storage import commit, files, rereading
from keras_ckpt.storage.checksum import crc32c, mask

# The numbers of tensorflow.DataType; names that NumPy lacks are types of the package ml_dtypes.
_DTYPES: dict[int, str] = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
    24: "float8_e5m2",
    25: "float8_e4m3fn",
}
# Also of the types that NumPy lacks.
_WIDTHS = {name: assignment.width(name) for name in _DTYPES.values()}
_NUMBERS = {name: number for number, name in _DTYPES.items()}
_STRING = 7
# What is read whole: an index has some hundred bytes for a tensor, and a graph for an object.
_LARGEST_INDEX = 128 << 20
_LARGEST_STRINGS = 64 << 20
_MOST_DIMENSIONS = 32

_AGAIN = "copy the files again"

# Bytes that are checked at a time: the cache of a core holds them.
_STEP = 1 << 20

Tensor = Union["np.ndarray", bytes]


class Entry(NamedTuple):
    """What the index says of a tensor."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int
    sliced: bool

    @property
    def end(self) -> int:
        """Where it ends in its data file."""
        return self.offset + self.size

    def elements(self) -> int:
        """Returns how many values it has."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    def fits(self) -> bool:
        """Returns whether so many values of the type take so many bytes."""
        if self.dtype == _STRING:
            return self.elements() <= self.size  # Each has its length, at least.
        width = _WIDTHS.get(_DTYPES.get(self.dtype, ""))
        return width is None or self.elements() * width == self.size

    @property
    def dtype_name(self) -> str:
        """The name of the type, e.g. `"float32"`."""
        return "string" if self.dtype == _STRING else _DTYPES.get(self.dtype, str(self.dtype))


def index_path(prefix: str) -> str:
    """Returns the path of the index of the bundle at `prefix`."""
    return prefix + ".index"


def shard_path(prefix: str, shard: int, shards: int) -> str:
    """Returns the path of a data file of the bundle at `prefix`."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def _dtype(name: str) -> np.dtype:
    try:
        return np.dtype(name)
    except TypeError:
        try:
            import ml_dtypes

            found: np.dtype = np.dtype(getattr(ml_dtypes, name))
            return found
        except (ImportError, AttributeError):
            raise ImportError(
                f"The checkpoint holds tensors of type {name}, which need the package ml_dtypes. "
                "Install it with `pip install ml_dtypes`."
            ) from None


def _encode(tensor: Tensor) -> tuple[int, tuple[int, ...], list[bytes | memoryview], int]:
    """Returns the type, the shape, the bytes in pieces and their checksum."""
    if isinstance(tensor, bytes):
        length = len(tensor).to_bytes(4, "little")
        crc = crc32c(length)
        of_length = mask(crc).to_bytes(4, "little")
        crc = crc32c(tensor, crc32c(of_length, crc))
        return _STRING, (), [protobuf.varint(len(tensor)), of_length, tensor], crc
    if tensor.dtype.name not in _NUMBERS:
        raise TypeError(f"A TensorFlow checkpoint cannot hold a tensor of type {tensor.dtype}.")
    array = np.ascontiguousarray(tensor)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    data = array.reshape(-1).view(np.uint8)
    return _NUMBERS[tensor.dtype.name], tensor.shape, [data.data], crc32c(data)


def _entry(dtype: int, shape: tuple[int, ...], offset: int, size: int, crc: int) -> bytes:
    dims = b"".join(protobuf.bytes_field(2, protobuf.int_field(1, size)) for size in shape)
    return (
        protobuf.int_field(1, dtype)
        + protobuf.bytes_field(2, dims)
        + protobuf.int_field(4, offset)
        + protobuf.int_field(5, size)
        + protobuf.fixed32_field(6, mask(crc))
    )


def _header(shards: int) -> bytes:
    return protobuf.int_field(1, shards) + protobuf.bytes_field(3, protobuf.int_field(1, 1))


def _write_data(
    file: IO[bytes], tensors: Mapping[str, Tensor | Callable[[], Tensor]]
) -> list[tuple[bytes, bytes]]:
    """Writes the values; returns what the index says of them, in its order."""
    entries = []
    offset = 0
    for name in sorted(tensors, key=lambda name: name.encode("utf-8")):
        tensor = tensors[name]
        value = tensor() if callable(tensor) else tensor
        dtype, shape, pieces, crc = _encode(value)
        size = sum(len(piece) for piece in pieces)
        for piece in pieces:
            file.write(piece)
        entries.append((name.encode("utf-8"), _entry(dtype, shape, offset, size, crc)))
        offset += size
    return entries


def _write_index(prefix: str, entries: list[tuple[bytes, bytes]], shards: int) -> None:
    with commit.replacing(index_path(prefix)) as made, open(made, "wb") as file:
        file.write(sstable.dump([(b"", _header(shards)), *entries]))


def is_data_file(path: str) -> bool:
    """Returns whether a file is one of those that an index names."""
    return re.search(r"\.data-\d{5}-of-\d{5}$", path) is not None


def data_files(prefix: str) -> dict[str, int]:
    """Returns the data files of all bundles that there have been at `prefix`: path to count."""
    directory, name = files.split(prefix)
    pattern = re.compile(re.escape(name) + r"\.data-\d{5}-of-(\d{5})")
    try:
        names = files.listdir(directory)
    except FileNotFoundError:
        return {}
    matches = [(each, pattern.fullmatch(each)) for each in names]
    return {os.path.join(directory, each): int(match.group(1)) for each, match in matches if match}


def _checksum(entries: Iterable[tuple[bytes, bytes]]) -> int:
    """Returns the CRC-32C of what an index says of the values, in any of its forms."""
    return crc32c(b"".join(part for entry in entries for part in entry))


def checksum(prefix: str) -> int | None:
    """Returns the same of the bundle at `prefix`, None if it has no whole index."""
    try:
        with files.reading(index_path(prefix)) as file:
            found = sstable.load(file.read())
    except (OSError, ValueError):
        return None
    return _checksum(entry for entry in sorted(found.items()) if entry[0])


def write(
    prefix: str,
    tensors: Mapping[str, Tensor | Callable[[], Tensor]],
    before_index: Callable[[int], None] | None = None,
) -> None:
    """Writes a bundle of one data file; one that was there stays until all is written.

    A bundle is two files, which cannot change at once. But its index says how many data files there
    are, and their names say it, too: so new values go into a file of another count, which only the
    new index names. Whoever reads the old index finds the old values, and whoever reads the new
    one, the new; at the end the names are those that TensorFlow gives.

    Args:
        prefix: path that the names of the files begin with.
        tensors: arrays, and strings as bytes, by name. One given as a function is asked for when
            its turn comes, so that not all need to be in memory.
        before_index: a function that is called with its `checksum` when all values are written and
            the index is not. Defaults to `None`.
    """
    prefix = _resolved(prefix)
    first = shard_path(prefix, 0, 1)
    before = data_files(prefix)
    count = 1
    if files.lexists(index_path(prefix)):
        count = next(number for number in itertools.count(2) if number not in before.values())
    written = shard_path(prefix, 0, count)
    try:
        with commit.writing(written, like=first) as file:
            entries = _write_data(file, tensors)
        if before_index is not None:
            before_index(_checksum(entries))
        _write_index(prefix, entries, count)
    except BaseException:
        if written not in before and _shards(prefix) != count:
            commit.remove(written)
        raise
    # The new one is there. What fails from here on, the next save does.
    with contextlib.suppress(OSError):
        if written != first and commit.link(written, first):
            _write_index(prefix, entries, 1)
            written = first
        for path in {*before, shard_path(prefix, 0, count)} - {written}:
            commit.remove(path)


def _shards(prefix: str) -> int | None:
    """Returns how many data files the index at `prefix` names, None if there is no whole one."""
    try:
        with files.reading(index_path(prefix)) as file:
            return protobuf.get_int(protobuf.parse(sstable.load(file.read())[b""]), 1)
    except (OSError, KeyError, ValueError):
        return None


def _resolved(prefix: str) -> str:
    """Returns the prefix of the files that links at `prefix` lead to, if they lead to one."""
    index = files.realpath(index_path(prefix))
    return index[: -len(index_path(""))] if index.endswith(index_path("")) else prefix


class Reader:
    """A bundle on disk. Its files are opened once; tensors are checked as they are read.

    Args:
        prefix: path that the names of its files begin with.

    Raises:
        FileNotFoundError: if the index or a data file is missing.
        DamagedCheckpoint: if the index is damaged.

    Example:

    ```python
    reader = Reader("/tmp/ckpt/cp")
    kernel = reader.get("layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE")
    ```
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.entries: dict[str, Entry] = {}
        self._files: dict[int, io.RawIOBase] = {}
        self._lock = threading.Lock()
        # The state of the file in which each tensor was verified.
        self._verified: dict[str, files.Identity] = {}
        rereading.settled(prefix, self._open)

    def _open(self) -> None:
        path = index_path(self.prefix)
        with parsing.reading(path), files.reading(path) as file:
            size = file.seek(0, os.SEEK_END)
            if size > _LARGEST_INDEX:
                raise DamagedCheckpoint(
                    path, f"it is too large for an index ({size} bytes)", _AGAIN
                )
            file.seek(0)
            data = file.read()
            seen = files.identity_of(file)
        try:
            table = sstable.load(data)
            header = protobuf.parse(table.pop(b""))
            self._count = protobuf.get_int(header, 1)
            if protobuf.get_int(header, 2):
                raise ValueError("it was written on a big-endian machine")
            self.entries = {name.decode("utf-8"): self._parse(each) for name, each in table.items()}
        except KeyError:
            raise DamagedCheckpoint(path, "the header is missing from the index", _AGAIN) from None
        except ValueError as error:
            raise DamagedCheckpoint(path, f"the index is damaged: {error}", _AGAIN) from error
        self._open_shards()
        rereading.refuse_replaced(path, seen)

    def _open_shards(self) -> None:
        """Opens the data files, which stay those of this index, whatever takes their places.

        Raises:
            FileNotFoundError: if one is missing.
            DamagedCheckpoint: if one ends before what is in it does.
        """
        self.close()
        ends: dict[int, tuple[int, str]] = {}
        for name, entry in self.entries.items():
            ends[entry.shard] = max(ends.get(entry.shard, (0, "")), (entry.end, name))
        for shard, (end, name) in sorted(ends.items()):
            path = shard_path(self.prefix, shard, self._count)
            if not files.isfile(path):
                raise FileNotFoundError(
                    f"The checkpoint {self.prefix} lacks its data file {path}. "
                    "Copy the data files together with the index."
                )
            self._files[shard] = cast("io.RawIOBase", files.reading(path, buffering=0))
            missing = end - files.size_of(self._files[shard])
            if missing > 0:
                raise DamagedCheckpoint(
                    path,
                    f"it ends before the tensor {name!r} does ({missing} bytes are missing)",
                    _AGAIN,
                )

    def close(self) -> None:
        """Closes the data files. What has been read stays."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    @staticmethod
    def _parse(value: bytes) -> Entry:
        fields = protobuf.parse(value)
        shape = []
        for dim in protobuf.get_all(protobuf.parse(protobuf.get_bytes(fields, 2)), 2):
            shape.append(protobuf.signed(protobuf.get_int(protobuf.parse(dim), 1)))
        numbers = [protobuf.get_int(fields, number) for number in (1, 3, 4, 5, 6)]
        dtype, shard, offset, size, crc = numbers
        entry = Entry(dtype, tuple(shape), shard, offset, size, crc, 7 in fields)
        if len(shape) > _MOST_DIMENSIONS or min(shape, default=0) < 0:
            raise ValueError(f"a tensor has the shape {shape[:_MOST_DIMENSIONS]}")
        if not entry.sliced and not entry.fits():
            raise ValueError(f"a tensor of the shape {entry.shape} has {size} bytes")
        return entry

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def _file(self, name: str) -> io.RawIOBase:
        entry = self.entries[name]
        if entry.sliced:
            raise CheckpointError(
                shard_path(self.prefix, entry.shard, self._count),
                f"the tensor {name!r} is stored in slices (a partitioned variable)",
                "save it again without a partitioner",
            )
        return self._files[entry.shard]

    def _broken(self, name: str) -> DamagedCheckpoint:
        path = shard_path(self.prefix, self.entries[name].shard, self._count)
        return DamagedCheckpoint(path, f"the checksum of {name!r} is wrong", _AGAIN)

    def verify(self, *names: str) -> None:
        """Checks the bytes of tensors.

        Raises:
            DamagedCheckpoint: if they are not what was written.
        """
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for _ in pool.map(self._verify, names):
                pass

    def _verify(self, name: str) -> None:
        if self.entries[name].dtype == _STRING:
            self.get(name)
            return
        # All into the same memory, which is faster than to map the file.
        buffer = memoryview(bytearray(min(_STEP, self.entries[name].size)))
        seen = self._state(name)
        self._check(name, self._pieces(name, buffer, goes_on=False))
        self._verified[name] = seen

    def _state(self, name: str) -> files.Identity:
        return files.identity_of(self._file(name))

    def _check(self, name: str, pieces: Iterator[memoryview]) -> None:
        if mask(crc32c.of_pieces(pieces)) != self.entries[name].crc:
            raise self._broken(name)

    def _pieces(self, name: str, buffer: memoryview, goes_on: bool) -> Iterator[memoryview]:
        """Reads a tensor in pieces, each into the next part of the buffer if that `goes_on`."""
        file, entry = self._file(name), self.entries[name]
        done = 0
        while done < entry.size:
            place = done if goes_on else 0
            piece = buffer[place : place + min(_STEP, entry.size - done)]
            with self._lock:
                file.seek(entry.offset + done)
                count = file.readinto(piece)
            if not count:
                raise self._broken(name)
            yield piece[:count]
            done += count

    def get(self, name: str, verify: bool = True) -> np.ndarray | list[bytes]:
        """Returns the tensor `name`: a read-only array, or a list of bytes if it holds strings.

        Args:
            name: name of the tensor.
            verify: whether to check its bytes against the checksum.

        Raises:
            KeyError: if there is no such tensor.
            DamagedCheckpoint: if its bytes are not what was written.
        """
        entry = self.entries[name]
        if entry.dtype == _STRING and entry.size > _LARGEST_STRINGS:
            raise DamagedCheckpoint(
                self.prefix, f"the texts {name!r} take {entry.size} bytes", _AGAIN
            )
        data = np.empty(entry.size, np.uint8)
        pieces = self._pieces(name, data.data, goes_on=True)
        if entry.dtype == _STRING:
            for _ in pieces:
                pass
            return self._strings(name, data.tobytes())
        dtype = self._dtype_of(name)
        if verify:
            self._check(name, pieces)
        else:
            for _ in pieces:
                pass
        data.flags.writeable = False
        return data.view(dtype).reshape(entry.shape)

    def read(self, name: str) -> np.ndarray:
        """Returns the numeric tensor `name`, in memory that a variable can take over.

        Raises:
            KeyError: if there is no such tensor.
            DamagedCheckpoint: if its bytes are not what was written.
        """
        array = runtime.empty_shared(self.entries[name].shape, self._dtype_of(name))
        pieces = self._pieces(name, array.reshape(-1).view(np.uint8).data, goes_on=True)
        if name not in self._verified:
            self._check(name, pieces)
            return array
        for _ in pieces:
            pass
        if self._state(name) != self._verified[name]:
            raise self._broken(name)  # Nobody who writes checkpoints changes a file in place.
        return array

    def _dtype_of(self, name: str) -> np.dtype:
        entry = self.entries[name]
        if entry.dtype not in _DTYPES:
            raise CheckpointError(
                self.prefix,
                f"the tensor {name!r} has the unknown type {entry.dtype}",
                "save it again as one of the types of NumPy",
            )
        return _dtype(_DTYPES[entry.dtype])

    def _strings(self, name: str, data: bytes) -> list[bytes]:
        entry = self.entries[name]
        try:
            lengths, position = [], 0
            for _ in range(entry.elements()):
                length, position = protobuf.read_varint(data, position)
                lengths.append(length)
        except ValueError:
            raise self._broken(name) from None
        crc = crc32c(
            b"".join(length.to_bytes(4 if length >> 32 == 0 else 8, "little") for length in lengths)
        )
        start = position + 4
        if data[position:start] != mask(crc).to_bytes(4, "little"):
            raise self._broken(name)
        if mask(crc32c(data[position:], crc)) != entry.crc:
            raise self._broken(name)
        strings = []
        for length in lengths:
            strings.append(data[start : start + length])
            start += length
        return strings
