"""The instructions of Python 2.7 to 3.11 that functions of `Lambda` layers are made of."""

from __future__ import annotations

import dataclasses
from typing import Iterator

from keras_ckpt.formats.config.lambdas.code_objects import Code, Unreadable


@dataclasses.dataclass(frozen=True)
class Python:
    """How a release of Python numbers and lays out its instructions.

    Args:
        version: Tuple of two integers.
        layout: String, the layout of its code objects.
        names: Dict, the names of the instructions by their numbers.
        caches: Dict, how many units of room follow an instruction, by its name.
    """

    version: tuple[int, int]
    layout: str
    names: dict[int, str]
    caches: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One instruction.

    Args:
        name: String, what Python calls it.
        argument: Integer, 0 where it takes none.
        offset: Integer, where it begins, in bytes.
        end: Integer, where the next one begins, in bytes.
    """

    name: str
    argument: int
    offset: int
    end: int


_COMMON = {
    1: "POP_TOP",
    9: "NOP",
    10: "UNARY_POSITIVE",
    11: "UNARY_NEGATIVE",
    12: "UNARY_NOT",
    15: "UNARY_INVERT",
    25: "BINARY_SUBSCR",
    83: "RETURN_VALUE",
    92: "UNPACK_SEQUENCE",
    100: "LOAD_CONST",
    102: "BUILD_TUPLE",
    103: "BUILD_LIST",
    104: "BUILD_SET",
    105: "BUILD_MAP",
    106: "LOAD_ATTR",
    107: "COMPARE_OP",
    108: "IMPORT_NAME",
    109: "IMPORT_FROM",
    110: "JUMP_FORWARD",
    114: "POP_JUMP_IF_FALSE",
    115: "POP_JUMP_IF_TRUE",
    116: "LOAD_GLOBAL",
    124: "LOAD_FAST",
    125: "STORE_FAST",
    132: "MAKE_FUNCTION",
    133: "BUILD_SLICE",
}
_UP_TO_3_10 = {
    **_COMMON,
    19: "BINARY_POWER",
    20: "BINARY_MULTIPLY",
    22: "BINARY_MODULO",
    23: "BINARY_ADD",
    24: "BINARY_SUBTRACT",
    26: "BINARY_FLOOR_DIVIDE",
    27: "BINARY_TRUE_DIVIDE",
    28: "INPLACE_FLOOR_DIVIDE",
    29: "INPLACE_TRUE_DIVIDE",
    55: "INPLACE_ADD",
    56: "INPLACE_SUBTRACT",
    57: "INPLACE_MULTIPLY",
    59: "INPLACE_MODULO",
    62: "BINARY_LSHIFT",
    63: "BINARY_RSHIFT",
    64: "BINARY_AND",
    65: "BINARY_XOR",
    66: "BINARY_OR",
    67: "INPLACE_POWER",
    131: "CALL_FUNCTION",
    135: "LOAD_CLOSURE",
    136: "LOAD_DEREF",
}
_2_7 = {
    **_UP_TO_3_10,
    21: "BINARY_DIVIDE",
    30: "SLICE+0",
    31: "SLICE+1",
    32: "SLICE+2",
    33: "SLICE+3",
    54: "STORE_MAP",
    58: "INPLACE_DIVIDE",
    134: "MAKE_CLOSURE",
    145: "EXTENDED_ARG",
}
_3 = {**_UP_TO_3_10, 16: "BINARY_MATRIX_MULTIPLY", 144: "EXTENDED_ARG"}
_3_5 = {**_3, 134: "MAKE_CLOSURE"}
_3_6 = {**_3, 141: "CALL_FUNCTION_KW", 156: "BUILD_CONST_KEY_MAP"}
_3_7 = {**_3_6, 160: "LOAD_METHOD", 161: "CALL_METHOD"}
_3_9 = {**_3_7, 117: "IS_OP", 118: "CONTAINS_OP", 162: "LIST_EXTEND", 82: "LIST_TO_TUPLE"}
_3_11 = {
    **_COMMON,
    2: "PUSH_NULL",
    82: "LIST_TO_TUPLE",
    117: "IS_OP",
    118: "CONTAINS_OP",
    122: "BINARY_OP",
    135: "MAKE_CELL",
    136: "LOAD_CLOSURE",
    137: "LOAD_DEREF",
    144: "EXTENDED_ARG",
    149: "COPY_FREE_VARS",
    151: "RESUME",
    156: "BUILD_CONST_KEY_MAP",
    160: "LOAD_METHOD",
    162: "LIST_EXTEND",
    166: "PRECALL",
    171: "CALL",
    172: "KW_NAMES",
}
_CACHES_OF_3_11 = {
    "BINARY_SUBSCR": 4,
    "UNPACK_SEQUENCE": 1,
    "LOAD_ATTR": 4,
    "COMPARE_OP": 2,
    "LOAD_GLOBAL": 5,
    "BINARY_OP": 1,
    "LOAD_METHOD": 10,
    "PRECALL": 1,
    "CALL": 4,
}

PYTHONS = (
    Python((2, 7), "2.7", _2_7),
    Python((3, 5), "3.0-3.7", _3_5),
    Python((3, 6), "3.0-3.7", _3_6),
    Python((3, 7), "3.0-3.7", _3_7),
    Python((3, 8), "3.8-3.10", _3_7),
    Python((3, 9), "3.8-3.10", _3_9),
    Python((3, 10), "3.8-3.10", _3_9),
    Python((3, 11), "3.11", _3_11, _CACHES_OF_3_11),
)

#: Up to Python 3.5, instructions from this number on have an argument of two bytes.
_HAVE_ARGUMENT = 90


def of_code(code: Code, python: Python) -> dict[int, Instruction]:
    """Returns the instructions of a code object by their offsets.

    Args:
        code: The code object.
        python: The release of Python to take it for.

    Raises:
        Unreadable: if it has an instruction that is not known, or no room where Python leaves some.
    """
    units = _units(code.code) if python.version >= (3, 6) else _of_two_sizes(code.code)
    found: dict[int, Instruction] = {}
    extended, begins = 0, None
    for number, argument, offset, end in units:
        name = python.names.get(number)
        if name is None:
            raise Unreadable(f"it has the instruction {number}")
        argument |= extended
        begins = offset if begins is None else begins
        if name == "EXTENDED_ARG":
            extended = argument << (8 if python.version >= (3, 6) else 16)
            continue
        room = 2 * python.caches.get(name, 0)
        if room:
            if code.code[end : end + room] != bytes(room):
                raise Unreadable("it leaves no room after an instruction")
            for _ in range(room // 2):
                next(units)
        found[begins] = Instruction(name, argument, begins, end + room)
        extended, begins = 0, None
    return found


def _units(code: bytes) -> Iterator[tuple[int, int, int, int]]:
    if len(code) % 2:
        raise Unreadable("it has half an instruction")
    for offset in range(0, len(code), 2):
        yield code[offset], code[offset + 1], offset, offset + 2


def _of_two_sizes(code: bytes) -> Iterator[tuple[int, int, int, int]]:
    offset = 0
    while offset < len(code):
        end = offset + (3 if code[offset] >= _HAVE_ARGUMENT else 1)
        if end > len(code):
            raise Unreadable("it has half an instruction")
        yield code[offset], int.from_bytes(code[offset + 1 : end], "little"), offset, end
        offset = end
