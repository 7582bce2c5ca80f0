"""The values of dicts, lists and tuples."""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.scopes import Position
from keras_ckpt.migrate.code.values.types import (
    Element,
    Mapping,
    Sequence,
    Str,
    Value,
    handles,
    value,
)


@handles(ast.Dict)
def _dict(node: ast.Dict, at: Position, depth: int) -> Value:
    items: dict[str, Element] = {}
    complete = True
    for key, item in zip(node.keys, node.values):
        if key is None:
            complete = update(items, value(item, at, depth)) and complete
            continue
        name = value(key, at, depth)
        if isinstance(name, Str) and name.known is not None:
            items[name.known] = Element(item, at)
        else:
            complete = False
    return Mapping(items, complete)


def update(items: dict[str, Element], found: Value, sure: bool = True) -> bool:
    """Adds another dict to `items`; returns whether all of it is known."""
    if not isinstance(found, Mapping):
        return False
    for name, part in found.items.items():
        items[name] = part if sure else part._replace(sure=False)
    return found.complete


@handles(ast.List)
def _list(node: ast.List, at: Position, depth: int) -> Value:
    return _sequence(node.elts, at, depth)


@handles(ast.Tuple)
def _tuple(node: ast.Tuple, at: Position, depth: int) -> Value:
    return _sequence(node.elts, at, depth)


def _sequence(elements: list[ast.expr], at: Position, depth: int) -> Value:
    items: list[Element] = []
    complete = True
    for each in elements:
        if isinstance(each, ast.Starred):
            inner = value(each.value, at, depth)
            complete = complete and isinstance(inner, Sequence) and inner.complete
            items += inner.items if isinstance(inner, Sequence) else ()
        else:
            items.append(Element(each, at))
    return Sequence(tuple(items), complete)


def dict_call(node: ast.Call, at: Position, depth: int) -> Value:
    """Returns the value of `dict(…)`, or of what `update(…)` is given."""
    items: dict[str, Element] = {}
    complete = True
    for argument in node.args:
        complete = update(items, value(argument, at, depth)) and complete
    for keyword in node.keywords:
        if keyword.arg is None:
            complete = update(items, value(keyword.value, at, depth)) and complete
        else:
            items[keyword.arg] = Element(keyword.value, at)
    return Mapping(items, complete)
