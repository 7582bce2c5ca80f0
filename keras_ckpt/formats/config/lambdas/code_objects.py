"""Code objects as any Python from 2.7 to 3.11 marshalled them, read without running anything."""

from __future__ import annotations

import dataclasses
import struct
from typing import Callable, Sequence


class Unreadable(ValueError):
    """The bytes are no code object of the layout that is tried."""


@dataclasses.dataclass
class Code:
    """A code object of some release of Python.

    Args:
        layout: String, the one of `LAYOUTS` that the bytes have.
    """

    layout: str
    argcount: int
    kwonlyargcount: int
    stacksize: int
    flags: int
    code: bytes
    consts: tuple[object, ...]
    names: tuple[str, ...]
    varnames: tuple[str, ...]
    freevars: tuple[str, ...]
    cellvars: tuple[str, ...]
    name: str


@dataclasses.dataclass
class _Bytes:
    """A string of Python 2, which is bytes or text, as it is used."""

    value: bytes


#: What a code object consists of, by the releases that write it so. A lower-case letter is a
#: number of four bytes.
LAYOUTS: dict[str, tuple[str, ...]] = {
    "2.7": (
        *("n:argcount", "n:nlocals", "n:stacksize", "n:flags", "code", "consts", "names"),
        *("varnames", "freevars", "cellvars", "filename", "name", "n:firstlineno", "lnotab"),
    ),
    "3.0-3.7": (
        *("n:argcount", "n:kwonlyargcount", "n:nlocals", "n:stacksize", "n:flags", "code"),
        *("consts", "names", "varnames", "freevars", "cellvars", "filename", "name"),
        *("n:firstlineno", "lnotab"),
    ),
    "3.8-3.10": (
        *("n:argcount", "n:posonlyargcount", "n:kwonlyargcount", "n:nlocals", "n:stacksize"),
        *("n:flags", "code", "consts", "names", "varnames", "freevars", "cellvars", "filename"),
        *("name", "n:firstlineno", "lnotab"),
    ),
    "3.11": (
        *("n:argcount", "n:posonlyargcount", "n:kwonlyargcount", "n:stacksize", "n:flags", "code"),
        *("consts", "names", "localsplusnames", "localspluskinds", "filename", "name"),
        *("qualname", "n:firstlineno", "linetable", "exceptiontable"),
    ),
}

#: The kinds of variables in `localspluskinds`.
_LOCAL, _CELL, _FREE = 0x20, 0x40, 0x80

#: More would be no code of a function that a person wrote.
_LARGEST, _DEEPEST = 1 << 20, 50


def read(data: bytes, layout: str) -> Code:
    """Returns the code object that bytes are.

    Args:
        data: Bytes that `marshal` of some Python wrote.
        layout: String, one of `LAYOUTS`.

    Raises:
        Unreadable: if they are something else.
    """
    reader = _Reader(data, layout)
    try:
        found = reader.value()
    except (struct.error, IndexError, UnicodeError, ValueError, OverflowError) as error:
        raise Unreadable(str(error)) from error
    if not isinstance(found, Code) or reader.position != len(data):
        raise Unreadable("it is no code object")
    return found


class _Reader:
    def __init__(self, data: bytes, layout: str) -> None:
        self.data = data
        self.layout = layout
        self.position = 0
        self.references: list[object] = []
        self.interned: list[object] = []
        self.depth = 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.position + length > len(self.data):
            raise Unreadable("it ends too early")
        self.position += length
        return self.data[self.position - length : self.position]

    def number(self) -> int:
        return int(struct.unpack("<i", self.take(4))[0])

    def value(self) -> object:
        first = self.take(1)[0]
        kind = chr(first & 0x7F)
        read = _KINDS.get(kind)
        if read is None:
            raise Unreadable(f"it has a {kind!r}")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unreadable("it is nested too deep")
        if not first & 0x80:
            found = read(self)
        else:
            # Counted when it begins, as what it holds is counted after it.
            self.references.append(None)
            place = len(self.references) - 1
            found = self.references[place] = read(self)
        self.depth -= 1
        return found

    def several(self, count: int) -> tuple[object, ...]:
        if count > _LARGEST:
            raise Unreadable("it is too large")
        return tuple(self.value() for _ in range(count))

    def text(self, length: int, encoding: str) -> str:
        return self.take(length).decode(
            encoding, "surrogatepass" if encoding == "utf-8" else "strict"
        )

    def string(self) -> object:
        found = self.take(self.number())
        return _Bytes(found) if self.layout == "2.7" else found

    def in_interned(self) -> object:
        length = self.number()
        if self.layout != "2.7":
            return self.text(length, "utf-8")
        self.interned.append(_Bytes(self.take(length)))
        return self.interned[-1]

    def long(self) -> int:
        digits = self.number()
        total = 0
        for place in range(abs(digits)):
            total |= struct.unpack("<H", self.take(2))[0] << (15 * place)
        return -total if digits < 0 else total

    def float(self) -> float:
        return float(struct.unpack("<d", self.take(8))[0])

    def code(self) -> Code:
        parts: dict[str, object] = {}
        for part in LAYOUTS[self.layout]:
            if part.startswith("n:"):
                parts[part[2:]] = self.number()
            else:
                parts[part] = self.value()
        return _made(self.layout, parts)


_KINDS: dict[str, Callable[[_Reader], object]] = {
    "N": lambda reader: None,
    "T": lambda reader: True,
    "F": lambda reader: False,
    ".": lambda reader: Ellipsis,
    "i": _Reader.number,
    "I": lambda reader: int(struct.unpack("<q", reader.take(8))[0]),
    "l": _Reader.long,
    "g": _Reader.float,
    "f": lambda reader: float(reader.text(reader.take(1)[0], "ascii")),
    "y": lambda reader: complex(reader.float(), reader.float()),
    "s": _Reader.string,
    "t": _Reader.in_interned,
    "R": lambda reader: reader.interned[reader.number()],
    "u": lambda reader: reader.text(reader.number(), "utf-8"),
    "a": lambda reader: reader.text(reader.number(), "ascii"),
    "A": lambda reader: reader.text(reader.number(), "ascii"),
    "z": lambda reader: reader.text(reader.take(1)[0], "ascii"),
    "Z": lambda reader: reader.text(reader.take(1)[0], "ascii"),
    "(": lambda reader: reader.several(reader.number()),
    ")": lambda reader: reader.several(reader.take(1)[0]),
    ">": lambda reader: frozenset(reader.several(reader.number())),
    "c": _Reader.code,
    "r": lambda reader: reader.references[reader.number()],
}


def _made(layout: str, parts: dict[str, object]) -> Code:
    if "localsplusnames" in parts:
        names, kinds = _texts(parts["localsplusnames"]), parts["localspluskinds"]
        if not isinstance(kinds, bytes) or len(kinds) != len(names):
            raise Unreadable("it has other names of variables")
        for kind, bit in (("varnames", _LOCAL), ("cellvars", _CELL), ("freevars", _FREE)):
            parts[kind] = tuple(name for name, each in zip(names, kinds) if each & bit)
        # They are counted as one list, in which a cell may be a parameter.
        parts["varnames"] = names
    code = parts["code"].value if isinstance(parts["code"], _Bytes) else parts["code"]
    consts = parts["consts"]
    if not isinstance(code, bytes) or not isinstance(consts, tuple):
        raise Unreadable("it has no instructions")
    (name,) = _texts((parts["name"],))
    return Code(
        layout=layout,
        argcount=_count(parts["argcount"]),
        kwonlyargcount=_count(parts.get("kwonlyargcount", 0)),
        stacksize=_count(parts["stacksize"]),
        flags=_count(parts["flags"]),
        code=code,
        consts=tuple(_constant(each) for each in consts),
        names=_texts(parts["names"]),
        varnames=_texts(parts["varnames"]),
        freevars=_texts(parts["freevars"]),
        cellvars=_texts(parts["cellvars"]),
        name=name,
    )


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise Unreadable("it has a count below 0")
    return value


def _constant(value: object) -> object:
    """Returns a constant; what Python 2 calls a string is text here."""
    if isinstance(value, _Bytes):
        return value.value.decode("latin-1")
    return tuple(map(_constant, value)) if isinstance(value, tuple) else value


def _texts(value: object) -> tuple[str, ...]:
    found = _constant(value)
    if not isinstance(found, Sequence) or not all(isinstance(each, str) for each in found):
        raise Unreadable("it has names that are no text")
    return tuple(found)
