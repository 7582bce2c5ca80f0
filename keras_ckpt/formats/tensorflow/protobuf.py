"""The part of the wire format of protocol buffers that TensorFlow's checkpoints use."""

from __future__ import annotations

from typing import Dict, Iterator, List, Union

Value = Union[int, bytes]
Fields = Dict[int, List[Value]]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """Returns `value` as a varint; a negative one as the 64 bits of its two's complement."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Returns the varint at `position` and the position after it.

    Raises:
        ValueError: if the data ends before it does.
    """
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number runs over the end of its record")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position


def signed(value: int) -> int:
    """Returns the signed number of which `value` is the two's complement in 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def int_field(number: int, value: int) -> bytes:
    """Returns an integer field; nothing for 0, which is what a reader assumes."""
    return varint(number << 3 | _VARINT) + varint(value) if value else b""


def fixed32_field(number: int, value: int) -> bytes:
    """Returns a fixed32 field."""
    return varint(number << 3 | _FIXED32) + value.to_bytes(4, "little")


def bytes_field(number: int, value: bytes | str) -> bytes:
    """Returns a field of bytes, text or an encoded message."""
    data = value.encode("utf-8") if isinstance(value, str) else value
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def _walk(data: bytes) -> Iterator[tuple[int, Value]]:
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            number, position = read_varint(data, position)
            yield tag >> 3, number
            continue
        if kind == _BYTES:
            size, position = read_varint(data, position)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field has the unknown kind {kind}")
        if size > len(data) - position:
            raise ValueError("a field runs over the end of its message")
        part = data[position : position + size]
        position += size
        yield tag >> 3, part if kind == _BYTES else int.from_bytes(part, "little")


def parse(data: bytes) -> Fields:
    """Returns the values of each field of a message, by its number.

    Raises:
        ValueError: if `data` is not a message.
    """
    fields: Fields = {}
    for number, value in _walk(data):
        fields.setdefault(number, []).append(value)
    return fields


def get_int(fields: Fields, number: int, default: int = 0) -> int:
    """Returns the integer in a field, or `default` if it is absent."""
    value = fields[number][-1] if number in fields else default
    if not isinstance(value, int):
        raise ValueError(f"field {number} should be a number")
    return value


def get_bytes(fields: Fields, number: int) -> bytes:
    """Returns the bytes in a field, `b""` if it is absent."""
    return get_all(fields, number)[-1] if number in fields else b""


def get_all(fields: Fields, number: int) -> list[bytes]:
    """Returns the values of a repeated field of messages or strings."""
    values = []
    for value in fields.get(number, []):
        if not isinstance(value, bytes):
            raise ValueError(f"field {number} should be a message")
        values.append(value)
    return values


def get_text(fields: Fields, number: int) -> str:
    """Returns the text in a field, `""` if it is absent."""
    return get_bytes(fields, number).decode("utf-8")
