"""The wire format of protocol buffers: its documented examples, and that reading undoes writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.formats.tensorflow import protobuf

NUMBERS = st.integers(1, 1 << 20)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def test_examples_of_the_documentation():
    assert protobuf.varint(150) == b"\x96\x01"
    assert protobuf.int_field(1, 150) == b"\x08\x96\x01"
    assert protobuf.bytes_field(2, "testing") == b"\x12\x07testing"
    assert protobuf.varint(-2) == b"\xfe" + b"\xff" * 8 + b"\x01"
    assert protobuf.int_field(1, 0) == b""


@given(INT64)
def test_integers(value):
    data = protobuf.varint(value)
    found, position = protobuf.read_varint(b"x" + data + b"y", 1)
    assert protobuf.signed(found) == value and position == 1 + len(data)
    for end in range(len(data)):
        with pytest.raises(ValueError, match="runs over the end"):
            protobuf.read_varint(data[:end], 0)


@given(st.lists(st.tuples(NUMBERS, st.one_of(INT64.filter(bool), st.binary(), st.text()))))
def test_messages(fields):
    encode = {int: protobuf.int_field, bytes: protobuf.bytes_field, str: protobuf.bytes_field}
    data = b"".join(encode[type(value)](number, value) for number, value in fields)
    expected = {}
    for number, value in fields:
        if isinstance(value, int):
            value &= (1 << 64) - 1
        value = value.encode() if isinstance(value, str) else value
        expected.setdefault(number, []).append(value)
    assert protobuf.parse(data) == expected


@given(NUMBERS, st.integers(0, (1 << 32) - 1))
def test_fixed32(number, value):
    assert protobuf.parse(protobuf.fixed32_field(number, value)) == {number: [value]}


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_a_value_error(data):
    try:
        fields = protobuf.parse(data)
    except ValueError:
        return
    assert all(values for values in fields.values())


def test_a_field_of_another_kind_is_refused():
    fields = protobuf.parse(protobuf.int_field(1, 7) + protobuf.bytes_field(2, b"x"))
    assert protobuf.get_int(fields, 1) == 7 and protobuf.get_bytes(fields, 2) == b"x"
    assert protobuf.get_int(fields, 3, 5) == 5 and protobuf.get_text(fields, 3) == ""
    with pytest.raises(ValueError, match="field 2 should be a number"):
        protobuf.get_int(fields, 2)
    with pytest.raises(ValueError, match="field 1 should be a message"):
        protobuf.get_all(fields, 1)
