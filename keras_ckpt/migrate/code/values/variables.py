"""The values of variables: what they are bound to at a place, and how that was changed since."""

from __future__ import annotations

import ast
from typing import cast

from keras_ckpt.migrate.code.names import visible
from keras_ckpt.migrate.code.scopes import Binding, Position, Scope
from keras_ckpt.migrate.code.values.containers import dict_call, update
from keras_ckpt.migrate.code.values.types import (
    DEEP,
    UNKNOWN,
    Element,
    Mapping,
    Sequence,
    Str,
    Value,
    handles,
    joined,
    of_parts,
    text,
    value,
)


@handles(ast.Name)
def _name(node: ast.Name, at: Position, depth: int) -> Value:
    scope = at.scope.find(node.id)
    if scope is None:
        return UNKNOWN
    # Once for each place: names that are made of names are many.
    key = (node.id, at.step, at.block)
    known = at.scope.values
    if key not in known:
        known[key] = UNKNOWN
        known[key] = _variable(scope, node.id, at, depth)
    return cast(Value, known[key])


@handles(ast.Attribute)
def _attribute(node: ast.Attribute, at: Position, depth: int) -> Value:
    owner = at.scope.owner()
    if owner is None or not isinstance(node.value, ast.Name):
        return UNKNOWN
    name = f"{node.value.id}.{node.attr}"
    if name in owner.bindings:
        # Of several methods, any may have been the last to assign it.
        return _variable(owner, name, at._replace(scope=at.scope), depth)
    if node.value.id in ("self", "cls") and node.attr in owner.bindings:
        return _variable(owner, node.attr, at, depth)
    return UNKNOWN


def _variable(scope: Scope, name: str, at: Position, depth: int) -> Value:
    bindings = visible(scope, name, at)
    plain = ("assign", "import", "class", "function", "other", "aug")
    values = [_bound(each, scope, name, depth) for each in reversed(bindings) if each.kind in plain]
    if not values:
        return UNKNOWN
    changes = [each for each in reversed(bindings) if each.kind not in plain]
    if len(values) > 1:
        return UNKNOWN if changes else joined(values)
    return _changed(values[0], changes, scope, at, depth)


def _bound(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    there = binding.at
    if binding.kind == "assign":
        return value(binding.node, binding.at, depth)
    if binding.kind == "aug" and isinstance(binding.node, ast.AugAssign):
        if not isinstance(binding.node.op, ast.Add):
            return UNKNOWN
        before = _variable(scope, name, there, depth) if depth <= DEEP else UNKNOWN
        added = value(binding.node.value, there, depth)
        if isinstance(before, Str):
            return of_parts([*before.parts, *text(binding.node.value, there, depth)])
        if isinstance(before, Sequence) and isinstance(added, Sequence):
            return Sequence(before.items + added.items, before.complete and added.complete)
    return UNKNOWN


def _changed(found: Value, changes: list[Binding], scope: Scope, at: Position, depth: int) -> Value:
    for change in changes:
        sure = change.at.block.holds(at.block) or scope is not at.scope
        there = change.at
        if isinstance(found, Mapping):
            found = _changed_mapping(found, change, there, sure, depth)
        elif isinstance(found, Sequence):
            found = _changed_sequence(found, change, there, sure)
        else:
            return UNKNOWN
    return found


def _changed_mapping(
    found: Mapping, change: Binding, there: Position, sure: bool, depth: int
) -> Mapping:
    items, node = dict(found.items), change.node
    complete = found.complete
    if isinstance(node, ast.Call):
        if change.kind == "update":
            other = dict_call(node, there, depth)
            complete = update(items, other, sure) and complete
        elif change.kind == "setdefault" and len(node.args) == 2:
            key = value(node.args[0], there, depth)
            if isinstance(key, Str) and key.known is not None:
                items.setdefault(key.known, Element(node.args[1], there, sure))
            else:
                complete = False
        else:
            complete = False
        return Mapping(items, complete)
    for target in node.targets if isinstance(node, (ast.Assign, ast.Delete)) else ():
        if not isinstance(target, ast.Subscript):
            continue
        key = value(target.slice, there, depth)
        if not isinstance(key, Str) or key.known is None:
            complete = False
        elif isinstance(node, ast.Assign):
            items[key.known] = Element(node.value, there, sure)
        else:
            items.pop(key.known, None)
            complete = complete and sure
    return Mapping(items, complete)


def _changed_sequence(found: Sequence, change: Binding, there: Position, sure: bool) -> Sequence:
    node = change.node
    if isinstance(node, ast.Call) and node.args:
        added = node.args[-1]
        if change.kind in ("append", "insert"):
            return Sequence((*found.items, Element(added, there, sure)), found.complete)
        if change.kind == "extend" and isinstance(added, (ast.List, ast.Tuple)):
            inner = tuple(Element(each, there, sure) for each in added.elts)
            return Sequence(found.items + inner, found.complete)
    return Sequence(found.items, False)
