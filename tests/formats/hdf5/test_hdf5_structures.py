"""The structures of levels 0 and 1 of an HDF5 file: what HDF5 wrote is understood, damage is not.

The offsets of fields are counted from the beginning of a structure, by the specification.
"""

from __future__ import annotations

import io
from typing import Callable

import h5py
import numpy as np
import pytest
from damage import replaced

from keras_ckpt.formats.hdf5 import hdf5_structures
from keras_ckpt.formats.hdf5.hdf5_structures import Damaged, Data, Refused, Structure

HUGE = (1 << 64) - 2


def _file(libver: str) -> bytes:
    opened = io.BytesIO()
    with h5py.File(opened, "w", libver=libver) as file:
        file.attrs["texts"] = np.array(["first", "second"], dtype=h5py.special_dtype(vlen=str))
        file.create_group("layers").create_group("dense")
        file["layers"].create_dataset("in pieces", data=np.ones((4, 6)), chunks=(2, 3))
        file["layers"]["removed"] = h5py.SoftLink("/")
        del file["layers"]["removed"]
    return opened.getvalue()


OLD, NEW = _file("earliest"), _file("latest")


def part(signature: bytes, size: int, number: int = 0) -> bytes:
    """Returns the structure with a signature that is the first in the file, or a later one."""
    at = -1
    for _ in range(number + 1):
        at = OLD.index(signature, at + 1)
    return OLD[at : at + size]


def refused(function: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        function()
    assert type(caught.value) is error


# ------------------------------------------------ what all have in common


def test_fields_that_do_not_matter_are_left_out() -> None:
    structure = Structure(("version", "B"), ("reserved", "3x"), ("size", "I"), signature=b"\x01")
    assert structure.size == 8
    data = b"\x01\xff\xff\xff\x05\x00\x00\x00\x02\x00\x00\x00\x06\x00\x00\x00"
    assert structure.at(data) == (1, 5)
    assert structure.at(data, 8) == (2, 6)
    assert structure.is_signed(data)
    assert not structure.is_signed(data[1:])


def test_structures_are_taken_one_after_the_other() -> None:
    structure = Structure(("version", "B"), ("size", "H"))
    data = Data(b"\x01\x02\x00\x03\x04\x00\xaa\x05\x00\x06\x00\x00")
    assert structure.take(data) == (1, 2)
    assert structure.take(data) == (3, 4)
    assert data.take(1) == b"\xaa"
    assert data.numbers("2H") == (5, 6)
    assert data.left() == 1
    refused(lambda: structure.take(data), Damaged, "^a header ends too early$")
    refused(lambda: Data(b"\x01").number(2), Damaged, "^a header ends too early$")


@pytest.mark.parametrize(("size", "whole"), [(0, 0), (1, 8), (8, 8), (9, 16)])
def test_padded(size: int, whole: int) -> None:
    assert hdf5_structures.padded(size) == whole


def test_a_name_is_text() -> None:
    hdf5_structures.need_text("Schicht_größe".encode())
    refused(lambda: hdf5_structures.need_text(b"a\xff"), Damaged, r"is not text \(b'a\\xff'\)")


# ------------------------------------------------ II.A


def test_superblocks() -> None:
    old = hdf5_structures.superblock(OLD[:96])
    assert (old.end, old.leaf_k, old.node_k) == (len(OLD), 4, 16)
    assert old.symbols is not None and all(0 < each < len(OLD) for each in old.symbols)
    new = hdf5_structures.superblock(NEW[:96])
    assert (new.end, new.leaf_k, new.node_k, new.symbols) == (len(NEW), 0, 0, None)
    assert NEW[new.root : new.root + 4] == b"OHDR"


@pytest.mark.parametrize(
    ("at", "new", "error", "text"),
    [
        (0, b"\x88", Damaged, "it does not begin as HDF5 does"),
        (8, b"\x04", Damaged, "it is of the unknown version 4"),
        (13, b"\x04", Damaged, "its addresses are of an unknown kind"),
        (14, b"\x02", Damaged, "its addresses are of an unknown kind"),
        (16, b"\0\0", Damaged, "its groups have no size"),
        (18, b"\0\0", Damaged, "its groups have no size"),
        (24, b"\x08", Damaged, "its addresses are of an unknown kind"),
        (48, bytes(8), Damaged, "it is one of several files"),
        (72, b"\x03", Damaged, "a name in a group is of an unknown kind"),
        (72, b"\x02", Refused, "it has a link to another place"),
    ],
)
def test_a_damaged_superblock(at: int, new: bytes, error: type[Exception], text: str) -> None:
    damaged = replaced(OLD[:96], at, new)
    refused(lambda: hdf5_structures.superblock(damaged), error, text)


@pytest.mark.parametrize(("at", "new"), [(9, b"\x04"), (10, b"\x04"), (12, b"\x01")])
def test_a_damaged_superblock_of_version_2(at: int, new: bytes) -> None:
    damaged = replaced(NEW[:48], at, new)
    text = "its addresses are of an unknown kind"
    refused(lambda: hdf5_structures.superblock(damaged), Damaged, text)


@pytest.mark.parametrize("size", [7, 8, 20, 95])
def test_a_superblock_that_ends_too_early(size: int) -> None:
    refused(lambda: hdf5_structures.superblock(OLD[:size]), Damaged, "a header ends too early")


def test_a_superblock_of_version_1_has_a_field_more() -> None:
    content = replaced(OLD[:24], 8, b"\x01") + b"\x20\0\0\0" + OLD[24:96]
    assert hdf5_structures.superblock(content) == hdf5_structures.superblock(OLD[:96])


# ------------------------------------------------ III.A.1

NODE_K, LEAF_K = 16, 4
GROUP_NODE = part(b"TREE", hdf5_structures.tree_node_size(NODE_K, hdf5_structures.GROUP_KEY_SIZE))


def group_node(data: bytes, above: int | None = None) -> hdf5_structures.TreeNode:
    kind, size = hdf5_structures.GROUPS, hdf5_structures.GROUP_KEY_SIZE
    return hdf5_structures.tree_node(data, kind, NODE_K, size, above, heap_size=88)


def test_the_tree_of_a_group() -> None:
    assert len(GROUP_NODE) == 24 + 33 * 8 + 32 * 8
    node = group_node(GROUP_NODE, above=1)
    assert node.level == 0
    assert [OLD[child : child + 4] for child in node.children] == [b"SNOD"]


@pytest.mark.parametrize(
    ("at", "new", "text"),
    [
        (0, b"tree", "what should be a tree is not one"),
        (4, b"\x01", "what should be a tree is not one"),
        (5, b"\x01", "a tree is not in order"),
        (6, b"\x21\0", "a tree has more branches than room for them"),
        (24, b"\x58", "a key of a tree is wrong"),
        (40, b"\x58", "a key of a tree is wrong"),
    ],
)
def test_a_damaged_tree(at: int, new: bytes, text: str) -> None:
    refused(lambda: group_node(replaced(GROUP_NODE, at, new), above=1), Damaged, text)


def test_the_tree_of_a_dataset() -> None:
    kind, size = hdf5_structures.CHUNKS, hdf5_structures.chunk_key_size(2)
    assert size == 32
    at = OLD.index(b"TREE\x01")
    data = OLD[at : at + hdf5_structures.tree_node_size(32, size)]
    node = hdf5_structures.tree_node(data, kind, 32, size, None, None)
    assert hdf5_structures.chunk_sizes(data, size, len(node.children)) == [2 * 3 * 8] * 4
    assert len(set(node.children)) == 4


# ------------------------------------------------ III.B, III.C

NAMES = part(b"SNOD", hdf5_structures.symbol_table_node_size(LEAF_K))


def test_a_list_of_names() -> None:
    assert hdf5_structures.SYMBOL_TABLE_ENTRY.size == 40
    (entry,) = hdf5_structures.symbol_table_node(NAMES, LEAF_K)
    symbols = hdf5_structures.cached_symbols(entry)
    assert symbols is not None
    assert [OLD[address : address + 4] for address in symbols] == [b"TREE", b"HEAP"]


@pytest.mark.parametrize(
    ("at", "new", "text"),
    [
        (3, b"d", "what should be a list of names is not one"),
        (4, b"\x02", "what should be a list of names is not one"),
        (6, b"\x09", "a list of names has more entries than room for them"),
    ],
)
def test_a_damaged_list_of_names(at: int, new: bytes, text: str) -> None:
    damaged = replaced(NAMES, at, new)
    refused(lambda: hdf5_structures.symbol_table_node(damaged, LEAF_K), Damaged, text)


def test_what_an_entry_has_of_a_group() -> None:
    assert hdf5_structures.cached_symbols((8, 800, 0, 136, 680)) is None
    assert hdf5_structures.cached_symbols((8, 800, 1, 136, 680)) == (136, 680)
    soft, unknown = (8, 800, 2, 136, 680), (8, 800, 3, 136, 680)
    refused(lambda: hdf5_structures.cached_symbols(soft), Refused, r"\(a soft link\)")
    refused(lambda: hdf5_structures.cached_symbols(unknown), Damaged, "of an unknown kind")


# ------------------------------------------------ III.D

HEAP = part(b"HEAP", 32, 1)


def names() -> tuple[bytes, int]:
    """Returns the names in the group `layers`, and where their first hole is."""
    head = hdf5_structures.local_heap(HEAP)
    return OLD[head.address : head.address + head.size], head.free


def test_a_heap_of_names() -> None:
    content, free = names()
    assert hdf5_structures.LOCAL_HEAP.size == 32
    assert hdf5_structures.name_at(content, content.index(b"dense")) == b"dense"
    assert hdf5_structures.name_at(content, content.index(b"in pieces")) == b"in pieces"
    assert free != 1
    hdf5_structures.check_free_list(content, free)
    hdf5_structures.check_free_list(content, 1)


@pytest.mark.parametrize(("at", "new"), [(0, b"h"), (4, b"\x01")])
def test_a_damaged_heap_of_names(at: int, new: bytes) -> None:
    damaged = replaced(HEAP, at, new)
    refused(
        lambda: hdf5_structures.local_heap(damaged),
        Damaged,
        "what should be a heap of names is not one",
    )


@pytest.mark.parametrize(
    ("next_free", "length", "text"),
    [
        (80, 16, "a hole in a heap of names is outside it"),
        (HUGE, 16, "a hole in a heap of names is outside it"),
        (1, 15, "a hole in a heap of names is too large"),
        (1, 81, "a hole in a heap of names is too large"),
        (8, 40, "the holes in a heap of names lead back to the first"),
    ],
)
def test_a_damaged_hole(next_free: int, length: int, text: str) -> None:
    content = replaced(replaced(bytes(88), 8, next_free), 16, length)
    refused(lambda: hdf5_structures.check_free_list(content, 8), Damaged, text)


@pytest.mark.parametrize("offset", [0, 3, 9, 10, HUGE])
def test_a_name_that_is_not_there(offset: int) -> None:
    content = b"\0ab\0cd\0de"
    refused(lambda: hdf5_structures.name_at(content, offset), Damaged, "a name .* is missing")


# ------------------------------------------------ III.E

TEXTS = part(b"GCOL", 4096)


def test_a_heap_of_texts() -> None:
    assert hdf5_structures.global_heap_size(TEXTS[:16]) == 4096
    found = hdf5_structures.global_heap(TEXTS)
    assert sorted(found) == [1, 2]
    assert sorted(found.values()) == [len("first"), len("second")]


@pytest.mark.parametrize(
    ("at", "new", "text"),
    [
        (0, b"g", "what should be a heap of texts is not one"),
        (4, b"\x02", "what should be a heap of texts is not one"),
        (9, b"\x0f", "a heap of texts has a wrong size"),
    ],
)
def test_a_damaged_heap_of_texts(at: int, new: bytes, text: str) -> None:
    damaged = replaced(TEXTS[:16], at, new)
    refused(lambda: hdf5_structures.global_heap_size(damaged), Damaged, text)


@pytest.mark.parametrize(
    ("at", "new", "text"),
    [
        (24, HUGE, "a text is longer than its heap"),
        (40, b"\x01", "a text has the number of another one"),
        (64, b"\x03", "a text is longer than its heap"),
        (72, 15, "the free space in a heap of texts has a wrong size"),
        (72, 16, "a heap of texts has a hole"),
    ],
)
def test_a_damaged_text(at: int, new: int | bytes, text: str) -> None:
    damaged = replaced(TEXTS, at, new)
    refused(lambda: hdf5_structures.global_heap(damaged), Damaged, text)
