"""The values of strings and paths, however they are put together."""

from __future__ import annotations

import ast
import re
import string

from keras_ckpt.migrate.code.names import meaning
from keras_ckpt.migrate.code.scopes import Position
from keras_ckpt.migrate.code.values.containers import dict_call
from keras_ckpt.migrate.code.values.types import (
    UNKNOWN,
    Number,
    Str,
    Unknown,
    Value,
    handles,
    of_parts,
    text,
    value,
)

_PATHS = ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath")
#: Functions and methods whose result ends as their only argument, or their object, does.
SAME = (
    *_PATHS,
    "str",
    "os.fspath",
    "os.path.abspath",
    "os.path.expanduser",
    "os.path.expandvars",
    "os.path.normpath",
    "os.path.realpath",
)
SAME_METHODS = ("absolute", "as_posix", "expanduser", "resolve")
_NUMBERS = ("int", "len", "math.ceil", "math.floor", "round", "max", "min")
_PERCENT = re.compile(r"%(?:\(\w+\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([a-zA-Z%])")


@handles(ast.JoinedStr)
def _f_string(node: ast.JoinedStr, at: Position, depth: int) -> Value:
    parts: list[str | None] = []
    for each in node.values:
        if isinstance(each, ast.FormattedValue):
            plain = each.format_spec is None and each.conversion in (-1, 115)
            parts += text(each.value, at, depth) if plain else (None,)
        else:
            parts += text(each, at, depth)
    return of_parts(parts)


def percent(left: Str, right: ast.AST, at: Position, depth: int) -> Value:
    """Returns the value of `left % right`."""
    values = list(right.elts) if isinstance(right, ast.Tuple) else [right]
    named = not isinstance(right, (ast.Tuple, ast.Constant, ast.Name, ast.Attribute, ast.Call))
    parts: list[str | None] = []
    for part in left.parts:
        if part is None:
            parts.append(None)
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
                parts.append(None)
        parts.append(part[begin:])
    return of_parts(parts)


@handles(ast.Call)
def _call(node: ast.Call, at: Position, depth: int) -> Value:
    function = node.func
    if isinstance(function, ast.Attribute):
        method = _method(function, node, at, depth)
        if not isinstance(method, Unknown):
            return method
    name = meaning(function, at).name
    if name == "dict":
        return dict_call(node, at, depth)
    if name in ("list", "tuple") and len(node.args) == 1:
        return value(node.args[0], at, depth)
    if name == "os.path.join" or (name in _PATHS and len(node.args) > 1):
        return _path(list(node.args), at, depth)
    if name in SAME and len(node.args) == 1 and not node.keywords:
        return Str(text(node.args[0], at, depth))
    if name in _NUMBERS:
        return Number()
    return UNKNOWN


def _path(arguments: list[ast.expr], at: Position, depth: int) -> Value:
    parts: list[str | None] = []
    for each in arguments:
        if isinstance(each, ast.Starred):
            parts.append(None)
            continue
        found = text(each, at, depth)
        if found[:1] and (found[0] or "").startswith("/"):
            parts = []
        if parts and not (parts[-1] or "").endswith("/"):
            parts.append("/")
        parts += found
    return of_parts(parts)


def _method(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    name = function.attr
    if name == "format":
        template = value(function.value, at, depth)
        return _formatted(template, node, at, depth) if isinstance(template, Str) else UNKNOWN
    if name == "copy":
        return value(function.value, at, depth)
    if name in SAME_METHODS:
        found = value(function.value, at, depth)
        return found if isinstance(found, Str) else UNKNOWN
    if name == "joinpath":
        return _path([function.value, *node.args], at, depth)
    if name in ("with_suffix", "with_name") and len(node.args) == 1:
        return of_parts([None, *text(node.args[0], at, depth)])
    return UNKNOWN


def _formatted(template: Str, node: ast.Call, at: Position, depth: int) -> Value:
    named = {each.arg: each.value for each in node.keywords if each.arg}
    positional = list(node.args)
    parts: list[str | None] = []
    for part in template.parts:
        if part is None:
            parts.append(None)
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
            parts += text(given, at, depth) if plain else (None,)
    return of_parts(parts)
