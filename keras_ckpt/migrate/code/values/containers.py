"""The values of dicts, lists and tuples."""

from __future__ import annotations

import ast
from typing import Any

from keras_ckpt.migrate.code.scopes import At
from keras_ckpt.migrate.code.values.types import Part, Row, Table, Text, Value, handles, value


@handles(ast.Dict)
def _dict(node: ast.Dict, at: At, depth: int) -> Value:
    items: dict[str, Part] = {}
    complete = True
    for key, item in zip(node.keys, node.values):
        if key is None:
            complete = update(items, value(item, at, depth)) and complete
            continue
        name = value(key, at, depth)
        if isinstance(name, Text) and name.known is not None:
            items[name.known] = Part(item, at)
        else:
            complete = False
    return Table(items, complete)


def update(items: dict[str, Part], found: Value, sure: bool = True) -> bool:
    """Adds another dict to `items`; returns whether all of it is known."""
    if not isinstance(found, Table):
        return False
    for name, part in found.items.items():
        items[name] = part if sure else part._replace(sure=False)
    return found.complete


@handles(ast.List, ast.Tuple)
def _list(node: Any, at: At, depth: int) -> Value:
    items: list[Part] = []
    complete = True
    for each in node.elts:
        if isinstance(each, ast.Starred):
            inner = value(each.value, at, depth)
            complete = complete and isinstance(inner, Row) and inner.complete
            items += inner.items if isinstance(inner, Row) else ()
        else:
            items.append(Part(each, at))
    return Row(tuple(items), complete)


def dict_call(node: ast.Call, at: At, depth: int) -> Value:
    """Returns the value of `dict(…)`, or of what `update(…)` is given."""
    items: dict[str, Part] = {}
    complete = True
    for argument in node.args:
        complete = update(items, value(argument, at, depth)) and complete
    for keyword in node.keywords:
        if keyword.arg is None:
            complete = update(items, value(keyword.value, at, depth)) and complete
        else:
            items[keyword.arg] = Part(keyword.value, at)
    return Table(items, complete)
