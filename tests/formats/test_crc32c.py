import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.formats.crc32c import _TABLE, crc32c, mask, masked


def by_the_byte(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_published_values(data, expected):
    assert crc32c(data) == expected


@given(st.binary(max_size=5000), st.integers(0, 2**32 - 1))
def test_equals_the_definition(data, crc):
    assert crc32c(data, crc) == by_the_byte(data, crc)


@pytest.mark.parametrize("size", [63, 64, 65, 4096, 108431, 108432, 108433, 159000, 420001])
def test_equals_the_definition_at_the_sizes_where_the_method_changes(size):
    data = np.random.RandomState(size).bytes(size)
    assert crc32c(data) == by_the_byte(data)
    assert crc32c(data[size // 3 :], crc32c(data[: size // 3])) == by_the_byte(data)


def test_arrays_of_any_type_and_shape():
    array = np.arange(600, dtype="float64").reshape(20, 30)
    assert crc32c(array) == by_the_byte(array.tobytes())


def test_mask_is_that_of_tensorflow():
    assert mask(0) == 0xA282EAD8
    assert masked(b"123456789") == mask(0xE3069283)
