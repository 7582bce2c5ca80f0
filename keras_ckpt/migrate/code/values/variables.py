"""The values of variables: what they are bound to at a place, and how that was changed since."""

from __future__ import annotations

import ast
from typing import Callable, cast

from keras_ckpt.migrate.code.names import PLAIN as PLAIN_KINDS
from keras_ckpt.migrate.code.names import meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Position, Scope
from keras_ckpt.migrate.code.values.containers import dict_call, update
from keras_ckpt.migrate.code.values.functions import part
from keras_ckpt.migrate.code.values.types import (
    DEEP,
    PLAIN,
    UNKNOWN,
    Element,
    Mapping,
    Number,
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
    return _known(scope, node.id, at, depth)


def from_bindings(
    bindings: list[Binding], scope: Scope, name: str, at: Position, depth: int
) -> Value:
    """Returns the value that bindings give a name of a scope at a place."""
    values = [
        _bound(each, scope, name, depth) for each in reversed(bindings) if each.kind in PLAIN_KINDS
    ]
    if not values:
        return UNKNOWN
    changes = [each for each in reversed(bindings) if each.kind not in PLAIN_KINDS]
    if len(values) > 1:
        return UNKNOWN if changes else joined(values)
    return _changed(values[0], changes, scope, at, depth)


def _known(scope: Scope, name: str, at: Position, depth: int) -> Value:
    # Once for each place: names that are made of names are many.
    key = (name, at.step, at.block)
    known = at.scope.values
    if key not in known:
        known[key] = UNKNOWN
        known[key] = from_bindings(visible(scope, name, at), scope, name, at, depth)
    return cast(Value, known[key])


def _bound(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    if depth > DEEP:
        return UNKNOWN
    handler = KINDS.get(binding.kind)
    return UNKNOWN if handler is None else handler(binding, scope, name, depth)


def _assigned(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    return value(binding.node, binding.at, depth)


def _augmented(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    node, there = binding.node, binding.at
    if not isinstance(node, ast.AugAssign):
        return UNKNOWN
    before = _known(scope, name, there, depth + 1)
    added = value(node.value, there, depth)
    if isinstance(node.op, ast.Div) and isinstance(before, Str):
        return of_parts([*before.parts, "/", *text(node.value, there, depth)])
    if not isinstance(node.op, ast.Add):
        return UNKNOWN
    if isinstance(before, Str):
        return of_parts([*before.parts, *text(node.value, there, depth)])
    if isinstance(added, Str):
        return of_parts([None, *added.parts])
    if isinstance(before, Sequence) and isinstance(added, Sequence):
        return Sequence(before.items + added.items, before.complete and added.complete)
    return UNKNOWN


def _parameter(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    if binding.target in _DIRECTORIES:
        return Str((PLAIN,))
    return Number() if binding.target in _COUNTS else UNKNOWN


def _part(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    if not isinstance(binding.node, ast.Call):
        return UNKNOWN
    return part(binding.node, int(binding.target), binding.at, depth)


def _element(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    node, at = binding.node, binding.at
    if isinstance(node, ast.Call):
        called = meaning(node.func, at).name.rpartition(".")[2]
        if called == "tqdm" or called == "trange":
            node = node.args[0] if called == "tqdm" and node.args else node
            called = "range" if called == "trange" else getattr(getattr(node, "func", 0), "id", "")
        if called == "enumerate" and isinstance(node, ast.Call) and node.args:
            if binding.target == "0":
                return Number()
            return _element(binding._replace(node=node.args[0], target=""), scope, name, depth + 1)
        if called in ("range", "count", "arange"):
            return Number()
    row = value(node, at, depth)
    if isinstance(row, Sequence) and row.complete and row.items and not binding.target:
        return joined([value(each.node, each.at, depth) for each in row.items])
    return UNKNOWN


def _entered(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    return value(binding.node, binding.at, depth)


def _called(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    """Returns the value of a property."""
    node = binding.node
    if not isinstance(node, ast.FunctionDef) or not is_property(node):
        return UNKNOWN
    module = binding.at.scope.within()
    found = module.returns.get(node, []) if module is not None else []
    return joined([value(each, at, depth + 1) for each, at in found]) if found else UNKNOWN


def is_property(node: ast.AST | None) -> bool:
    """Returns whether a function is read as an attribute."""
    decorators = getattr(node, "decorator_list", ())
    names = {getattr(each, "attr", getattr(each, "id", "")) for each in decorators}
    return bool(names & {"property", "cached_property", "lazy_property"})


#: How to determine the value that each kind of binding gives; `attributes` adds that of imports.
KINDS: dict[str, Callable[[Binding, Scope, str, int], Value]] = {
    "assign": _assigned,
    "aug": _augmented,
    "element": _element,
    "enter": _entered,
    "function": _called,
    "parameter": _parameter,
    "part": _part,
}
#: What parameters of these names are whatever they are given: counts, and directories of tests.
_COUNTS = (
    *(
        "batch",
        "batches_seen",
        "current_epoch",
        "episode",
        "epoch",
        "epochs",
        "fold",
        "global_step",
    ),
    *("iter", "iteration", "iterations", "itr", "n_epoch", "n_epochs", "num_epochs", "seed"),
    *("step", "steps", "timestamp", "timesteps"),
)
_DIRECTORIES = ("tmp_path", "tmpdir", "temp_dir", "tmp_dir")


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
