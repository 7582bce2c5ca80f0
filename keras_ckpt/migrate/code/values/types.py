"""The types of values that expressions can be known to have.

`value` and `text` determine that of an expression, by the handlers that the modules beside this one
register with `handles`. Import them from `infer`, which imports all handlers.
"""

from __future__ import annotations

import ast
import dataclasses
from typing import Callable, NamedTuple, TypeVar, Union

from keras_ckpt.migrate.code.scopes import Position

#: How deeply nested expressions are looked at, and how much of a long one is.
DEEP = 25
LONG = 10000


class Element(NamedTuple):
    """An expression and where it stands."""

    node: ast.expr
    at: Position
    #: Whether it is there whichever way the code is run.
    sure: bool = True


@dataclasses.dataclass(frozen=True)
class Unknown:
    """A value of which nothing is known."""


@dataclasses.dataclass(frozen=True)
class Constant:
    """A number, boolean or None."""

    value: bool | int | float | None


@dataclasses.dataclass(frozen=True)
class Number:
    """A number, of which nothing else is known."""


class Plain(str):
    """A part of a string that is not known, but has no ending: a number, a random name."""


#: The only one there need be.
PLAIN = Plain("…")


@dataclasses.dataclass(frozen=True)
class Str:
    """A string or path.

    Args:
        parts: the parts; `PLAIN` where one is not known but has no ending, None where not even that
            is known.
    """

    parts: tuple[str | None, ...]

    @property
    def known(self) -> str | None:
        """The string, if all of it is known."""
        if any(part is None or isinstance(part, Plain) for part in self.parts):
            return None
        return "".join(part or "" for part in self.parts)

    @property
    def shown(self) -> str:
        """The string, with `…` for what is not known."""
        return "".join("…" if part is None else part for part in self.parts)

    def ends_in(self, endings: tuple[str, ...]) -> bool | None:
        """Returns whether the string has one of these endings, or None if that is not known."""
        tail = ""
        for part in reversed(self.parts):
            if part is None:
                if tail.endswith(endings):
                    return True
                # What is not known is not taken to end in `.weights` before a known `.h5`.
                could = not tail.startswith(".") and any(end.endswith(tail) for end in endings)
                return None if could else False
            if isinstance(part, Plain):
                return tail.endswith(endings)
            tail = part + tail
        return tail.endswith(endings)


@dataclasses.dataclass(frozen=True)
class Mapping:
    """A dict.

    Args:
        items: the value of each key, in order.
        complete: whether it has no other keys.
    """

    items: dict[str, Element]
    complete: bool = True


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A list or tuple.

    Args:
        items: its elements.
        complete: whether it has no others.
    """

    items: tuple[Element, ...]
    complete: bool = True


Value = Union[Unknown, Constant, Number, Str, Mapping, Sequence]
UNKNOWN = Unknown()

#: How to determine the value of each kind of expression.
HANDLERS: dict[type[ast.AST], Callable[..., Value]] = {}
Node = TypeVar("Node", bound=ast.expr)
Handler = Callable[[Node, Position, int], Value]


def handles(kind: type[Node]) -> Callable[[Handler[Node]], Handler[Node]]:
    """Registers a function that determines the value of one kind of expressions."""

    def register(handler: Handler[Node]) -> Handler[Node]:
        HANDLERS[kind] = handler
        return handler

    return register


def value(expression: ast.AST | None, at: Position, depth: int = 0) -> Value:
    """Returns what is known of the value of an expression.

    Args:
        expression: any expression, or None.
        at: where it stands.
        depth: how deeply it is nested in others.
    """
    if expression is None or depth > DEEP:
        return UNKNOWN
    handler = HANDLERS.get(type(expression))
    return UNKNOWN if handler is None else handler(expression, at, depth + 1)


def text(expression: ast.AST | None, at: Position, depth: int = 0) -> tuple[str | None, ...]:
    """Returns an expression as parts of a string, `(None,)` if nothing is known."""
    found = value(expression, at, depth)
    if isinstance(found, Constant) and found.value is not None:
        return (str(found.value),)
    if isinstance(found, Number):
        return (PLAIN,)
    return found.parts if isinstance(found, Str) else (None,)


def of_parts(parts: list[str | None]) -> Str:
    """Returns a string of parts, with neighbouring known parts joined."""
    result: list[str | None] = []
    for part in parts:
        last = result[-1] if result else None
        if part is not None and last is not None and not _is_plain(part, last):
            result[-1] = last + part
        elif part is not None or not result or result[-1] is not None:
            result.append(part)
    return Str(tuple(_cut(part) for part in result))


def _cut(part: str | None) -> str | None:
    return part if part is None or len(part) <= LONG else part[-LONG:]


def _is_plain(*parts: str) -> bool:
    return any(isinstance(each, Plain) for each in parts)


def joined(values: list[Value]) -> Value:
    """Returns what is known of a value that may be any of several."""
    first = values[0] if values else UNKNOWN
    if all(each == first for each in values):
        return first
    if all(isinstance(each, Str) for each in values):
        tails = [each.parts[-1] if each.parts else "" for each in values]  # type: ignore[union-attr]
        if all(isinstance(each, Plain) for each in tails):
            return Str((None, PLAIN))
        common = "" if None in tails else _common_end([tail or "" for tail in tails])
        return of_parts([None, common]) if common else Str((None,))
    numbers = (Number, Constant)
    if all(isinstance(each, numbers) and is_number(each) for each in values):
        return Number()
    return UNKNOWN


def _common_end(texts: list[str]) -> str:
    shortest = min(texts, key=len)
    count = 0
    while count < len(shortest) and len({each[-count - 1] for each in texts}) == 1:
        count += 1
    return shortest[len(shortest) - count :]


def is_number(found: Value) -> bool:
    """Returns whether a value is a number, known or not."""
    return isinstance(found, Number) or number(found) is not None


def number(found: Value) -> int | float | None:
    """Returns the number that a value is, None if it is not a number or not known."""
    if not isinstance(found, Constant) or isinstance(found.value, bool):
        return None
    return found.value


def integer(found: Value) -> int | None:
    """Returns the integer that a value is, None if it is not an integer or not known."""
    known = number(found)
    return known if isinstance(known, int) else None
