"""Whether what HDF5 follows in a file leads anywhere: checked before HDF5 itself opens it.

The library trusts what it finds. On damaged files it reads for ever, takes all memory or crashes.
So this walks through all that it would follow, from the first byte of the file: addresses, sizes
and counts. It reads headers only, no values. Nor does it let a file name another one.

What a structure consists of is in `hdf5_structures` and `header_messages`, by sections of the
specification; here is how one leads to the next.
"""

from __future__ import annotations

from types import ModuleType
from typing import BinaryIO, Callable

from keras_ckpt._typing import H5Group
from keras_ckpt.formats.hdf5 import hdf5_structures, header_messages
from keras_ckpt.formats.hdf5.hdf5_structures import (
    NOWHERE,
    Damaged,
    Data,
    Refused,
    need,
    need_text,
)
from keras_ckpt.formats.hdf5.header_messages import Datatype, Layout, count

_DEEPEST = 200
# So much larger than the file may be what is read from it: weights hardly shrink when packed.
_FREE, _RATIO = 32 << 20, 100
# A deflated byte stands for so many at most.
_PACKED_RATIO = 1032
# A dataset without values is read as zeros, which nobody saves many of.
_UNWRITTEN = 1 << 20
# The nodes of the trees of chunks are as large as the library takes them by default.
_CHUNK_K = 32


class _Object:
    """What the messages of one header say of the object."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] | None = None
        self.type: Datatype | None = None
        self.layout: Layout | None = None
        self.is_packed = False
        self.symbols: tuple[int, int] | None = None
        self.is_group = False
        self.links: list[int] = []


def check(file: BinaryIO, size: int, whole: bool = True) -> bool:
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
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._heaps: dict[int, dict[int, int]] = {}
        self._leaf_k = self._node_k = 0
        self._total = 0
        self.is_complete = True

    # ------------------------------------------------ places

    def _read(self, address: int, size: int, what: str) -> bytes:
        if address + size <= self._size:
            self._file.seek(address)
            data = self._file.read(size)
            if len(data) == size:
                return data
        raise Damaged(f"{what} is beyond its end")

    def _is_inside(self, address: int, size: int) -> bool:
        return address + size <= self._size

    # ------------------------------------------------ the file

    def file(self, whole: bool) -> None:
        """Follows all from the superblock (II.A)."""
        most = min(self._size, hdf5_structures.SUPERBLOCK_SIZE)
        head = hdf5_structures.superblock(self._read(0, most, "its beginning"))
        self._leaf_k, self._node_k = head.leaf_k, head.node_k
        need(head.end <= self._size, f"{head.end - self._size} bytes are missing")
        groups: set[int] = set()
        waiting = [(head.root, 0)]
        seen: set[int] = set()
        while waiting:
            address, depth = waiting.pop()
            need(depth <= _DEEPEST, "its groups are too deep")
            found = self._object(address)
            if found.symbols is not None:
                if address == head.root and head.symbols is not None:
                    need(found.symbols == head.symbols, "its first group is described in two ways")
                found.links += self._symbols(*found.symbols)
            if found.is_group:
                need(address not in groups, "a group is in itself, or in two places")
                groups.add(address)
            if not whole:
                return
            waiting += [(link, depth + 1) for link in found.links if link not in seen]
            need(not groups.intersection(found.links), "a group is in itself, or in two places")
            seen.update(found.links)
        if self._total > _FREE + _RATIO * self._size:
            raise Refused(f"its values take {self._total} bytes, and it has {self._size}")

    # ------------------------------------------------ groups of the first kind

    def _symbols(self, tree: int, heap: int) -> list[int]:
        """Returns the addresses of what is in a group (III.A.1, III.B, III.C)."""
        names = self._names(heap)
        links: list[int] = []
        taken = 0
        for node in self._lists_of_names(tree, len(names)):
            size = hdf5_structures.symbol_table_node_size(self._leaf_k)
            data = self._read(node, size, "a list of names")
            for entry in hdf5_structures.symbol_table_node(data, self._leaf_k):
                cached = hdf5_structures.cached_symbols(entry)
                offset, address, *_ = entry
                taken += len(hdf5_structures.name_at(names, offset))
                need(taken <= len(names), "names in a group overlap")
                if cached is not None:
                    found = self._object(address)
                    need(found.symbols == cached, "a group is described in two ways")
                links.append(address)
        return links

    def _names(self, address: int) -> bytes:
        """Returns the names in a local heap (III.D)."""
        head = hdf5_structures.local_heap(
            self._read(address, hdf5_structures.LOCAL_HEAP.size, "a heap of names")
        )
        names = self._read(head.address, head.size, "a heap of names")
        hdf5_structures.check_free_list(names, head.free)
        return names

    def _lists_of_names(self, tree: int, heap_size: int) -> list[int]:
        key_size = hdf5_structures.GROUP_KEY_SIZE
        kind = hdf5_structures.GROUPS
        leaves = self._leaves(tree, kind, self._node_k, key_size, heap_size)
        found = [child for _, children in leaves for child in children]
        need(len(found) == len(set(found)), "a list of names is in two places")
        return found

    def _leaves(
        self, tree: int, kind: int, k: int, key_size: int, heap_size: int | None = None
    ) -> list[tuple[bytes, list[int]]]:
        """Returns the last nodes of a tree: their bytes, and what they point at (III.A.1)."""
        found: list[tuple[bytes, list[int]]] = []
        seen: set[int] = set()
        size = hdf5_structures.tree_node_size(k, key_size)
        waiting: list[tuple[int, int | None]] = [(tree, None)]
        while waiting:
            address, above = waiting.pop()
            need(address not in seen, "a tree leads back to itself")
            seen.add(address)
            data = self._read(address, size, "a tree")
            node = hdf5_structures.tree_node(data, kind, k, key_size, above, heap_size)
            if node.level:
                waiting += [(child, node.level) for child in node.children]
            else:
                found.append((data, node.children))
        return found

    # ------------------------------------------------ headers

    def _object(self, address: int) -> _Object:
        """Returns what the header of an object says (IV.A.1)."""
        found = _Object()
        seen: set[int] = set()
        size = min(header_messages.HEADER_1.size, max(0, self._size - address))
        start = self._read(address, size, "a header")
        if header_messages.HEADER_2.is_signed(start):
            size = min(header_messages.HEADER_2_SIZE, self._size - address)
            head = header_messages.header_2(self._read(address, size, "a header"))
            data = self._read(address + head.start, head.size, "a header")
            self._messages(data, found, seen, head.extra)
        else:
            size = header_messages.header_1_size(start)
            data = self._read(address + header_messages.HEADER_1.size, size, "a header")
            self._messages(data, found, seen, None)
        is_dataset = found.layout is not None
        need(not (is_dataset and found.is_group), "an object is a group and a dataset")
        need(is_dataset or found.is_group, "an object is neither a group nor a dataset")
        if is_dataset:
            self._dataset(found)
        return found

    def _messages(self, data: bytes, found: _Object, seen: set[int], extra: int | None) -> None:
        """Looks at the messages of a header; `extra` is as in `header_messages.messages`."""
        for kind, is_shared, part in header_messages.messages(data, extra):
            if kind == _CONTINUATION:
                place, length = header_messages.continuation(Data(part))
                need(place not in seen, "a header leads back to itself")
                seen.add(place)
                more = self._read(place, length, "a header")
                self._messages(header_messages.continued(more, extra), found, seen, extra)
                continue
            need(kind in _MESSAGES, "a header holds something unknown")
            need(not is_shared or kind in _UNREAD, "a header shares a part with another one")
            if kind not in _UNREAD:
                _MESSAGES[kind](self, Data(part), found)

    # ------------------------------------------------ what the messages of a header say

    def _pass(self, data: Data, found: _Object) -> None:
        pass

    def _dataspace(self, data: Data, found: _Object) -> None:
        found.shape = header_messages.dataspace(data)

    def _link_info(self, data: Data, found: _Object) -> None:
        found.is_group = True
        if header_messages.link_info(data):
            self.is_complete = False

    def _datatype(self, data: Data, found: _Object) -> None:
        found.type = header_messages.datatype(data)

    def _old_fill_value(self, data: Data, found: _Object) -> None:
        header_messages.old_fill_value(data)

    def _fill_value(self, data: Data, found: _Object) -> None:
        header_messages.fill_value(data)

    def _link(self, data: Data, found: _Object) -> None:
        found.links.append(header_messages.link(data))

    def _external_files(self, data: Data, found: _Object) -> None:
        header_messages.external_files()

    def _layout(self, data: Data, found: _Object) -> None:
        found.layout = header_messages.layout(data)
        if found.layout.kind == header_messages.INDEXED:
            self.is_complete = False

    def _filter_pipeline(self, data: Data, found: _Object) -> None:
        found.is_packed = header_messages.filter_pipeline(data)

    def _attribute(self, data: Data, found: _Object) -> None:
        for text in header_messages.attribute(data):
            size = self._heap(text.heap).get(text.number, -1)
            need(size >= text.length, "a text is missing")
            self._total += text.length

    def _symbol_table(self, data: Data, found: _Object) -> None:
        found.is_group = True
        need(self._leaf_k > 0, "a group is of another kind than the file")
        found.symbols = header_messages.symbol_table(data)

    def _attribute_info(self, data: Data, found: _Object) -> None:
        if header_messages.attribute_info(data):
            self.is_complete = False

    # ------------------------------------------------ texts

    def _heap(self, address: int) -> dict[int, int]:
        """Returns the sizes of the objects in a heap of texts, by number (III.E)."""
        if address not in self._heaps:
            head = self._read(address, hdf5_structures.GLOBAL_HEAP.size, "a heap of texts")
            size = hdf5_structures.global_heap_size(head)
            data = self._read(address, size, "a heap of texts")
            self._heaps[address] = hdf5_structures.global_heap(data)
        return self._heaps[address]

    # ------------------------------------------------ datasets

    def _dataset(self, found: _Object) -> None:
        need(found.shape is not None and found.type is not None, "a dataset has no shape or type")
        assert found.shape is not None and found.type is not None and found.layout is not None
        if found.type.is_text:
            raise Refused("a dataset holds texts, where weights are numbers")
        size = count(found.shape) * found.type.size
        self._total += size
        kind, length, address, _ = found.layout
        in_chunks = kind in (header_messages.CHUNKED, header_messages.INDEXED)
        need(not found.is_packed or in_chunks, "a dataset in one piece is packed")
        if kind == header_messages.COMPACT:
            need(length >= size, "a dataset is smaller than its shape")
        elif kind == header_messages.CONTIGUOUS and address == NOWHERE:
            need(size <= _UNWRITTEN, "a dataset has no values")
        elif kind == header_messages.CONTIGUOUS:
            need(length >= size, "a dataset is smaller than its shape")
            need(self._is_inside(address, length), "the values of a dataset are beyond its end")
        elif kind == header_messages.CHUNKED:
            self._chunks(len(found.shape), found.type.size, found.layout, found.is_packed, size)

    def _chunks(
        self, dimensions: int, width: int, layout: Layout, is_packed: bool, size: int
    ) -> None:
        """Looks at the pieces of a dataset, which a tree leads to (III.A.1)."""
        dims = layout.chunk
        need(len(dims) == dimensions + 1, "the pieces of a dataset have other dimensions")
        need(0 not in dims and dims[-1] == width, "the pieces of a dataset have no size")
        piece = count(dims)
        need(piece < 1 << 32, "the pieces of a dataset are too large")
        self._total += piece  # One is unpacked whole.
        if layout.address == NOWHERE:
            need(size <= _UNWRITTEN, "a dataset has no values")
            return
        key_size = hdf5_structures.chunk_key_size(dimensions)
        stored = 0
        for data, places in self._leaves(
            layout.address, hdf5_structures.CHUNKS, _CHUNK_K, key_size
        ):
            lengths = hdf5_structures.chunk_sizes(data, key_size, len(places))
            for place, length in zip(places, lengths):
                need(self._is_inside(place, length), "a piece of a dataset is beyond its end")
                need(is_packed or length == piece, "a piece of a dataset has a wrong size")
                stored += length
        if size > _FREE + _PACKED_RATIO * stored:
            raise Refused(f"a dataset takes {size} bytes, of which {stored} are stored")


#: What is done with a message, by the number of its type.
_MESSAGES: dict[int, Callable[[_Walk, Data, _Object], None]] = {
    0x00: _Walk._pass,  # IV.A.2.a. The NIL Message
    0x01: _Walk._dataspace,  # IV.A.2.b
    0x02: _Walk._link_info,  # IV.A.2.c
    0x03: _Walk._datatype,  # IV.A.2.d
    0x04: _Walk._old_fill_value,  # IV.A.2.e
    0x05: _Walk._fill_value,  # IV.A.2.f
    0x06: _Walk._link,  # IV.A.2.g
    0x07: _Walk._external_files,  # IV.A.2.h
    0x08: _Walk._layout,  # IV.A.2.i
    0x0A: _Walk._pass,  # IV.A.2.k. The Group Info Message
    0x0B: _Walk._filter_pipeline,  # IV.A.2.l
    0x0C: _Walk._attribute,  # IV.A.2.m
    0x0D: _Walk._pass,  # IV.A.2.n. The Object Comment Message
    0x0E: _Walk._pass,  # IV.A.2.o. The Object Modification Time (Old) Message
    0x11: _Walk._symbol_table,  # IV.A.2.r
    0x12: _Walk._pass,  # IV.A.2.s. The Object Modification Time Message
    0x15: _Walk._attribute_info,  # IV.A.2.v
    0x16: _Walk._pass,  # IV.A.2.w. The Object Reference Count Message
}
_CONTINUATION = 0x10  # IV.A.2.q
_UNREAD = frozenset(kind for kind, method in _MESSAGES.items() if method is _Walk._pass)


def refuse_foreign(group: H5Group, h5py: ModuleType) -> None:
    """Looks at an open file for links out of it and values that are elsewhere, or nowhere.

    Raises:
        Damaged: if a name in it is not text.
        Refused: if there are such.
    """
    for name in group:
        if isinstance(name, bytes):
            need_text(name)
        if type(group.get(name, getlink=True)) is not h5py.HardLink:
            raise Refused(f"it has a link to another place or file ({name!r})")
        found = group[name]
        if isinstance(found, h5py.Group):
            refuse_foreign(found, h5py)
            continue
        if found.external or found.is_virtual:
            raise Refused("the values of a dataset are in another file")
        if found.dtype.hasobject:
            raise Refused("a dataset holds texts, where weights are numbers")
        size = (found.size or 0) * found.dtype.itemsize  # None if it is empty
        if size > _FREE + _PACKED_RATIO * found.id.get_storage_size():
            raise Refused(f"a dataset takes {size} bytes, of which few are stored")
