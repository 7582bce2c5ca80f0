"""The values of strings and paths, however they are put together."""

from __future__ import annotations

import ast
import re
import string

from keras_ckpt.migrate.code.scopes import Position
from keras_ckpt.migrate.code.values.types import (
    PLAIN,
    Plain,
    Str,
    Value,
    handles,
    of_parts,
    text,
)

#: What formats of numbers end in.
_OF_NUMBERS = tuple("diouxXeEfFgG")
_PERCENT = re.compile(r"%(?:\(\w+\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([a-zA-Z%])")


@handles(ast.JoinedStr)
def _f_string(node: ast.JoinedStr, at: Position, depth: int) -> Value:
    parts: list[str | None] = []
    for each in node.values:
        if isinstance(each, ast.FormattedValue):
            plain = each.format_spec is None and each.conversion in (-1, 115)
            parts += text(each.value, at, depth) if plain else (_by_spec(each.format_spec),)
        else:
            parts += text(each, at, depth)
    return of_parts(parts)


def _by_spec(spec: ast.expr | None) -> str | None:
    """Returns what a formatted value is: one with the format of a number has no ending."""
    last = spec.values[-1] if isinstance(spec, ast.JoinedStr) and spec.values else None
    written = last.value if isinstance(last, ast.Constant) else ""
    return PLAIN if isinstance(written, str) and written.endswith(_OF_NUMBERS) else None


def percent(left: Str, right: ast.AST, at: Position, depth: int) -> Value:
    """Returns the value of `left % right`."""
    values = list(right.elts) if isinstance(right, ast.Tuple) else [right]
    named = not isinstance(right, (ast.Tuple, ast.Constant, ast.Name, ast.Attribute, ast.Call))
    parts: list[str | None] = []
    for part in left.parts:
        if part is None or isinstance(part, Plain):
            parts.append(part)
            continue
        begin = 0
        for match in _PERCENT.finditer(part):
            parts.append(part[begin : match.start()])
            begin = match.end()
            if match[1] == "%":
                parts.append("%")
            elif match.group() == "%s" and values and not named:
                parts += text(values.pop(0), at, depth)
            else:
                del values[:1]
                parts.append(PLAIN if match[1] in _OF_NUMBERS else None)
        parts.append(part[begin:])
    return of_parts(parts)


def formatted(template: Str, node: ast.Call, at: Position, depth: int) -> Value:
    """Returns the value of `template.format(…)`."""
    named = {each.arg: each.value for each in node.keywords if each.arg}
    positional = list(node.args)
    parts: list[str | None] = []
    for part in template.parts:
        if part is None or isinstance(part, Plain):
            parts.append(part)
            continue
        try:
            fields = list(string.Formatter().parse(part))
        except ValueError:
            return Str((None,))
        for literal, field, spec, conversion in fields:
            parts.append(literal)
            if field is None:
                continue
            given = named.get(field)
            if field.isdigit():
                given = positional[int(field)] if int(field) < len(positional) else None
            elif not field and positional:
                given = positional.pop(0)
            plain = given is not None and not spec and conversion in (None, "s")
            spec = spec or ""
            is_number = spec.endswith(_OF_NUMBERS)
            parts += text(given, at, depth) if plain else (PLAIN if is_number else None,)
    return of_parts(parts)
