"""The sorted table in which a tensor bundle keeps its index: the table format of LevelDB."""

from __future__ import annotations

from typing import Iterable

from keras_ckpt.formats.tensorflow.protobuf import read_varint, varint
from keras_ckpt.storage.checksum import masked

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_BLOCK_SIZE = 1 << 18
_RESTART_EVERY = 16
# Keys leave out what they share with the one before: few bytes could stand for any number.
_MOST_KEYS = 64 << 20


def _shared(a: bytes, b: bytes) -> int:
    count = 0
    for x, y in zip(a, b):
        if x != y:
            break
        count += 1
    return count


class _Block:
    """A block under construction: entries that leave out what they share with the one before."""

    def __init__(self, restart_every: int = _RESTART_EVERY) -> None:
        self.data = bytearray()
        self.last = b""
        self._restart_every = restart_every
        self._restarts = [0]
        self._since_restart = 0

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._since_restart < self._restart_every:
            shared = _shared(self.last, key)
        else:
            self._restarts.append(len(self.data))
            self._since_restart = 0
        self.data += varint(shared) + varint(len(key) - shared) + varint(len(value))
        self.data += key[shared:] + value
        self.last = key
        self._since_restart += 1

    def finish(self) -> bytes:
        for number in self._restarts + [len(self._restarts)]:
            self.data += number.to_bytes(4, "little")
        return bytes(self.data)


def dump(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Returns the table that holds `entries`, which come sorted by key."""
    out = bytearray()

    def append(block: _Block) -> bytes:
        body = block.finish() + b"\0"  # kept as it is: TensorFlow does not compress an index
        handle = varint(len(out)) + varint(len(body) - 1)
        out.extend(body + masked(body).to_bytes(4, "little"))
        return handle

    index = _Block(restart_every=1)
    block = _Block()
    for key, value in entries:
        block.add(key, value)
        if len(block.data) >= _BLOCK_SIZE:
            index.add(block.last, append(block))
            block = _Block()
    if block.data:
        index.add(block.last, append(block))
    footer = append(_Block()) + append(index)
    out += footer.ljust(_FOOTER - 8, b"\0") + _MAGIC.to_bytes(8, "little")
    return bytes(out)


def is_table(tail: bytes) -> bool:
    """Returns whether a file that ends in `tail` is a table."""
    return tail[-8:] == _MAGIC.to_bytes(8, "little")


def _entries(data: bytes, offset: int, size: int) -> list[tuple[bytes, bytes]]:
    end = offset + size
    if end + 5 > len(data):
        raise ValueError("a block runs over the end of the file")
    if masked(data[offset : end + 1]) != int.from_bytes(data[end + 1 : end + 5], "little"):
        raise ValueError("the checksum of a block is wrong")
    if data[end]:
        raise ValueError(
            "a block is compressed, which checkpoints of TensorFlow never are; "
            "write the file again with TensorFlow"
        )
    block = data[offset:end]
    restarts = int.from_bytes(block[-4:], "little")
    limit = len(block) - 4 * (restarts + 1)
    if limit < 0:
        raise ValueError("a block is damaged")
    entries: list[tuple[bytes, bytes]] = []
    key, position, taken = b"", 0, 0
    while position < limit:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        length, position = read_varint(block, position)
        if shared > len(key) or position + unshared + length > limit:
            raise ValueError("an entry runs over the end of its block")
        taken += shared + unshared
        if taken > _MOST_KEYS:
            raise ValueError(f"its names take more than {_MOST_KEYS} bytes")
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        entries.append((key, block[position : position + length]))
        position += length
    return entries


def load(data: bytes) -> dict[bytes, bytes]:
    """Returns the entries of the table `data`.

    Raises:
        ValueError: if it is no table or is damaged.
    """
    if len(data) < _FOOTER or not is_table(data):
        raise ValueError("the end of the file is missing")
    position = len(data) - _FOOTER
    for _ in range(2):  # over the handle of the meta index, which holds nothing
        _, position = read_varint(data, position)
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    found: dict[bytes, bytes] = {}
    end = taken = 0
    for _, handle in _entries(data, offset, size):
        offset, position = read_varint(handle, 0)
        size, position = read_varint(handle, position)
        if offset < end:
            raise ValueError("its blocks lie over each other")
        end = offset + size
        for key, value in _entries(data, offset, size):
            taken += len(key)
            found[key] = value
        if taken > _MOST_KEYS:
            raise ValueError(f"its names take more than {_MOST_KEYS} bytes")
    return found
