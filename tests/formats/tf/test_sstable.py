"""The table of an index: reading undoes writing, and no damaged byte goes unnoticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt.formats.tensorflow import sstable
from keras_ckpt.storage.checksum import masked

ENTRIES = st.dictionaries(st.binary(max_size=12), st.binary(max_size=20), max_size=40)


def dumped(entries):
    return sstable.dump(sorted(entries.items()))


@given(ENTRIES)
def test_reading_undoes_writing(entries):
    data = dumped(entries)
    assert sstable.is_table(data[-8:])
    assert sstable.load(data) == entries


def test_many_blocks():
    entries = {b"layer/%06d" % n: bytes([n % 256]) * 100 for n in range(8000)}
    data = dumped(entries)
    assert sstable.load(data) == entries
    # Names leave out what they share with the one before.
    assert len(data) < 8000 * 110


@settings(max_examples=200)
@given(ENTRIES.filter(bool), st.data())
def test_a_damaged_byte_is_noticed(entries, draw):
    data = bytearray(dumped(entries))
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    try:
        found = sstable.load(bytes(data))
    except ValueError:
        return
    # What is left of the footer is filled up, and the block before the index holds nothing.
    assert found == entries


@given(ENTRIES, st.data())
def test_a_file_that_was_cut_is_refused(entries, draw):
    data = dumped(entries)
    with pytest.raises(ValueError, match="the end of the file is missing"):
        sstable.load(data[: draw.draw(st.integers(0, len(data) - 1))])


def test_a_compressed_block_is_refused_by_its_name():
    data = bytearray(dumped({b"a": b"b"}))
    end = data.index(b"ab") + 2 + 8
    assert data[end] == 0
    data[end] = 1
    data[end + 1 : end + 5] = masked(bytes(data[: end + 1])).to_bytes(4, "little")
    with pytest.raises(ValueError, match="a block is compressed"):
        sstable.load(bytes(data))
