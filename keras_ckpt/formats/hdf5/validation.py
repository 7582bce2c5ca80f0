"""Whether what HDF5 follows in a file leads anywhere: checked before HDF5 itself opens it.

The library trusts what it finds. On damaged files it reads for ever, takes all memory or crashes.
So this walks through all that it would follow, from the first byte of the file: addresses, sizes
and counts. It reads headers only, no values. Nor does it let a file name another one.

Numbers in comments and messages are those of the "HDF5 File Format Specification Version 3.0".
"""

from __future__ import annotations

import struct
from typing import Any, Callable, NamedTuple

MAGIC = b"\x89HDF\r\n\x1a\n"

_NOWHERE = (1 << 64) - 1
_MOST_DIMENSIONS = 32
_DEEPEST = 200
# So much larger than the file may be what is read from it: weights hardly shrink when packed.
_FREE, _RATIO = 32 << 20, 100
# A dataset without values is read as zeros, which nobody saves many of.
_UNWRITTEN = 1 << 20
# deflate, shuffle, fletcher32, and LZF of h5py.
_FILTERS = (1, 2, 3, 32000)


class Damaged(ValueError):
    """What is wrong with a file."""


class Refused(Damaged):
    """What a file holds that no checkpoint does, and what to do."""


class _Type(NamedTuple):
    size: int
    is_text: bool  # of variable length: the values are elsewhere, in a heap


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise Damaged(what)


def _text(name: bytes) -> None:
    """Refuses a name for which h5py would give bytes, as it cannot decode them."""
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        raise Damaged(f"a name in it is no text ({name!r})") from None


def _padded(size: int) -> int:
    return (size + 7) & ~7


class _Data:
    """The bytes of a structure, which end where they end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        _need(len(part) == size, "a header ends too early")
        self.at += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def numbers(self, form: str) -> tuple[Any, ...]:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def left(self) -> int:
        return len(self.data) - self.at


class _Dataset:
    """What the messages of one header say of the object."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] | None = None
        self.type: _Type | None = None
        self.layout: tuple[Any, ...] | None = None
        self.is_packed = False
        self.symbols: tuple[int, int] | None = None
        self.is_group = False
        self.links: list[int] = []


def check(file: Any, size: int, whole: bool = True) -> bool:
    """Checks what HDF5 would follow in a file.

    Args:
        file: binary file, from its beginning.
        size: its bytes.
        whole: whether to look at all of it, or at what its first group says alone.

    Returns:
        Whether all has been looked at. If not, `refuse_foreign` is to look at the rest, which
        HDF5 has checksums of.

    Raises:
        Damaged: if it leads nowhere.
        Refused: if the file holds what no checkpoint does.
    """
    walk = _Walk(file, size)
    walk.file(whole)
    return walk.is_complete


class _Walk:
    def __init__(self, file: Any, size: int) -> None:
        self._file = file
        self._size = size
        self._heaps: dict[int, dict[int, int]] = {}
        self._leaf_k = self._node_k = 0
        self._total = 0
        self.is_complete = True

    # ------------------------------------------------ places

    def _read(self, address: int, size: int, what: str) -> bytes:
        _need(address + size <= self._size, "%s is over its end" % what)
        self._file.seek(address)
        data = bytes(self._file.read(size))
        _need(len(data) == size, "%s is over its end" % what)
        return data

    def _is_inside(self, address: int, size: int) -> bool:
        return address + size <= self._size

    # ------------------------------------------------ the file

    def file(self, whole: bool) -> None:
        head = _Data(self._read(0, min(self._size, 96), "its beginning"))
        _need(head.take(8) == MAGIC, "it does not begin as HDF5 does")
        version = head.number(1)
        _need(version <= 3, "it is of the unknown version %d" % version)
        if version < 2:
            head.take(4)
            sizes = head.numbers("2B")
            head.take(1)
            self._leaf_k, self._node_k = head.numbers("2H")
            head.take(8 if version else 4)
            base, _, end, driver = head.numbers("4Q")
            _, root, kind, _, tree, heap = head.numbers("2Q2I2Q")
            _need(driver == _NOWHERE, "it is one of several files")
            _need(self._leaf_k > 0 and self._node_k > 0, "its groups have no size")
            self._check_cached(kind)
        else:
            sizes = head.numbers("2B")
            head.take(1)
            base, _, end, root = head.numbers("4Q")
            kind = 0
        _need(sizes == (8, 8) and base == 0, "its addresses are of an unknown kind")
        _need(end <= self._size, "%d bytes are missing" % (end - self._size))
        groups: set[int] = set()
        waiting = [(root, 0)]
        seen: set[int] = set()
        while waiting:
            address, depth = waiting.pop()
            _need(depth <= _DEEPEST, "its groups are too deep")
            found = self._object(address)
            if found.symbols is not None:
                if address == root and kind == 1:
                    _need(found.symbols == (tree, heap), "its first group is told in two ways")
                found.links += self._symbols(*found.symbols)
            if found.is_group:
                _need(address not in groups, "a group is in itself, or in two places")
                groups.add(address)
            if not whole:
                return
            waiting += [(link, depth + 1) for link in found.links if link not in seen]
            _need(not groups.intersection(found.links), "a group is in itself, or in two places")
            seen.update(found.links)
        limit = _FREE + _RATIO * self._size
        if self._total > limit:
            raise Refused("its values take %d bytes, and it has %d" % (self._total, self._size))

    @staticmethod
    def _check_cached(kind: int) -> None:
        if kind == 2:
            raise Refused("it has a link to another place (a soft link)")
        _need(kind < 2, "a name in a group is of an unknown kind")

    # ------------------------------------------------ groups of the first kind

    def _symbols(self, tree: int, heap: int) -> list[int]:
        names = self._names(heap)
        links: list[int] = []
        taken = 0
        for node in self._leaves(tree, self._node_k, 8, 0, lambda key: key < len(names) or not key):
            size = 8 + 80 * self._leaf_k
            data = self._read(node, size, "a list of names")
            _need(data[:5] == b"SNOD\x01", "a list of names is none")
            count = int.from_bytes(data[6:8], "little")
            _need(count <= 2 * self._leaf_k, "a list of names is longer than its place")
            for number in range(count):
                name, address, kind, _ = struct.unpack_from("<2Q2I", data, 8 + 40 * number)
                self._check_cached(kind)
                end = names.find(b"\0", name) if name < len(names) else -1
                _need(end > name, "a name in a group is not there")
                _text(names[name:end])
                taken += end - name
                _need(taken <= len(names), "names in a group are in each other")
                if kind == 1:
                    # HDF5 may go by this copy of what the header of the group says.
                    cached = struct.unpack_from("<2Q", data, 8 + 40 * number + 24)
                    found = self._object(address)
                    _need(found.symbols == cached, "a group is told in two ways")
                links.append(address)
        return links

    def _names(self, address: int) -> bytes:
        head = _Data(self._read(address, 32, "a heap of names"))
        _need(head.take(5) == b"HEAP\0", "a heap of names is none")
        head.take(3)
        size, free, place = head.numbers("3Q")
        names = self._read(place, size, "a heap of names")
        seen = 0
        while free != 1:
            _need(free + 16 <= size, "a hole in a heap of names is outside of it")
            after, length = struct.unpack_from("<2Q", names, free)
            _need(16 <= length <= size - free, "a hole in a heap of names is too large")
            seen += length
            _need(seen <= size, "the holes in a heap of names go round")
            free = after
        return names

    def _leaves(
        self, tree: int, k: int, key_size: int, kind: int, is_key: Callable[[int], bool]
    ) -> list[int]:
        """Returns what the last nodes of a tree point at, the first part of each key checked."""
        found: list[int] = []
        seen: set[int] = set()
        size = 24 + (2 * k + 1) * key_size + 2 * k * 8
        waiting: list[tuple[int, int | None]] = [(tree, None)]
        while waiting:
            address, above = waiting.pop()
            _need(address not in seen, "a tree goes round")
            seen.add(address)
            data = self._read(address, size, "a tree")
            _need(data[:4] == b"TREE" and data[4] == kind, "a tree is none")
            level, count = data[5], int.from_bytes(data[6:8], "little")
            _need(above is None or level == above - 1, "a tree is not in order")
            _need(count <= 2 * k, "a tree has more branches than place for them")
            step = key_size + 8
            for number in range(count + 1):
                key = int.from_bytes(data[24 + step * number :][:8], "little")
                _need(is_key(key), "a key of a tree is wrong")
            children = [
                int.from_bytes(data[24 + step * number + key_size :][:8], "little")
                for number in range(count)
            ]
            if kind == 1 and not level:
                found += [(address << 16) + number for number in range(count)]
            elif level:
                waiting += [(child, level) for child in children]
            else:
                found += children
        _need(kind == 1 or len(found) == len(set(found)), "a list of names is in two places")
        return found

    # ------------------------------------------------ headers

    def _object(self, address: int) -> _Dataset:
        found = _Dataset()
        start = self._read(address, min(16, max(0, self._size - address)), "a header")
        seen: set[int] = set()
        if start[:4] == b"OHDR":
            self._second_header(address, found, seen)
        else:
            _need(len(start) == 16 and start[0] == 1, "a header is none")
            size = int.from_bytes(start[8:12], "little")
            self._messages(self._read(address + 16, size, "a header"), found, seen, None)
        is_dataset = found.layout is not None
        _need(not (is_dataset and found.is_group), "an object is a group and a dataset")
        _need(is_dataset or found.is_group, "an object is neither a group nor a dataset")
        if is_dataset:
            self._dataset(found)
        return found

    def _second_header(self, address: int, found: _Dataset, seen: set[int]) -> None:
        start = _Data(self._read(address, min(64, self._size - address), "a header"))
        start.take(4)
        version, flags = start.numbers("2B")
        _need(version == 2, "a header is of the unknown version %d" % version)
        start.take((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
        size = start.number(1 << (flags & 3))
        data = self._read(address + start.at, size, "a header")
        self._messages(data, found, seen, 2 if flags & 4 else 0)

    def _messages(self, data: bytes, found: _Dataset, seen: set[int], extra: int | None) -> None:
        """Looks at the messages of a header; `extra` bytes are in each of the second kind."""
        at = 0
        head = 8 if extra is None else 4 + extra
        while len(data) - at >= head:
            if extra is None:
                kind, size, flags = struct.unpack_from("<2HB", data, at)
            else:
                kind, size, flags = struct.unpack_from("<BHB", data, at)
            at += head
            _need(size <= len(data) - at, "a header ends too early")
            part = data[at : at + size]
            at += size
            if kind == 0x10:
                place, length = _Data(part).numbers("2Q")
                _need(place not in seen, "a header goes round")
                seen.add(place)
                more = self._read(place, length, "a header")
                if extra is not None:
                    _need(more[:4] == b"OCHK" and length >= 8, "a part of a header is none")
                    more = more[4:-4]
                self._messages(more, found, seen, extra)
                continue
            _need(kind in _MESSAGES, "a header holds what is not known")
            _need(not flags & 2 or kind not in _FOLLOWED, "a header shares a part with another")
            _MESSAGES[kind](self, _Data(part), found)

    # ------------------------------------------------ what the messages of a header say

    def _pass(self, data: _Data, found: _Dataset) -> None:
        pass

    def _refuse_external(self, data: _Data, found: _Dataset) -> None:
        raise Refused("the values of a dataset are in another file")

    def _shape(self, data: _Data, found: _Dataset) -> None:
        found.shape = _shape(data)

    def _type(self, data: _Data, found: _Dataset) -> None:
        found.type = _type(data)

    def _filters(self, data: _Data, found: _Dataset) -> None:
        version, count = data.numbers("2B")
        _need(version in (1, 2) and count <= 32, "how a dataset is packed is not known")
        data.take(6 if version == 1 else 0)
        for _ in range(count):
            number = data.number(2)
            named = version == 1 or number >= 256
            length = data.number(2) if named else 0
            _, values = data.numbers("2H")
            data.take(_padded(length) if version == 1 else length)
            data.take(4 * (values + (values % 2 if version == 1 else 0)))
            if number not in _FILTERS:
                raise Refused("a dataset is packed in a way that is not read (%d)" % number)
        found.is_packed = count > 0

    def _old_fill(self, data: _Data, found: _Dataset) -> None:
        data.take(data.number(4))

    def _fill(self, data: _Data, found: _Dataset) -> None:
        version = data.number(1)
        _need(1 <= version <= 3, "what fills a dataset is not known")
        if version == 3:
            if data.number(1) & 0x20:
                data.take(data.number(4))
            return
        _, _, defined = data.numbers("3B")
        if data.left() >= 4 and (version == 1 or defined):
            data.take(data.number(4))

    def _layout(self, data: _Data, found: _Dataset) -> None:
        version, kind = data.numbers("2B")
        _need(version in (3, 4, 5), "a dataset lies in the unknown way %d" % version)
        if kind == 3:
            raise Refused("the values of a dataset are in another file")
        _need(kind < 3, "a dataset lies in an unknown way")
        if kind == 0:
            size = data.number(2)
            data.take(size)
            found.layout = (0, size)
        elif kind == 1:
            found.layout = (1, *data.numbers("2Q"))
        elif version == 3:
            count = data.number(1)
            address = data.number(8)
            found.layout = (2, address, data.numbers("%dI" % count))
        else:
            self.is_complete = False
            found.layout = (4,)

    def _link_info(self, data: _Data, found: _Dataset) -> None:
        found.is_group = True
        _, flags = data.numbers("2B")
        data.take(8 if flags & 1 else 0)
        if data.number(8) != _NOWHERE:
            self.is_complete = False

    def _attribute_info(self, data: _Data, found: _Dataset) -> None:
        _, flags = data.numbers("2B")
        data.take(2 if flags & 1 else 0)
        if data.number(8) != _NOWHERE:
            self.is_complete = False

    def _link(self, data: _Data, found: _Dataset) -> None:
        version, flags = data.numbers("2B")
        _need(version == 1, "a link is of an unknown version")
        kind = data.number(1) if flags & 8 else 0
        data.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
        _text(data.take(data.number(1 << (flags & 3))))
        if kind:
            raise Refused("it has a link to another place or file")
        found.links.append(data.number(8))

    def _symbol_table(self, data: _Data, found: _Dataset) -> None:
        found.is_group = True
        _need(self._leaf_k > 0, "a group is of another kind than the file")
        tree, heap = data.numbers("2Q")
        found.symbols = tree, heap

    def _attribute(self, data: _Data, found: _Dataset) -> None:
        version, flags, *sizes = data.numbers("2B3H")
        _need(1 <= version <= 3, "an attribute is of the unknown version %d" % version)
        _need(version == 1 or not flags & 3, "an attribute shares a part with another")
        data.take(1 if version == 3 else 0)
        name, kind, space = (
            data.take(_padded(size) if version == 1 else size)[:size] for size in sizes
        )
        _need(b"\0" in name, "the name of an attribute has no end")
        _text(name[: name.index(b"\0")])
        shape, found_type = _shape(_Data(space)), _type(_Data(kind))
        count = _count(shape)
        values = data.take(count * found_type.size)
        if not found_type.is_text:
            return
        for number in range(count):
            length, address, index = struct.unpack_from("<IQI", values, 16 * number)
            if address not in (0, _NOWHERE):
                _need(self._heap(address).get(index, -1) >= length, "a text is not there")
                self._total += length

    # ------------------------------------------------ texts

    def _heap(self, address: int) -> dict[int, int]:
        """Returns the sizes of the objects in a heap of texts, by number."""
        if address in self._heaps:
            return self._heaps[address]
        head = self._read(address, 16, "a heap of texts")
        size = int.from_bytes(head[8:], "little")
        _need(head[:5] == b"GCOL\x01", "a heap of texts is none")
        _need(size >= 4096, "a heap of texts has a wrong size")
        data = self._read(address, size, "a heap of texts")
        found: dict[int, int] = {}
        at = 16
        while size - at >= 16:
            index, _, length = struct.unpack_from("<HH4xQ", data, at)
            # What is free, itself included, comes last.
            taken = _padded(length) + 16 if index else length
            _need(index or length >= 16, "a heap of texts goes round")
            _need(taken <= size - at, "a text runs over the end of its heap")
            _need(index == 0 or index not in found, "a text is there twice")
            at += taken
            if index:
                found[index] = length
            else:
                _need(at == size, "a heap of texts has a hole")
        self._heaps[address] = found
        return found

    # ------------------------------------------------ datasets

    def _dataset(self, found: _Dataset) -> None:
        _need(found.shape is not None and found.type is not None, "a dataset has no shape or type")
        assert found.shape is not None and found.type is not None and found.layout is not None
        if found.type.is_text:
            raise Refused("a dataset holds texts, where weights are numbers")
        size = _count(found.shape) * found.type.size
        self._total += size
        kind, place = found.layout[0], found.layout[1:]
        _need(not found.is_packed or kind in (2, 4), "a dataset in one piece is packed")
        if kind == 0:
            _need(place[0] >= size, "a dataset is smaller than its shape")
        elif kind == 1 and place[0] == _NOWHERE:
            _need(size <= _UNWRITTEN, "a dataset has no values")
        elif kind == 1:
            address, length = place
            _need(length >= size, "a dataset is smaller than its shape")
            _need(self._is_inside(address, length), "the values of a dataset are over its end")
        elif kind == 2:
            self._chunks(found, size, *place)

    def _chunks(self, found: _Dataset, size: int, address: int, dims: tuple[int, ...]) -> None:
        assert found.shape is not None and found.type is not None
        _need(len(dims) == len(found.shape) + 1, "the pieces of a dataset have other dimensions")
        _need(0 not in dims and dims[-1] == found.type.size, "the pieces of a dataset have no size")
        piece = _count(dims)
        _need(piece < 1 << 32, "the pieces of a dataset are too large")
        self._total += piece  # One is unpacked whole.
        if address == _NOWHERE:
            _need(size <= _UNWRITTEN, "a dataset has no values")
            return
        # The nodes of these trees are as large as the library takes them by default: K is 32.
        key_size = 16 + 8 * len(found.shape)
        stored = 0
        for leaf in self._leaves(address, 32, key_size, 1, lambda key: True):
            node, number = leaf >> 16, leaf & 0xFFFF
            place = node + 24 + number * (key_size + 8)
            entry = _Data(self._read(place, key_size + 8, "a tree"))
            length, _ = entry.numbers("2I")
            entry.take(key_size - 8)
            _need(self._is_inside(entry.number(8), length), "a piece of a dataset is over its end")
            _need(found.is_packed or length == piece, "a piece of a dataset has a wrong size")
            stored += length
        if size > _FREE + 1032 * stored:
            raise Refused("a dataset takes %d bytes, of which %d are stored" % (size, stored))


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _shape(data: _Data) -> tuple[int, ...]:
    version, rank, flags, kind = data.numbers("4B")
    _need(version in (1, 2), "a shape is of the unknown version %d" % version)
    _need(rank <= _MOST_DIMENSIONS and flags <= 1, "a shape has %d dimensions" % rank)
    if version == 1:
        data.take(4)
    elif kind == 2:
        return (0,)
    shape = tuple(data.numbers("%dQ" % rank))
    _need(_count(shape) < 1 << 56, "a shape is larger than any memory")
    most = data.numbers("%dQ" % rank) if flags else shape
    _need(all(a <= b for a, b in zip(shape, most)), "a shape is larger than it may be")
    return shape


def _name(data: _Data, version: int) -> None:
    end = data.data.find(b"\0", data.at)
    _need(end >= 0, "a name in a type has no end")
    length = end + 1 - data.at
    data.take(length if version >= 3 else _padded(length))


def _type(data: _Data, depth: int = 0) -> _Type:
    """Returns what the description of a type says, if NumPy has such a one."""
    _need(depth < 4, "a type is too deep")
    first, *bits = data.numbers("4B")
    size = data.number(4)
    version, kind = first >> 4, first & 15
    _need(1 <= version <= 5 and size > 0, "a type is damaged")
    if kind in (0, 4):
        offset, precision = data.numbers("2H")
        _need(size <= 16 and 0 < precision <= 8 * size - offset, "a type is damaged")
    elif kind == 1:
        _check_float(data, size, bits[1])
    elif kind == 3:
        _need(size < 1 << 31, "a text is too long")
    elif kind == 5:
        data.take(bits[0])
    elif kind == 6:
        _check_compound(data, version, size, bits[0] | bits[1] << 8, depth)
    elif kind == 8:
        base = _type(data, depth + 1)
        _need(base.size == size and not base.is_text, "a type is damaged")
        count = bits[0] | bits[1] << 8
        for _ in range(count):
            _name(data, version)
        data.take(count * size)
    elif kind == 9 and bits[0] & 15 == 1:
        _type(data, depth + 1)
        _need(size == 16, "a type is damaged")
        return _Type(size, True)
    elif kind == 11:
        base = _type(data, depth + 1)  # Complex numbers of HDF5 2.
        _need(2 * base.size == size, "a type is damaged")
    else:
        raise Refused("it holds values of a kind (%d) that weights are not of" % kind)
    return _Type(size, False)


def _check_float(data: _Data, size: int, sign: int) -> None:
    offset, precision = data.numbers("2H")
    exponent, exponents, mantissa, mantissas = data.numbers("4B")
    data.take(4)
    _need(size <= 16 and 0 < precision <= 8 * size - offset, "a type is damaged")
    _need(exponents > 0 and mantissas > 0 and sign < precision, "a type is damaged")
    fits = exponent + exponents <= precision and mantissa + mantissas <= precision
    overlap = exponent < mantissa + mantissas and mantissa < exponent + exponents
    _need(fits and not overlap and exponents < 32, "a type is damaged")


def _check_compound(data: _Data, version: int, size: int, count: int, depth: int) -> None:
    for _ in range(count):
        _name(data, version)
        width = 4 if version < 3 else (size.bit_length() + 7) // 8
        offset = data.number(width)
        if version == 1:
            _need(data.number(1) == 0, "a type is damaged")
            data.take(27)
        member = _type(data, depth + 1)
        _need(not member.is_text and offset + member.size <= size, "a type is damaged")


_MESSAGES: dict[int, Callable[[_Walk, _Data, _Dataset], None]] = {
    0x00: _Walk._pass,
    0x01: _Walk._shape,
    0x02: _Walk._link_info,
    0x03: _Walk._type,
    0x04: _Walk._old_fill,
    0x05: _Walk._fill,
    0x06: _Walk._link,
    0x07: _Walk._refuse_external,
    0x08: _Walk._layout,
    0x0A: _Walk._pass,  # how large groups are
    0x0B: _Walk._filters,
    0x0C: _Walk._attribute,
    0x0D: _Walk._pass,  # a comment
    0x0E: _Walk._pass,  # when it was changed
    0x11: _Walk._symbol_table,
    0x12: _Walk._pass,  # when it was changed
    0x15: _Walk._attribute_info,
    0x16: _Walk._pass,  # how many links there are
}
_FOLLOWED = frozenset(_MESSAGES) - {0x00, 0x0A, 0x0D, 0x0E, 0x12, 0x16}


def refuse_foreign(group: Any, h5py: Any) -> None:
    """Looks at an open file for links out of it and values that are elsewhere, or nowhere.

    Raises:
        Damaged: if a name in it is no text.
        Refused: if there are such.
    """
    for name in group:
        if isinstance(name, bytes):
            _text(name)
        if type(group.get(name, getlink=True)) is not h5py.HardLink:
            raise Refused("it has a link to another place or file (%r)" % name)
        found = group[name]
        if isinstance(found, h5py.Group):
            refuse_foreign(found, h5py)
            continue
        if found.external or found.is_virtual:
            raise Refused("the values of a dataset are in another file")
        if found.dtype.hasobject:
            raise Refused("a dataset holds texts, where weights are numbers")
        size = (found.size or 0) * found.dtype.itemsize  # None if it is empty
        if size > _FREE + 1032 * found.id.get_storage_size():
            raise Refused("a dataset takes %d bytes, of which few are stored" % size)
