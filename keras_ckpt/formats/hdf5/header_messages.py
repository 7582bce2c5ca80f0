"""The headers of groups and datasets in an HDF5 file, and the messages that they consist of.

As in `hdf5_structures`, each structure is a table of its fields, headed by its section of the "HDF5
File Format Specification Version 3.0", and a function that checks it and returns what it says.
Fields that are there only sometimes, or have a length that others say, are taken one by one.
"""

from __future__ import annotations

import struct
from typing import Iterator, NamedTuple

from keras_ckpt.formats.hdf5.hdf5_structures import (
    NOWHERE,
    Data,
    Refused,
    Structure,
    need,
    need_text,
    padded,
)

_MOST_DIMENSIONS = 32
# deflate, shuffle, fletcher32, and LZF of h5py.
_FILTERS = (1, 2, 3, 32000)


# ------------------------------------------------ IV.A.1.a. Version 1 Data Object Header Prefix

HEADER_1 = Structure(
    ("version", "B"),
    ("reserved", "x"),
    ("total number of header messages", "2x"),
    ("object reference count", "4x"),
    ("object header size", "I"),
    ("padding", "4x"),
)
_MESSAGE_1 = Structure(
    ("header message type", "H"),
    ("size of header message data", "H"),
    ("header message flags", "B"),
    ("reserved", "3x"),
)


def header_1_size(data: bytes) -> int:
    """Returns the bytes of the messages after the prefix of a header (IV.A.1.a)."""
    need(len(data) == HEADER_1.size, "what should be a header is not one")
    version, size = HEADER_1.at(data)
    need(version == 1, "what should be a header is not one")
    return size


# ------------------------------------------------ IV.A.1.b. Version 2 Data Object Header Prefix

HEADER_2 = Structure(
    ("signature", "4x"),
    ("version", "B"),
    ("flags", "B"),
    signature=b"OHDR",
)
#: As long as it is at most, with the fields that the flags say are there.
HEADER_2_SIZE = 64
_MESSAGE_2 = Structure(
    ("header message type", "B"),
    ("size of header message data", "H"),
    ("header message flags", "B"),
)
_TIMES, _PHASES, _ORDERED = 0x20, 0x10, 0x04
_SHARED = 0x02


class Header2(NamedTuple):
    """Where the messages of a header begin, their bytes, and what each has in addition."""

    start: int
    size: int
    extra: int


def header_2(content: bytes) -> Header2:
    """Returns what the prefix of a header says (IV.A.1.b)."""
    data = Data(content)
    version, flags = HEADER_2.take(data)
    need(version == 2, f"a header is of the unknown version {version}")
    data.take(16 if flags & _TIMES else 0)  # access, modification, change and birth time
    data.take(4 if flags & _PHASES else 0)  # maximum compact and minimum dense attributes
    size = data.number(1 << (flags & 3))  # size of chunk 0
    return Header2(data.at, size, 2 if flags & _ORDERED else 0)  # creation order of a message


def messages(data: bytes, extra: int | None) -> Iterator[tuple[int, bool, bytes]]:
    """Gives the messages of a header, or of a part of one (IV.A.1.a, IV.A.1.b).

    Each is the number of its type, whether it says where it is and not what it is, and its bytes.

    Args:
        data: its bytes.
        extra: None if it is of version 1; of version 2, the bytes between the head of a message
            and its data.
    """
    head, more = (_MESSAGE_1, 0) if extra is None else (_MESSAGE_2, extra)
    at, size = 0, head.size + more
    while len(data) - at >= size:
        kind, length, flags = head.at(data, at)
        start, at = at + size, at + size + length
        need(at <= len(data), "a header ends too early")
        yield kind, flags & _SHARED != 0, data[start:at]


# ------------------------------------------------ IV.A.2.b. The Dataspace Message

_DATASPACE = Structure(
    ("version", "B"),
    ("dimensionality", "B"),
    ("flags", "B"),
    ("type", "B"),  # in version 2
)
_NULL = 2


def count(shape: tuple[int, ...]) -> int:
    """Returns how many elements a shape has."""
    product = 1
    for length in shape:
        product *= length
    return product


def dataspace(data: Data) -> tuple[int, ...]:
    """Returns the shape that the message says (IV.A.2.b)."""
    version, rank, flags, kind = _DATASPACE.take(data)
    need(version in (1, 2), f"a shape is of the unknown version {version}")
    need(rank <= _MOST_DIMENSIONS and flags <= 1, f"a shape has {rank} dimensions")
    if version == 1:
        data.take(4)  # reserved
    elif kind == _NULL:
        return (0,)
    shape = data.numbers(f"{rank}Q")
    need(count(shape) < 1 << 56, "a shape is larger than any memory")
    most = data.numbers(f"{rank}Q") if flags else shape
    need(all(a <= b for a, b in zip(shape, most)), "a shape is larger than it may be")
    return shape


# ------------------------------------------------ IV.A.2.c. The Link Info Message

_LINK_INFO = Structure(
    ("version", "x"),
    ("flags", "B"),
)


def link_info(data: Data) -> bool:
    """Returns whether the links of a group are elsewhere, in a fractal heap (IV.A.2.c)."""
    (flags,) = _LINK_INFO.take(data)
    data.take(8 if flags & 1 else 0)  # maximum creation index
    return data.number(8) != NOWHERE  # fractal heap address


# ------------------------------------------------ IV.A.2.d. The Datatype Message

_DATATYPE = Structure(
    ("class and version", "B"),
    ("class bit field, bits 0-7", "B"),
    ("class bit field, bits 8-15", "B"),
    ("class bit field, bits 16-23", "x"),
    ("size", "I"),
)
# Classes 0 (fixed-point) and 4 (bit field).
_FIXED_POINT = Structure(
    ("bit offset", "H"),
    ("bit precision", "H"),
)
# Class 1.
_FLOATING_POINT = Structure(
    ("bit offset", "H"),
    ("bit precision", "H"),
    ("exponent location", "B"),
    ("exponent size", "B"),
    ("mantissa location", "B"),
    ("mantissa size", "B"),
    ("exponent bias", "4x"),
)
# Class 6, compound: what version 1 has between the offset and the type of a member.
_MEMBER_1 = Structure(
    ("dimensionality", "B"),
    ("reserved", "3x"),
    ("dimension permutation", "4x"),
    ("reserved", "4x"),
    ("dimension sizes", "16x"),
)
_FIXED, _FLOAT, _STRING, _BITS, _OPAQUE, _COMPOUND, _ENUM, _VARIABLE = 0, 1, 3, 4, 5, 6, 8, 9
# Of version 5, which HDF5 2 added to the specification.
_COMPLEX = 11
_VARIABLE_STRING = 1
_DEEPEST_TYPE = 4


class Datatype(NamedTuple):
    """The size of a value, and whether it is text elsewhere, in a heap."""

    size: int
    is_text: bool


def datatype(data: Data, depth: int = 0) -> Datatype:
    """Returns what the description of a type says, if NumPy has such a one (IV.A.2.d)."""
    need(depth < _DEEPEST_TYPE, "a type is too deep")
    first, low, high, size = _DATATYPE.take(data)
    version, kind, both = first >> 4, first & 15, low | high << 8
    need(1 <= version <= 5 and size > 0, "a type is damaged")
    if kind in (_FIXED, _BITS):
        _fixed_point(data, size)
    elif kind == _FLOAT:
        _floating_point(data, size, sign=high)
    elif kind == _STRING:
        need(size < 1 << 31, "a text is too long")
    elif kind == _OPAQUE:
        data.take(low)  # its tag
    elif kind == _COMPOUND:
        _compound(data, version, size, both, depth)
    elif kind == _ENUM:
        _enumeration(data, version, size, both, depth)
    elif kind == _VARIABLE and low & 15 == _VARIABLE_STRING:
        datatype(data, depth + 1)
        need(size == 16, "a type is damaged")
        return Datatype(size, True)
    elif kind == _COMPLEX:
        need(2 * datatype(data, depth + 1).size == size, "a type is damaged")
    else:
        raise Refused(f"it holds values of a kind ({kind}) that weights are not of")
    return Datatype(size, False)


def _fixed_point(data: Data, size: int) -> None:
    offset, precision = _FIXED_POINT.take(data)
    need(size <= 16 and 0 < precision <= 8 * size - offset, "a type is damaged")


def _floating_point(data: Data, size: int, sign: int) -> None:
    offset, precision, exponent, exponents, mantissa, mantissas = _FLOATING_POINT.take(data)
    need(size <= 16 and 0 < precision <= 8 * size - offset, "a type is damaged")
    need(exponents > 0 and mantissas > 0 and sign < precision, "a type is damaged")
    fits = exponent + exponents <= precision and mantissa + mantissas <= precision
    overlap = exponent < mantissa + mantissas and mantissa < exponent + exponents
    need(fits and not overlap and exponents < 32, "a type is damaged")


def _compound(data: Data, version: int, size: int, members: int, depth: int) -> None:
    for _ in range(members):
        _name(data, version)
        offset = data.number(4 if version < 3 else (size.bit_length() + 7) // 8)
        if version == 1:
            need(_MEMBER_1.take(data) == (0,), "a type is damaged")
        member = datatype(data, depth + 1)
        need(not member.is_text and offset + member.size <= size, "a type is damaged")


def _enumeration(data: Data, version: int, size: int, members: int, depth: int) -> None:
    base = datatype(data, depth + 1)
    need(base.size == size and not base.is_text, "a type is damaged")
    for _ in range(members):
        _name(data, version)
    data.take(members * size)  # the values


def _name(data: Data, version: int) -> None:
    end = data.data.find(b"\0", data.at)
    need(end >= 0, "a name in a type has no end")
    length = end + 1 - data.at
    data.take(length if version >= 3 else padded(length))


# ------------------------------------------------ IV.A.2.e. The Fill Value (Old) Message


def old_fill_value(data: Data) -> None:
    """Checks the message (IV.A.2.e)."""
    data.take(data.number(4))  # size, fill value


# ------------------------------------------------ IV.A.2.f. The Fill Value Message

_FILL_VALUE_1 = Structure(
    ("space allocation time", "x"),
    ("fill value write time", "x"),
    ("fill value defined", "B"),
)
_FILL_DEFINED = 0x20


def fill_value(data: Data) -> None:
    """Checks the message (IV.A.2.f)."""
    version = data.number(1)
    need(1 <= version <= 3, "the fill value of a dataset is of an unknown version")
    if version == 3:
        if data.number(1) & _FILL_DEFINED:  # flags
            data.take(data.number(4))  # size, fill value
        return
    (is_defined,) = _FILL_VALUE_1.take(data)
    if data.left() >= 4 and (version == 1 or is_defined):
        data.take(data.number(4))  # size, fill value


# ------------------------------------------------ IV.A.2.g. The Link Message

_LINK = Structure(
    ("version", "B"),
    ("flags", "B"),
)
_LINK_TYPE, _LINK_ORDER, _LINK_CHARSET = 0x08, 0x04, 0x10
_HARD_LINK = 0


def link(data: Data) -> int:
    """Returns the address of the object that a group has under a name (IV.A.2.g)."""
    version, flags = _LINK.take(data)
    need(version == 1, "a link is of an unknown version")
    kind = data.number(1) if flags & _LINK_TYPE else _HARD_LINK
    data.take(8 if flags & _LINK_ORDER else 0)  # creation order
    data.take(1 if flags & _LINK_CHARSET else 0)  # link name character set
    need_text(data.take(data.number(1 << (flags & 3))))  # length of link name, link name
    if kind != _HARD_LINK:
        raise Refused("it has a link to another place or file")
    return data.number(8)  # link information


# ------------------------------------------------ IV.A.2.h. The External Data Files Message


def external_files() -> None:
    """Refuses the message (IV.A.2.h)."""
    raise Refused("the values of a dataset are in another file")


# ------------------------------------------------ IV.A.2.i. The Data Layout Message

_LAYOUT = Structure(
    ("version", "B"),
    ("layout class", "B"),
)
_CONTIGUOUS_LAYOUT = Structure(
    ("address", "Q"),
    ("size", "Q"),
)
_CHUNKED_LAYOUT_3 = Structure(
    ("dimensionality", "B"),
    ("address", "Q"),
)
COMPACT, CONTIGUOUS, CHUNKED, _VIRTUAL = 0, 1, 2, 3
#: Chunks that are found in another way than by a tree of version 1: those of versions 4 and 5.
INDEXED = 4


class Layout(NamedTuple):
    """Where the values of a dataset are.

    Attributes:
        kind: `COMPACT`, `CONTIGUOUS`, `CHUNKED` or `INDEXED`.
        size: the bytes of all, if they are compact or contiguous.
        address: that of the values, or of the tree of the chunks.
        chunk: the shape of a chunk, with the bytes of an element last.
    """

    kind: int
    size: int = 0
    address: int = NOWHERE
    chunk: tuple[int, ...] = ()


def layout(data: Data) -> Layout:
    """Returns where the values of a dataset are (IV.A.2.i)."""
    version, kind = _LAYOUT.take(data)
    need(version in (3, 4, 5), f"a dataset is stored in the unknown way {version}")
    if kind == _VIRTUAL:
        raise Refused("the values of a dataset are in another file")
    need(kind < _VIRTUAL, "a dataset is stored in an unknown way")
    if kind == COMPACT:
        size = data.number(2)
        data.take(size)
        return Layout(COMPACT, size)
    if kind == CONTIGUOUS:
        address, size = _CONTIGUOUS_LAYOUT.take(data)
        return Layout(CONTIGUOUS, size, address)
    if version == 3:
        dimensions, address = _CHUNKED_LAYOUT_3.take(data)
        return Layout(CHUNKED, address=address, chunk=data.numbers(f"{dimensions}I"))
    return Layout(INDEXED)


# ------------------------------------------------ IV.A.2.l. The Filter Pipeline Message

_FILTER_PIPELINE = Structure(
    ("version", "B"),
    ("number of filters", "B"),
)
_FILTER = Structure(
    ("flags", "2x"),
    ("number of client data values", "H"),
)
_MOST_FILTERS = 32
# What has a number below has no name, in version 2.
_FIRST_NAMED = 256


def filter_pipeline(data: Data) -> bool:
    """Returns whether the chunks of a dataset are packed (IV.A.2.l)."""
    version, filters = _FILTER_PIPELINE.take(data)
    known = version in (1, 2) and filters <= _MOST_FILTERS
    need(known, "the packing of a dataset is of an unknown kind")
    data.take(6 if version == 1 else 0)  # reserved
    for _ in range(filters):
        number = data.number(2)  # filter identification value
        named = version == 1 or number >= _FIRST_NAMED
        length = data.number(2) if named else 0  # name length
        (values,) = _FILTER.take(data)
        data.take(padded(length) if version == 1 else length)  # name
        data.take(4 * (values + (values % 2 if version == 1 else 0)))  # client data, padding
        if number not in _FILTERS:
            raise Refused(f"a dataset is packed in a way that cannot be read ({number})")
    return filters > 0


# ------------------------------------------------ IV.A.2.m. The Attribute Message

_ATTRIBUTE = Structure(
    ("version", "B"),
    ("flags", "B"),
    ("name size", "H"),
    ("datatype size", "H"),
    ("dataspace size", "H"),
)
# III.E says how a text refers to an object in a heap.
_TEXT = struct.Struct("<IQI")


class Text(NamedTuple):
    """Where a text of an attribute is: its bytes, the address of its heap, its number there."""

    length: int
    heap: int
    number: int


def attribute(data: Data) -> list[Text]:
    """Returns the texts of an attribute that are elsewhere (IV.A.2.m)."""
    version, flags, *sizes = _ATTRIBUTE.take(data)
    need(1 <= version <= 3, f"an attribute is of the unknown version {version}")
    need(version == 1 or not flags & 3, "an attribute shares a part with another one")
    data.take(1 if version == 3 else 0)  # name character set encoding
    name, kind, space = (data.take(padded(size) if version == 1 else size)[:size] for size in sizes)
    need(b"\0" in name, "the name of an attribute has no end")
    need_text(name[: name.index(b"\0")])
    elements, found = count(dataspace(Data(space))), datatype(Data(kind))
    values = data.take(elements * found.size)
    if not found.is_text:
        return []
    texts = (Text(*_TEXT.unpack_from(values, 16 * number)) for number in range(elements))
    return [text for text in texts if text.heap not in (0, NOWHERE)]


# ------------------------------------------------ IV.A.2.q. The Object Header Continuation Message

_CONTINUATION = Structure(
    ("offset", "Q"),
    ("length", "Q"),
)
_PART_SIGNATURE = b"OCHK"


def continuation(data: Data) -> tuple[int, int]:
    """Returns where a header goes on, and the bytes there (IV.A.2.q)."""
    offset, length = _CONTINUATION.take(data)
    return offset, length


def continued(data: bytes, extra: int | None) -> bytes:
    """Returns the messages in a part of a header; in version 2 without what is around them."""
    if extra is None:
        return data
    need(
        data[:4] == _PART_SIGNATURE and len(data) >= 8,
        "what should be a part of a header is not one",
    )
    return data[4:-4]  # A checksum comes last.


# ------------------------------------------------ IV.A.2.r. The Symbol Table Message

_SYMBOL_TABLE = Structure(
    ("version 1 b-tree address", "Q"),
    ("local heap address", "Q"),
)


def symbol_table(data: Data) -> tuple[int, int]:
    """Returns where the names of a group are: their tree and their heap (IV.A.2.r)."""
    tree, heap = _SYMBOL_TABLE.take(data)
    return tree, heap


# ------------------------------------------------ IV.A.2.v. The Attribute Info Message

_ATTRIBUTE_INFO = Structure(
    ("version", "x"),
    ("flags", "B"),
)


def attribute_info(data: Data) -> bool:
    """Returns whether attributes of an object are elsewhere, in a fractal heap (IV.A.2.v)."""
    (flags,) = _ATTRIBUTE_INFO.take(data)
    data.take(2 if flags & 1 else 0)  # maximum creation index
    return data.number(8) != NOWHERE  # fractal heap address
