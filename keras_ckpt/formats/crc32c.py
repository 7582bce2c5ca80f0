"""CRC-32C, the checksum of TensorFlow's files, in NumPy.

A CRC is the remainder of the message, read as a polynomial over GF(2), by the generator. Whoever
has the remainder by any multiple of the generator has the CRC, and the multiple below has four
terms only: replacing a 64-bit word by its remainder takes three XORs with later words, which NumPy
does for thousands of words at once, at the speed of memory and without a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_GENERATOR = 0x82F63B78  # the bits reversed, as bytes arrive with their lowest bit first

# x**6777 + x**484 + x**100 + 1 is a multiple of the generator, and so is the same in powers of
# x**64: squaring a polynomial over GF(2) squares each term. The exponents now count words.
_DEGREE, _TERMS = 6777, (484, 100, 0)
_STRIDE = _DEGREE - _TERMS[0]  # words that can be folded at once
_BLOCK = 4 * _STRIDE

_MASK_DELTA = 0xA282EAD8


def _byte_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (_GENERATOR if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _byte_table()
_shifts: list[Any] = []


def _shift_tables(level: int) -> Any:
    """Returns four tables that carry a remainder past 2**level 32-bit words of zeros."""
    while len(_shifts) <= level:
        tables = [np.arange(256, dtype=np.uint32) << np.uint32(8 * i) for i in range(4)]
        if _shifts:
            half = _shifts[-1]
            _shifts.append([_shift(_shift(table, half), half) for table in tables])
        else:
            _shifts.append([_four_zero_bytes(table) for table in tables])
    return _shifts[level]


def _four_zero_bytes(word: Any) -> Any:
    table = np.array(_TABLE, dtype=np.uint32)
    for _ in range(4):
        word = (word >> np.uint32(8)) ^ table[word & np.uint32(0xFF)]
    return word


def _shift(word: Any, tables: Any) -> Any:
    parts = np.ascontiguousarray(word).view(np.uint8).reshape(word.shape + (4,))
    shifted = tables[0][parts[..., 0]]
    for i in (1, 2, 3):
        shifted ^= tables[i][parts[..., i]]
    return shifted


def _bytewise(data: bytes, register: int) -> int:
    for byte in data:
        register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
    return register


def _words(data: Any, register: int, size: int) -> tuple[Any, Any]:
    """Returns `data` as words: two with its odd bytes and the register, then the others.

    Zeros in front leave a remainder as it is, so that the first two may begin with some.
    """
    odd = size + len(data) % size
    head = np.zeros(2 * size, dtype=np.uint8)
    head[2 * size - odd :] = np.frombuffer(data, dtype=np.uint8, count=odd)
    first = 2 * size - odd
    head[first : first + 4] ^= np.frombuffer(register.to_bytes(4, "little"), dtype=np.uint8)
    dtype = "<u%d" % size
    return head.view(dtype), np.frombuffer(data, dtype=dtype, offset=odd)


def _fold(data: Any, register: int) -> Any:
    """Returns `_DEGREE` words with the remainder that `data` has after `register`."""
    head, words = _words(data, register, 8)
    work = np.zeros(_DEGREE + _BLOCK, dtype="<u8")
    work[_DEGREE - 2 : _DEGREE] = head
    for start in range(0, len(words), _BLOCK):
        block = words[start : start + _BLOCK]
        work[_DEGREE : _DEGREE + len(block)] = block
        for low in range(0, len(block), _STRIDE):
            high = work[low : min(low + _STRIDE, len(block))]
            for term in _TERMS:
                begin = low + _DEGREE - term
                work[begin : begin + len(high)] ^= high
        work[:_DEGREE] = work[len(block) : len(block) + _DEGREE].copy()
    return work[:_DEGREE]


def _update(data: Any, register: int) -> int:
    if len(data) < 64:
        return _bytewise(bytes(data), register)
    if len(data) >= 16 * _DEGREE:
        words = _fold(data, register).view("<u4")
    else:
        words = np.concatenate(_words(data, register, 4))
    levels = (len(words) - 1).bit_length()
    lanes = np.zeros(1 << levels, dtype="<u4")
    lanes[len(lanes) - len(words) :] = words
    for level in range(levels - 1, -1, -1):
        half = 1 << level
        lanes = _shift(lanes[:half], _shift_tables(level)) ^ lanes[half:]
    return int(_shift(lanes, _shift_tables(0))[0])


def crc32c(data: Any, crc: int = 0) -> int:
    """Returns the CRC-32C of `data`, continuing from `crc`.

    Args:
        data: bytes, or anything with the buffer protocol.
        crc: CRC-32C of what came before.

    Example:

    ```python
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"456789", crc32c(b"123")) == 0xE3069283
    ```
    """
    return _update(_as_bytes(data), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def _as_bytes(data: Any) -> memoryview:
    if isinstance(data, np.ndarray):
        data = data.reshape(-1).view(np.uint8)
    view = memoryview(data)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def mask(crc: int) -> int:
    """Returns `crc` as it is stored: the CRC of data that holds CRCs would be weak."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def masked(data: Any) -> int:
    """Returns the checksum of `data` as TensorFlow's files store it."""
    return mask(crc32c(data))
