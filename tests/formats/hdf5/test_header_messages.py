"""The messages in headers of an HDF5 file: what they say, and which of them are refused.

They are those that HDF5 itself wrote, and each is damaged in one place.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Callable

import h5py
import numpy as np
import pytest
from damage import replaced

from keras_ckpt.formats.hdf5 import header_messages
from keras_ckpt.formats.hdf5.hdf5_structures import NOWHERE, Damaged, Data, Refused, superblock
from keras_ckpt.formats.hdf5.header_messages import Datatype, Layout

TEXT = h5py.special_dtype(vlen=str)


def written(fill: Callable[[Any], Any], libver: str = "earliest") -> bytes:
    opened = io.BytesIO()
    with h5py.File(opened, "w", libver=libver) as file:
        fill(file)
    return opened.getvalue()


def messages_at(content: bytes, address: int) -> list[tuple[int, bytes]]:
    """Returns the messages of the header at an address."""
    if content[address : address + 4] == b"OHDR":
        head = header_messages.header_2(content[address:])
        start, size, extra = address + head.start, head.size, head.extra
    else:
        size = header_messages.header_1_size(content[address : address + 16])
        start, extra = address + 16, None
    waiting = [content[start : start + size]]
    found = []
    for data in waiting:
        for kind, _, part in header_messages.messages(data, extra):
            found.append((kind, part))
            if kind == 0x10:
                start, size = header_messages.continuation(Data(part))
                more = content[start : start + size]
                waiting.append(header_messages.continued(more, extra))
    return found


def message(kind: int, fill: Callable[[Any], Any], libver: str = "earliest") -> bytes:
    """Returns the first message of a kind in what is the first or only object of a file."""
    content = written(fill, libver)
    with h5py.File(io.BytesIO(content), "r") as file:
        address = superblock(content[:96]).root
        if len(file):
            address = h5py.h5o.get_info(file[next(iter(file))].id).addr
    return next(part for each, part in messages_at(content, address) if each == kind)


def dataset(**how: Any) -> Callable[[Any], Any]:
    return lambda file: file.create_dataset("d", **how)


def compact(file: Any) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((3,))
    h5py.h5d.create(file.id, b"d", h5py.h5t.IEEE_F32LE, space, properties)


def refused(
    function: Callable[[Data], object], data: bytes, text: str, error: type[Exception] = Damaged
) -> None:
    with pytest.raises(error, match=text) as caught:
        function(Data(data))
    assert type(caught.value) is error


# ------------------------------------------------ IV.A.1


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_all_messages_of_a_header(libver: str) -> None:
    def fill(file: Any) -> None:
        for number in range(20):
            file.attrs[f"of a name that takes room {number}"] = np.arange(8)

    content = written(fill, libver)
    found = messages_at(content, superblock(content[:96]).root)
    # So many are elsewhere in new files.
    assert sum(kind == 0x0C for kind, _ in found) == (20 if libver == "earliest" else 0)
    of_links, of_attributes = (0x11, 0x0C) if libver == "earliest" else (0x02, 0x15)
    assert {of_links, of_attributes} <= {kind for kind, _ in found}


def test_a_damaged_header_of_version_1() -> None:
    header = struct.pack("<BxHIIxxxx", 1, 3, 1, 120)
    assert header_messages.header_1_size(header) == 120
    for damaged in (replaced(header, 0, b"\x02"), header[:15], b""):
        with pytest.raises(Damaged, match="what should be a header is not one"):
            header_messages.header_1_size(damaged)


@pytest.mark.parametrize(
    ("flags", "start", "extra"),
    [(0x00, 7, 0), (0x20, 23, 0), (0x30, 27, 0), (0x34, 27, 2), (0x03, 14, 0)],
)
def test_a_header_of_version_2_has_the_fields_of_its_flags(
    flags: int, start: int, extra: int
) -> None:
    content = b"OHDR\x02" + bytes([flags]) + bytes(20 if flags & 0x10 else 0)
    content += bytes(16 if flags == 0x20 else 0) + (100).to_bytes(8, "little")
    assert header_messages.header_2(content) == (start, 100, extra)
    with pytest.raises(Damaged, match="a header is of the unknown version 3"):
        header_messages.header_2(replaced(content, 4, b"\x03"))
    with pytest.raises(Damaged, match="a header ends too early"):
        header_messages.header_2(content[: start - 1])


def test_messages_one_after_the_other() -> None:
    first = struct.pack("<HHB3x", 5, 8, 2) + b"ABCDEFGH"
    second = struct.pack("<HHB3x", 12, 0, 1)
    # What is left over at the end is too short for a message.
    found = list(header_messages.messages(first + second + bytes(7), None))
    assert found == [(5, True, b"ABCDEFGH"), (12, False, b"")]
    new = struct.pack("<BHBxx", 5, 3, 0) + b"ABC"
    assert list(header_messages.messages(new, 2)) == [(5, False, b"ABC")]
    damaged = struct.pack("<HHB3x", 5, 9, 0) + b"ABCDEFGH"
    with pytest.raises(Damaged, match="a header ends too early"):
        list(header_messages.messages(damaged, None))


# ------------------------------------------------ IV.A.2.b


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize(
    ("how", "shape"),
    [
        ({"data": np.ones((2, 3))}, (2, 3)),
        ({"data": 1.0}, ()),
        ({"data": np.ones(2), "maxshape": (None,)}, (2,)),
        ({"data": h5py.Empty(np.dtype("f4"))}, (0,)),
    ],
)
def test_dataspaces(how: dict[str, Any], shape: tuple[int, ...], libver: str) -> None:
    assert header_messages.dataspace(Data(message(0x01, dataset(**how), libver))) == shape


@pytest.mark.parametrize(
    ("at", "new", "text"),
    [
        (0, b"\x03", "a shape is of the unknown version 3"),
        (1, b"\x21", "a shape has 33 dimensions"),
        (2, b"\x02", "a shape has 2 dimensions"),
        (15, b"\x01", "a shape is larger than any memory"),
        (24, b"\x01", "a shape is larger than it may be"),
    ],
)
def test_a_damaged_dataspace(at: int, new: bytes, text: str) -> None:
    good = message(0x01, dataset(data=np.ones((2, 3)), maxshape=(5, 6)))
    refused(header_messages.dataspace, replaced(good, at, new), text)
    refused(header_messages.dataspace, good[:30], "a header ends too early")


# ------------------------------------------------ IV.A.2.c, IV.A.2.v


@pytest.mark.parametrize(("count", "elsewhere"), [(3, False), (30, True)])
def test_where_links_and_attributes_are(count: int, elsewhere: bool) -> None:
    def fill(file: Any) -> None:
        group = file.create_group("g", track_order=True)
        for number in range(count):
            group.create_group(str(number))
            scalar = h5py.h5s.create(h5py.h5s.SCALAR)
            h5py.h5a.create(group.id, b"%d" % number, h5py.h5t.NATIVE_INT64, scalar)

    links, attributes = message(0x02, fill, "latest"), message(0x15, fill, "latest")
    assert links[1] & 1 and attributes[1] & 1  # The order is there, which moves the address.
    assert header_messages.link_info(Data(links)) is elsewhere
    assert header_messages.attribute_info(Data(attributes)) is elsewhere
    refused(header_messages.link_info, links[:12], "a header ends too early")
    refused(header_messages.attribute_info, attributes[:5], "a header ends too early")


# ------------------------------------------------ IV.A.2.d

PAIRS = np.dtype([("first", "<i2"), ("second", "<f8")])


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", ">f4", "i1", "u8", "c8", "S5", "V3", bool, PAIRS]
)
def test_datatypes(dtype: Any, libver: str) -> None:
    good = message(0x03, dataset(data=np.zeros(2, dtype)), libver)
    assert header_messages.datatype(Data(good)) == Datatype(np.dtype(dtype).itemsize, False)


def test_a_text_of_any_length() -> None:
    good = message(0x03, dataset(data="text", dtype=TEXT))
    assert header_messages.datatype(Data(good)) == Datatype(16, True)
    refused(header_messages.datatype, replaced(good, 4, b"\x11"), "a type is damaged")
    # A sequence of any length, of what it may be.
    sequence = replaced(good, 1, b"\x00")
    refused(header_messages.datatype, sequence, r"values of a kind \(9\)", Refused)


@pytest.mark.parametrize(
    ("dtype", "at", "new", "text"),
    [
        ("f4", 0, b"\x01", "a type is damaged"),  # version 0
        ("f4", 0, b"\x61", "a type is damaged"),  # version 6
        ("f4", 4, b"\0", "a type is damaged"),  # no bytes
        ("f4", 4, b"\x11", "a type is damaged"),  # 17 bytes
        ("f4", 8, b"\x01", "a type is damaged"),  # bit offset
        ("f4", 10, b"\0\0", "a type is damaged"),  # bit precision
        ("f4", 2, b"\x20", "a type is damaged"),  # the bit of the sign
        ("f4", 12, b"\x19", "a type is damaged"),  # exponent location
        ("f4", 12, b"\x16", "a type is damaged"),  # the same, over the mantissa
        ("f4", 13, b"\0", "a type is damaged"),  # exponent size
        ("f8", 13, b"\x20", "a type is damaged"),  # the same, too large
        ("f4", 14, b"\x0a", "a type is damaged"),  # mantissa location
        ("f4", 15, b"\0", "a type is damaged"),  # mantissa size
        ("i4", 4, b"\x11", "a type is damaged"),
        ("i4", 8, b"\x01", "a type is damaged"),
        ("i4", 10, b"\x21", "a type is damaged"),
        ("S5", 4, b"\0\0\0\x80", "a text is too long"),
        (bool, 4, b"\x02", "a type is damaged"),  # not the size of the numbers it stands for
        (bool, 16, b"\x02", "a type is damaged"),
        (PAIRS, 4, b"\x09", "a type is damaged"),  # smaller than its last member
        (PAIRS, 16, b"\x09", "a type is damaged"),  # offset of a member
        (PAIRS, 20, b"\x01", "a type is damaged"),  # dimensions of a member
        (PAIRS, 1, b"\x03", "a name in a type has no end|a header ends too early"),
    ],
)
def test_a_damaged_datatype(dtype: Any, at: int, new: bytes, text: str) -> None:
    good = message(0x03, dataset(data=np.zeros(2, dtype)))
    refused(header_messages.datatype, replaced(good, at, new), text)


@pytest.mark.parametrize(("kind", "size"), [(2, 4), (7, 8), (10, 4)])
def test_a_datatype_that_weights_do_not_have(kind: int, size: int) -> None:
    data = bytes([0x10 | kind, 0, 0, 0]) + size.to_bytes(4, "little") + bytes(20)
    refused(header_messages.datatype, data, rf"values of a kind \({kind}\)", Refused)


def test_complex_numbers_of_hdf5_2() -> None:
    of_float = message(0x03, dataset(data=np.zeros(2, "f4")))
    good = b"\x5b\0\0\0\x08\0\0\0" + of_float
    assert header_messages.datatype(Data(good)) == Datatype(8, False)
    refused(header_messages.datatype, replaced(good, 4, b"\x07"), "a type is damaged")


def test_types_in_types_without_end() -> None:
    deep = b"\x5b\0\0\0\x08\0\0\0" * 5
    refused(header_messages.datatype, deep, "a type is too deep")


def test_a_name_in_a_type_without_end() -> None:
    good = message(0x03, dataset(data=np.zeros(2, PAIRS)))
    without_end = good[:8] + good[8:].replace(b"\0", b"a")
    refused(header_messages.datatype, without_end, "a name in a type has no end")


# ------------------------------------------------ IV.A.2.e, IV.A.2.f


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_fill_values(libver: str) -> None:
    good = message(0x05, dataset(data=np.ones(2), fillvalue=7.0), libver)
    header_messages.fill_value(Data(good))
    at = good.index(struct.pack("<d", 7.0)) - 4
    refused(header_messages.fill_value, replaced(good, at, b"\x19"), "a header ends too early")
    for version in (b"\0", b"\x04"):
        damaged = replaced(good, 0, version)
        refused(
            header_messages.fill_value,
            damaged,
            "the fill value of a dataset is of an unknown version",
        )


def test_old_fill_values() -> None:
    header_messages.old_fill_value(Data(b"\x02\0\0\0ab"))
    refused(header_messages.old_fill_value, b"\x03\0\0\0ab", "a header ends too early")


# ------------------------------------------------ IV.A.2.g, IV.A.2.h


def of_root(name: str, link: Any) -> bytes:
    def fill(file: Any) -> None:
        file[name] = link

    content = written(fill, "latest")
    found = messages_at(content, superblock(content[:96]).root)
    return next(part for kind, part in found if kind == 0x06)


def test_links() -> None:
    content = written(lambda file: file.create_group("größe"), "latest")
    found = messages_at(content, superblock(content[:96]).root)
    good = next(part for kind, part in found if kind == 0x06)
    address = header_messages.link(Data(good))
    assert content[address : address + 4] == b"OHDR"
    refused(header_messages.link, replaced(good, 0, b"\x02"), "a link is of an unknown version")
    no_text = good.replace("größe".encode(), b"gr\xff\xff\xff\xffe")
    refused(header_messages.link, no_text, "a name in it is not text")
    refused(header_messages.link, good[:-1], "a header ends too early")


@pytest.mark.parametrize("link", [h5py.SoftLink("/a"), h5py.ExternalLink("other.h5", "/a")])
def test_a_link_to_elsewhere(link: Any) -> None:
    refused(header_messages.link, of_root("name", link), "a link to another place", Refused)


def test_values_in_other_files() -> None:
    with pytest.raises(Refused, match="the values of a dataset are in another file"):
        header_messages.external_files()


# ------------------------------------------------ IV.A.2.i


def test_layouts() -> None:
    assert header_messages.layout(Data(message(0x08, compact))) == Layout(0, 12)
    found = header_messages.layout(Data(message(0x08, dataset(data=np.ones(5)))))
    assert (found.kind, found.size) == (header_messages.CONTIGUOUS, 40)
    assert 0 < found.address < 10000
    found = header_messages.layout(Data(message(0x08, dataset(shape=(5,), dtype="f4"))))
    assert found.address == NOWHERE
    chunked = dataset(data=np.ones((4, 6)), chunks=(2, 3))
    found = header_messages.layout(Data(message(0x08, chunked)))
    assert (found.kind, found.chunk) == (header_messages.CHUNKED, (2, 3, 8))
    found = header_messages.layout(Data(message(0x08, chunked, "latest")))
    assert found == Layout(header_messages.INDEXED)


@pytest.mark.parametrize(
    ("at", "new", "error", "text"),
    [
        (0, b"\x02", Damaged, "a dataset is stored in the unknown way 2"),
        (0, b"\x06", Damaged, "a dataset is stored in the unknown way 6"),
        (1, b"\x03", Refused, "the values of a dataset are in another file"),
        (1, b"\x04", Damaged, "a dataset is stored in an unknown way"),
        (2, b"\x0d", Damaged, "a header ends too early"),
    ],
)
def test_a_damaged_layout(at: int, new: bytes, error: type[Exception], text: str) -> None:
    damaged = replaced(message(0x08, compact)[:16], at, new)
    refused(header_messages.layout, damaged, text, error)


# ------------------------------------------------ IV.A.2.l


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("packing", ["gzip", "lzf"])
def test_filters(packing: str, libver: str) -> None:
    fill = dataset(data=np.ones(20), chunks=(5,), compression=packing, fletcher32=True)
    good = message(0x0B, fill, libver)
    assert header_messages.filter_pipeline(Data(good)) is True
    assert header_messages.filter_pipeline(Data(good[:1] + b"\0" + good[2:])) is False
    for at, new in ((0, b"\x03"), (0, b"\0"), (1, b"\x21")):
        damaged = replaced(good, at, new)
        refused(
            header_messages.filter_pipeline,
            damaged,
            "the packing of a dataset is of an unknown kind",
        )
    first = 8 if libver == "earliest" else 2
    other = replaced(good, first, b"\x04")  # szip
    refused(header_messages.filter_pipeline, other[: first + 60], r"cannot be read \(", Refused)


# ------------------------------------------------ IV.A.2.m


def attribute(value: Any, libver: str = "earliest", dtype: Any = None) -> bytes:
    return message(0x0C, lambda file: file.attrs.create("name", value, dtype=dtype), libver)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_attributes(libver: str) -> None:
    for value in (1, 2.5, np.ones((2, 3)), np.bytes_(b"of four"), h5py.Empty(np.dtype("f4"))):
        assert header_messages.attribute(Data(attribute(value, libver))) == []
    texts = header_messages.attribute(Data(attribute(["a", "bcd"], libver, TEXT)))
    assert [text.length for text in texts] == [1, 3]
    assert {text.number for text in texts} == {1, 2}
    assert texts[0].heap == texts[1].heap != 0


def test_a_text_that_is_nowhere_is_empty() -> None:
    good = attribute(["a", "bcd"], dtype=TEXT)
    texts = header_messages.attribute(Data(good))
    heap = texts[0].heap.to_bytes(8, "little")
    at = good.index(heap)
    for nowhere in (bytes(8), NOWHERE.to_bytes(8, "little")):
        found = header_messages.attribute(Data(replaced(good, at, nowhere)))
        assert found == texts[1:]


@pytest.mark.parametrize(
    ("libver", "at", "new", "text"),
    [
        ("earliest", 0, b"\0", "an attribute is of the unknown version 0"),
        ("earliest", 0, b"\x04", "an attribute is of the unknown version 4"),
        ("latest", 1, b"\x01", "an attribute shares a part with another one"),
        ("earliest", 2, b"\x04", "the name of an attribute has no end"),
        ("earliest", 8, b"\xff", "a name in it is not text"),
        ("earliest", 4, b"\xff\xff", "a header ends too early"),
        ("earliest", 6, b"\x02", "a header ends too early"),
    ],
)
def test_a_damaged_attribute(libver: str, at: int, new: bytes, text: str) -> None:
    damaged = replaced(attribute(np.ones(3), libver), at, new)
    refused(header_messages.attribute, damaged, text)


# ------------------------------------------------ IV.A.2.q, IV.A.2.r


def test_continuations() -> None:
    data = struct.pack("<2Q", 800, 120)
    assert header_messages.continuation(Data(data)) == (800, 120)
    refused(header_messages.continuation, data[:-1], "a header ends too early")
    assert header_messages.continued(b"ABC", None) == b"ABC"
    assert header_messages.continued(b"OCHKABC\1\2\3\4", 0) == b"ABC"
    for damaged in (b"OHDRABC\1\2\3\4", b"OCHK\1\2\3"):
        with pytest.raises(Damaged, match="what should be a part of a header is not one"):
            header_messages.continued(damaged, 2)


def test_symbol_tables() -> None:
    content = written(lambda file: file.create_group("g"))
    found = dict(messages_at(content, superblock(content[:96]).root))
    tree, heap = header_messages.symbol_table(Data(found[0x11]))
    assert content[tree : tree + 4] == b"TREE"
    assert content[heap : heap + 4] == b"HEAP"
    refused(header_messages.symbol_table, found[0x11][:15], "a header ends too early")
