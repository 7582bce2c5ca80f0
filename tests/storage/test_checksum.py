import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.storage import checksum
from keras_ckpt.storage.checksum import mask, masked, numpy_crc32c, of_library

# The sizes where the method changes.
SIZES = [63, 64, 65, 4096, 108431, 108432, 108433, 123711, 123712, 123713, 159000, 420001]


def crc32c_by_the_byte(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# By NumPy, and by the package google-crc32c where it has wheels.
IMPLEMENTATIONS = [crc for crc in (numpy_crc32c, of_library()) if crc is not None]

DEFINITIONS = pytest.mark.parametrize(
    ("crc", "definition"), [(crc, crc32c_by_the_byte) for crc in IMPLEMENTATIONS]
)


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
    assert {crc(data) for crc in IMPLEMENTATIONS} == {expected}


@DEFINITIONS
@given(data=st.binary(max_size=2000), before=st.integers(0, 2**32 - 1))
def test_equals_the_definition(crc, definition, data, before):
    assert crc(data, before) == definition(data, before)


@DEFINITIONS
@pytest.mark.parametrize("size", SIZES)
def test_equals_the_definition_at_the_sizes_where_the_method_changes(crc, definition, size):
    data = np.random.RandomState(size).bytes(size)
    expected = definition(data)
    assert crc(data) == expected
    assert crc(data[size // 3 :], crc(data[: size // 3])) == expected


@DEFINITIONS
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [123712, 131072, 131071, 60])
def test_of_pieces_in_the_same_memory(crc, definition, size, piece):
    data = np.random.RandomState(size).bytes(size)
    buffer = bytearray(piece)

    def pieces():
        for start in range(0, size, piece):
            part = data[start : start + piece]
            buffer[: len(part)] = part
            yield memoryview(buffer)[: len(part)]

    assert crc.of_pieces(pieces()) == crc(data)


# Where the square of the multiple is taken, as a whole and in pieces.
@pytest.mark.parametrize("size", [(1 << 22) - 1, 1 << 22, (1 << 22) + 5, (9 << 20) + 123])
@pytest.mark.parametrize("crc", IMPLEMENTATIONS)
def test_much_data_at_once_and_in_large_pieces(crc, size):
    data = np.random.RandomState(size % 1000).bytes(size)
    expected = 0
    for start in range(0, size, 100_000):
        expected = crc(data[start : start + 100_000], expected)
    assert crc(data) == expected
    for piece in ((1 << 20) - 8, 1 << 20, (1 << 20) + 8, (1 << 20) + 4):
        parts = [data[start : start + piece] for start in range(0, size, piece)]
        assert crc.of_pieces(parts) == expected
        assert crc.of_pieces([parts[0], b"abc", *parts[1:]]) == crc(
            data[piece:], crc(b"abc", crc(data[:piece]))
        )


@given(st.lists(st.binary(max_size=100)))
def test_of_small_pieces(pieces):
    for crc in IMPLEMENTATIONS:
        assert crc.of_pieces(pieces) == crc32c_by_the_byte(b"".join(pieces))


def test_arrays_of_any_type_and_shape():
    array = np.arange(600, dtype="float64").reshape(20, 30)
    assert {crc(array) for crc in IMPLEMENTATIONS} == {crc32c_by_the_byte(array.tobytes())}


def test_mask_is_that_of_tensorflow():
    assert mask(0) == 0xA282EAD8
    assert masked(b"123456789") == mask(0xE3069283)


def test_of_writes_those_that_are_still_there_are_known() -> None:
    large = checksum.OfWrites.LARGE
    found = checksum.OfWrites(checksum.crc32c)
    data = memoryview(bytes(large))
    for start in (0, large, 2 * large):
        with found.writing(start, data):
            pass
    with found.writing(large + 5, memoryview(b"small")):
        pass
    assert sorted(found.known) == [(0, large), (2 * large, large)]
    assert found.known[0, large] == checksum.crc32c(data)
    found.truncate(3 * large - 1)
    assert list(found.known) == [(0, large)]
    found.close()
