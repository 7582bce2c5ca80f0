"""Structures of an HDF5 file: what each holds, as a table of its fields, and what is checked of it.

Each is headed by its section of the "HDF5 File Format Specification Version 3.0". Its fields stand
in the order that they have there, with their codes of the module `struct`: `B`, `H`, `I` and `Q`
for unsigned numbers of 1, 2, 4 and 8 bytes, and `x` for bytes that are not looked at. All numbers
are little-endian; all addresses and lengths have 8 bytes, or `superblock` refuses the file.

Here are levels 0 and 1, the file and its groups. `header_messages` has level 2, what the header of
a group or dataset says, and `validation` follows from one structure to the next.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: The address of what is not there.
NOWHERE = (1 << 64) - 1


class Damaged(ValueError):
    """What is wrong with a file."""


class Refused(Damaged):
    """What a file holds that no checkpoint does, and what to do."""


def need(holds: bool, what: str) -> None:
    """Raises Damaged with the text `what` unless something holds."""
    if not holds:
        raise Damaged(what)


def need_text(name: bytes) -> None:
    """Refuses a name for which h5py would give bytes, as it cannot decode them."""
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        raise Damaged(f"a name in it is not text ({name!r})") from None


def padded(size: int) -> int:
    """Returns a size rounded up to a multiple of 8 bytes."""
    return (size + 7) & ~7


class Data:
    """The bytes of a structure, taken from its beginning on. It ends where they end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """Returns the next bytes."""
        part = self.data[self.at : self.at + size]
        if len(part) != size:
            raise Damaged("a header ends too early")
        self.at += size
        return part

    def number(self, size: int) -> int:
        """Returns the next number, of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def numbers(self, form: str) -> tuple[int, ...]:
        """Returns the next numbers, as `struct` names their sizes."""
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def left(self) -> int:
        """Returns how many bytes have not been taken."""
        return len(self.data) - self.at


class Structure:
    """The fields of a structure, one after the other.

    Args:
        fields: the name of each, as the specification has it, and its code.
        signature: what the first field is, if that is four letters.

    Example:

    ```python
    structure = Structure(("version", "B"), ("reserved", "x"), ("size", "H"))
    version, size = structure.at(b"\1\0\2\0")
    ```
    """

    def __init__(self, *fields: tuple[str, str], signature: bytes = b"") -> None:
        self.fields = fields
        self.signature = signature
        self._struct = struct.Struct("<" + "".join(code for _, code in fields))
        self.size = self._struct.size

    def at(self, data: bytes, offset: int = 0) -> tuple[int, ...]:
        """Returns the values of one at an offset, but for fields that are not looked at."""
        return self._struct.unpack_from(data, offset)

    def take(self, data: Data) -> tuple[int, ...]:
        """Returns the values of the one that comes next, as `at` does."""
        start, data.at = data.at, data.at + self.size
        if data.at > len(data.data):
            raise Damaged("a header ends too early")
        return self._struct.unpack_from(data.data, start)

    def is_signed(self, data: bytes) -> bool:
        """Returns whether `data` begins with the signature."""
        return data.startswith(self.signature)


# ------------------------------------------------ II.A. Format Signature and Superblock

MAGIC = b"\x89HDF\r\n\x1a\n"
# What comes after the format signature and the version, of one byte. In versions 0 and 1 the entry
# of the root group (III.C) comes last.
_SUPERBLOCK_0 = (
    ("version of the free-space storage", "x"),
    ("version of the root group symbol table entry", "x"),
    ("reserved", "x"),
    ("version of the shared header message format", "x"),
    ("size of offsets", "B"),
    ("size of lengths", "B"),
    ("reserved", "x"),
    ("group leaf node k", "H"),
    ("group internal node k", "H"),
    ("file consistency flags", "4x"),
)
_SUPERBLOCK_1 = (
    *_SUPERBLOCK_0,
    ("indexed storage internal node k", "2x"),
    ("reserved", "2x"),
)
_SUPERBLOCK_0_ADDRESSES = (
    ("base address", "Q"),
    ("address of file free space info", "8x"),
    ("end of file address", "Q"),
    ("driver information block address", "Q"),
)
_OLD_SUPERBLOCKS = (
    Structure(*_SUPERBLOCK_0, *_SUPERBLOCK_0_ADDRESSES),
    Structure(*_SUPERBLOCK_1, *_SUPERBLOCK_0_ADDRESSES),
)
# Versions 2 and 3. A checksum follows.
_SUPERBLOCK_2 = Structure(
    ("size of offsets", "B"),
    ("size of lengths", "B"),
    ("file consistency flags", "x"),
    ("base address", "Q"),
    ("superblock extension address", "8x"),
    ("end of file address", "Q"),
    ("root group object header address", "Q"),
)
SUPERBLOCK_SIZE = 96


class Superblock(NamedTuple):
    """What the first bytes of a file say.

    Attributes:
        root: address of the header of its first group.
        end: where the file ends.
        leaf_k, node_k: how large lists of names and the nodes of their trees are; 0 if groups
            are of the second kind.
        symbols: where the first group's names are, which its header says, too; None if unknown.
    """

    root: int
    end: int
    leaf_k: int = 0
    node_k: int = 0
    symbols: tuple[int, int] | None = None


def superblock(content: bytes) -> Superblock:
    """Returns what the superblock at the beginning of `content` says (II.A)."""
    data = Data(content)
    need(data.take(len(MAGIC)) == MAGIC, "it does not begin as HDF5 does")
    version = data.number(1)
    need(version <= 3, f"it is of the unknown version {version}")
    if version >= 2:
        *sizes, base, end, root = _SUPERBLOCK_2.take(data)
        _check_addresses(sizes, base)
        return Superblock(root, end)
    *sizes, leaf_k, node_k, base, end, driver = _OLD_SUPERBLOCKS[version].take(data)
    entry = SYMBOL_TABLE_ENTRY.take(data)
    need(driver == NOWHERE, "it is one of several files")
    need(leaf_k > 0 and node_k > 0, "its groups have no size")
    symbols = cached_symbols(entry)
    _check_addresses(sizes, base)
    _, root, *_ = entry
    return Superblock(root, end, leaf_k, node_k, symbols)


def _check_addresses(sizes: list[int], base: int) -> None:
    need(sizes == [8, 8] and base == 0, "its addresses are of an unknown kind")


# ------------------------------------------------ III.A.1. Version 1 B-trees

_TREE_NODE = Structure(
    ("signature", "4x"),
    ("node type", "B"),
    ("node level", "B"),
    ("entries used", "H"),
    ("address of left sibling", "8x"),
    ("address of right sibling", "8x"),
    signature=b"TREE",
)
# Keys and addresses of children follow in turn; there is one key more. In a tree of a group (type
# 0) a key is the offset of a name in its heap, and in a tree of a dataset (type 1) it is this, and
# at its end the offset of the chunk, 8 bytes for each dimension and for that of the elements.
GROUP_KEY_SIZE = 8
_CHUNK_KEY = Structure(
    ("size of chunk in bytes", "I"),
    ("filter mask", "4x"),
)
GROUPS, CHUNKS = 0, 1


class TreeNode(NamedTuple):
    """A node of a tree: how far above the leaves it is, and what it points at."""

    level: int
    children: list[int]


def chunk_key_size(dimensions: int) -> int:
    """Returns the bytes of a key in the tree of a dataset of so many dimensions (III.A.1)."""
    return _CHUNK_KEY.size + 8 * (dimensions + 1)


def tree_node_size(k: int, key_size: int) -> int:
    """Returns the bytes of a node of a tree, most of which may be unused (III.A.1)."""
    return _TREE_NODE.size + (2 * k + 1) * key_size + 2 * k * 8


def tree_node(
    data: bytes, kind: int, k: int, key_size: int, above: int | None, heap_size: int | None
) -> TreeNode:
    """Returns what the node of a tree says (III.A.1).

    Args:
        data: its bytes.
        kind: `GROUPS` or `CHUNKS`, which it must be.
        k: it has at most twice as many children.
        key_size: the bytes of a key.
        above: level of the node that points at it, if one does.
        heap_size: how many bytes of names its keys point into, if they do.
    """
    of_kind, level, count = _TREE_NODE.at(data)
    need(_TREE_NODE.is_signed(data) and of_kind == kind, "what should be a tree is not one")
    need(above is None or level == above - 1, "a tree is not in order")
    need(count <= 2 * k, "a tree has more branches than room for them")
    start, step = _TREE_NODE.size, key_size + 8
    if heap_size is not None:
        for at in range(start, start + step * count + 1, step):
            key = int.from_bytes(data[at : at + 8], "little")
            need(key < heap_size or not key, "a key of a tree is wrong")
    start += key_size
    children = [
        int.from_bytes(data[at : at + 8], "little")
        for at in range(start, start + step * count, step)
    ]
    return TreeNode(level, children)


def chunk_sizes(data: bytes, key_size: int, count: int) -> list[int]:
    """Returns the stored bytes of the `count` chunks that a leaf of a tree points at (III.A.1)."""
    starts = range(_TREE_NODE.size, _TREE_NODE.size + (key_size + 8) * count, key_size + 8)
    return [_CHUNK_KEY.at(data, at)[0] for at in starts]


# ------------------------------------------------ III.B. Group Symbol Table Nodes

_SYMBOL_TABLE_NODE = Structure(
    ("signature", "4x"),
    ("version", "B"),
    ("reserved", "x"),
    ("number of symbols", "H"),
    signature=b"SNOD",
)


def symbol_table_node_size(leaf_k: int) -> int:
    """Returns the bytes of a list of names, most of which may be unused (III.B)."""
    return _SYMBOL_TABLE_NODE.size + 2 * leaf_k * SYMBOL_TABLE_ENTRY.size


def symbol_table_node(data: bytes, leaf_k: int) -> list[tuple[int, ...]]:
    """Returns the entries of a list of names (III.B)."""
    version, count = _SYMBOL_TABLE_NODE.at(data)
    need(
        _SYMBOL_TABLE_NODE.is_signed(data) and version == 1,
        "what should be a list of names is not one",
    )
    need(count <= 2 * leaf_k, "a list of names has more entries than room for them")
    start, step = _SYMBOL_TABLE_NODE.size, SYMBOL_TABLE_ENTRY.size
    return [SYMBOL_TABLE_ENTRY.at(data, start + step * number) for number in range(count)]


# ------------------------------------------------ III.C. Symbol Table Entry

SYMBOL_TABLE_ENTRY = Structure(
    ("link name offset", "Q"),
    ("object header address", "Q"),
    ("cache type", "I"),
    ("reserved", "4x"),
    # The scratch-pad space, as it is if the cache type is 1.
    ("address of b-tree", "Q"),
    ("address of name heap", "Q"),
)
_NOTHING_CACHED, _GROUP_CACHED, _SOFT_LINK = 0, 1, 2


def cached_symbols(entry: tuple[int, ...]) -> tuple[int, int] | None:
    """Returns the copy that an entry has of what a group's header says, if it has one (III.C).

    HDF5 may go by this copy.
    """
    _, _, kind, tree, heap = entry
    if kind == _SOFT_LINK:
        raise Refused("it has a link to another place (a soft link)")
    need(kind in (_NOTHING_CACHED, _GROUP_CACHED), "a name in a group is of an unknown kind")
    if kind == _NOTHING_CACHED:
        return None
    return tree, heap


# ------------------------------------------------ III.D. Local Heaps

LOCAL_HEAP = Structure(
    ("signature", "4x"),
    ("version", "B"),
    ("reserved", "3x"),
    ("data segment size", "Q"),
    ("offset to head of free-list", "Q"),
    ("address of data segment", "Q"),
    signature=b"HEAP",
)
_FREE_BLOCK = Structure(
    ("offset of next free block", "Q"),
    ("size of free block", "Q"),
)
# What stands for the end of the list.
_LAST_FREE = 1


class LocalHeap(NamedTuple):
    """Where the names of a group are, and where there is a hole in them."""

    size: int
    free: int
    address: int


def local_heap(data: bytes) -> LocalHeap:
    """Returns what the header of a heap of names says (III.D)."""
    version, size, free, address = LOCAL_HEAP.at(data)
    need(LOCAL_HEAP.is_signed(data) and version == 0, "what should be a heap of names is not one")
    return LocalHeap(size, free, address)


def check_free_list(names: bytes, free: int) -> None:
    """Checks the holes in a heap of names, the first of which is at `free` (III.D)."""
    seen = 0
    while free != _LAST_FREE:
        need(free + _FREE_BLOCK.size <= len(names), "a hole in a heap of names is outside it")
        after, length = _FREE_BLOCK.at(names, free)
        fits = _FREE_BLOCK.size <= length <= len(names) - free
        need(fits, "a hole in a heap of names is too large")
        seen += length
        need(seen <= len(names), "the holes in a heap of names lead back to the first")
        free = after


def name_at(names: bytes, offset: int) -> bytes:
    """Returns the name at an offset in a heap of names (III.D)."""
    end = names.find(b"\0", offset) if offset < len(names) else -1
    need(end > offset, "a name in a group is missing")
    name = names[offset:end]
    need_text(name)
    return name


# ------------------------------------------------ III.E. Global Heap

GLOBAL_HEAP = Structure(
    ("signature", "4x"),
    ("version", "B"),
    ("reserved", "3x"),
    ("collection size", "Q"),
    signature=b"GCOL",
)
_HEAP_OBJECT = Structure(
    ("heap object index", "H"),
    ("reference count", "2x"),
    ("reserved", "4x"),
    ("object size", "Q"),
)
_SMALLEST_COLLECTION = 4096


def global_heap_size(data: bytes) -> int:
    """Returns the bytes of a heap of texts, by its header (III.E)."""
    version, size = GLOBAL_HEAP.at(data)
    need(GLOBAL_HEAP.is_signed(data) and version == 1, "what should be a heap of texts is not one")
    need(size >= _SMALLEST_COLLECTION, "a heap of texts has a wrong size")
    return size


def global_heap(data: bytes) -> dict[int, int]:
    """Returns the sizes of the objects in a heap of texts, by number (III.E)."""
    found: dict[int, int] = {}
    at, size = GLOBAL_HEAP.size, len(data)
    while size - at >= _HEAP_OBJECT.size:
        index, length = _HEAP_OBJECT.at(data, at)
        # What is free, itself included, comes last.
        taken = padded(length) + _HEAP_OBJECT.size if index else length
        need(
            index != 0 or length >= _HEAP_OBJECT.size,
            "the free space in a heap of texts has a wrong size",
        )
        need(taken <= size - at, "a text is longer than its heap")
        need(index == 0 or index not in found, "a text has the number of another one")
        at += taken
        if index:
            found[index] = length
        else:
            need(at == size, "a heap of texts has a hole")
    return found
