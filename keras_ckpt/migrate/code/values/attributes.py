"""The values of attributes: of `self`, of classes and their instances, of modules, of paths."""

from __future__ import annotations

import ast
from typing import Iterable, Iterator, NamedTuple

from keras_ckpt.migrate.code.names import meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Module, Position, Scope, dotted_text
from keras_ckpt.migrate.code.values.functions import returned
from keras_ckpt.migrate.code.values.types import (
    PLAIN,
    UNKNOWN,
    Mapping,
    Str,
    Unknown,
    Value,
    handles,
    value,
)
from keras_ckpt.migrate.code.values.variables import KINDS, from_bindings

#: The attributes of paths and of temporary files and directories that end as they do.
_SAME = ("name", "full_path")
#: Those that have no ending.
_PLAIN = ("hex", "parent", "stem", "tmpdir", "parents")
_DEEP = 12
_MOST = 30


class Held(NamedTuple):
    """What gives an attribute its value.

    Args:
        bindings: the latest first.
        scope: the scope that they stand in.
        name: what the attribute is called there.
    """

    bindings: list[Binding]
    scope: Scope
    name: str


@handles(ast.Attribute)
def _attribute(node: ast.Attribute, at: Position, depth: int) -> Value:
    held = attribute(node, at, depth)
    if held is not None:
        return from_bindings(held.bindings, held.scope, held.name, at, depth)
    if node.attr in _SAME:
        found = value(node.value, at, depth)
        return found if isinstance(found, Str) else UNKNOWN
    if node.attr in _PLAIN and not isinstance(value(node.value, at, depth), Unknown):
        return Str((PLAIN,))
    if node.attr == "stem":
        return Str((PLAIN,))
    table = value(node.value, at, depth)
    if isinstance(table, Mapping) and node.attr in table.items:
        element = table.items[node.attr]  # Of `EasyDict` and the like.
        return value(element.node, element.at, depth) if element.sure else UNKNOWN
    return UNKNOWN


def attribute(node: ast.Attribute, at: Position, depth: int = 0) -> Held | None:
    """Returns what gives an attribute its value, None if that is not known."""
    name = dotted_text(node)
    if depth > _DEEP * 2:
        return None
    if name:
        return _of_text(name, at, depth)
    if isinstance(node.value, ast.Call):
        return _of_object(node.value, (node.attr,), at, depth)
    return None


def _of_text(name: str, at: Position, depth: int) -> Held | None:
    first, *rest = name.split(".")
    if first in ("self", "cls"):
        owner = at.scope.owner()
        if owner is None:
            return None
        held = in_class(owner, rest[0], at)
        if held is None or len(rest) == 1:
            return held
        return _through(held.bindings, tuple(rest[1:]), depth)
    scope = at.scope.find(name)
    if scope is not None:
        return Held(visible(scope, name, at), scope, name)
    scope = at.scope.find(first)
    if scope is None:
        return None
    return _through(visible(scope, first, at), tuple(rest), depth)


def in_class(scope: Scope, name: str, at: Position, depth: int = 0) -> Held | None:
    """Returns what gives an attribute of a class, or of its instances, its value."""
    for each in ("self." + name, name):
        if each in scope.bindings:
            # Of several methods, any may have been the last to assign it.
            return Held(visible(scope, each, at), scope, each)
    module = scope.within()
    found = module.class_of(scope.node) if module is not None else None
    if found is None or depth > _DEEP:
        return None
    for base in found.node.bases:
        means = meaning(base, found.at)
        other = class_scope(means.node, means.at)
        held = in_class(other, name, at, depth + 1) if other is not None else None
        if held is not None:
            return held
    return None


def overriding(node: ast.AST, at: Position) -> Iterator[Held]:
    """Returns what gives an attribute of `self` its value in classes that derive from this one."""
    owner = at.scope.owner()
    if not isinstance(node, ast.Attribute) or getattr(node.value, "id", "") not in ("self", "cls"):
        return
    for scope in derived(owner) if owner is not None else ():
        for each in ("self." + node.attr, node.attr):
            if each in scope.bindings:
                yield Held(visible(scope, each, at), scope, each)
                break


def derived(owner: Scope) -> list[Scope]:
    """Returns the classes that derive from one, in its file and in others."""
    found: dict[int, Scope] = {}
    new = [owner]
    while new and len(found) < _MOST:
        base = new.pop()
        for scope in _derived(base):
            if id(scope) not in found:
                found[id(scope)] = scope
                new.append(scope)
    return list(found.values())


def _derived(owner: Scope) -> list[Scope]:
    module = owner.within()
    if module is None or not isinstance(owner.node, ast.ClassDef):
        return []
    key = "derived", owner.node
    if key not in module.known:
        project, name = module.project, owner.node.name
        modules = [module]
        if project is not None:
            modules += [each for each in project.mentioning(name) if each is not module]
        module.known[key] = [
            each.scope
            for other in modules
            for each in other.classes
            if any(meaning(base, each.at).node is owner.node for base in each.node.bases)
        ]
    known = module.known[key]
    return known if isinstance(known, list) else []


def class_scope(node: ast.AST | None, at: Position | None) -> Scope | None:
    """Returns the scope of a class that a name means."""
    module: Module | None = at.scope.within() if at is not None else None
    found = module.class_of(node) if module is not None and node is not None else None
    return found.scope if found is not None else None


def _through(bindings: Iterable[Binding], rest: tuple[str, ...], depth: int) -> Held | None:
    """Returns what gives an attribute of something its value, by what binds that."""
    if depth > _DEEP:
        return None
    for binding in bindings:
        held: Held | None = None
        if binding.kind == "import":
            held = imported(binding, rest, depth + 1)
        elif binding.kind == "class":
            scope = class_scope(binding.node, binding.at)
            if scope is not None and len(rest) == 1:
                held = in_class(scope, rest[0], binding.at)
        elif binding.kind == "parameter":
            held = _of_annotation(binding, rest)
        elif binding.kind == "assign" and binding.node is not None:
            held = _of_object(binding.node, rest, binding.at, depth + 1)
        if held is not None:
            return held
    return None


def _of_object(node: ast.AST, rest: tuple[str, ...], at: Position, depth: int) -> Held | None:
    """Returns what gives an attribute of an object its value."""
    if depth > _DEEP:
        return None
    alias = dotted_text(node)
    if alias:
        # What it gets later under the one name, it has under the other.
        later = at._replace(step=1 << 30)
        return _of_text(".".join([alias, *rest]), later, depth + 1)
    if not isinstance(node, ast.Call):
        return None
    means = meaning(node.func, at)
    scope = class_scope(means.node, means.at)
    if scope is not None:
        held = in_class(scope, rest[0], at)
        return held if held is None or len(rest) == 1 else _through(held.bindings, rest[1:], depth)
    for keyword in node.keywords:
        if keyword.arg == rest[0] and len(rest) == 1 and means.node is None:
            return Held([Binding("assign", at, keyword.value)], at.scope, rest[0])
    for each, there in returned(node.func, means, at):
        held = _of_object(each, rest, there, depth + 1)
        if held is not None:
            return held
    return None


def _of_annotation(binding: Binding, rest: tuple[str, ...]) -> Held | None:
    arguments = getattr(binding.node, "args", None)
    outer = binding.at.scope.parent
    if not isinstance(arguments, ast.arguments) or outer is None or len(rest) != 1:
        return None
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.arg == binding.target and each.annotation is not None:
            means = meaning(each.annotation, Position(outer, outer.block, binding.at.step))
            scope = class_scope(means.node, means.at)
            return in_class(scope, rest[0], binding.at) if scope is not None else None
    return None


def imported(binding: Binding, rest: tuple[str, ...], depth: int) -> Held | None:
    """Returns what gives a name of another module, or an attribute of one, its value.

    Args:
        binding: the import.
        rest: the attributes, none for the name itself.
        depth: how much has been followed.
    """
    module = binding.at.scope.within()
    if module is None or module.project is None or depth > _DEEP:
        return None
    found = module.project.find(".".join([binding.target, *rest]), module.path)
    if found is None or not found.rest:
        return None
    scope, name = found.module.scope, ".".join(found.rest)
    end = Position(scope, scope.block, 1 << 30)
    if name in scope.bindings:
        bindings = visible(scope, name, end)
        if bindings and bindings[0].kind == "import" and len(found.rest) == 1:
            return imported(bindings[0], (), depth + 1)
        return Held(bindings, scope, name)
    return _of_text(name, end, depth + 1) if len(found.rest) > 1 else None


def _imported_value(binding: Binding, scope: Scope, name: str, depth: int) -> Value:
    held = imported(binding, (), 0)
    if held is None:
        return UNKNOWN
    end = Position(held.scope, held.scope.block, 1 << 30)
    return from_bindings(held.bindings, held.scope, held.name, end, depth + 1)


KINDS["import"] = _imported_value
