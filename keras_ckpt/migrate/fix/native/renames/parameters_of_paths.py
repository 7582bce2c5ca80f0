"""Paths that a function of the code is given: by its default, and by each call of it.

Only of functions of which every use is a call that is known: another one could give another path.
"""

from __future__ import annotations

import ast
from typing import Iterator, NamedTuple

from keras_ckpt.migrate.code.scopes import Binding, Position
from keras_ckpt.migrate.code.values import parameters
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames import outside

_PLAIN = ("classmethod", "staticmethod")


class Source(NamedTuple):
    """An expression that gives a parameter its value."""

    node: ast.expr
    at: Position


def sources(binding: Binding) -> list[Source]:
    """Returns all that gives a parameter its value, none if that is not known."""
    function, names = binding.node, binding.at.scope.within()
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    if not isinstance(names, Names) or not _is_plain(function, binding.target):
        return []
    calls = list(parameters.callers(function, binding.at))
    if not _are_all(names, function, binding, {each.node for each in calls}):
        return []
    default = parameters.default(binding)
    found = [] if default is None else [Source(default.node, default.at)]
    for call in calls:
        given = parameters.given(binding, call)
        if given is not None:
            found.append(Source(*given))
        elif default is None or _has_stars(call.node):
            return []
    is_always_given = all(parameters.given(binding, call) is not None for call in calls)
    if default is not None and is_always_given and getattr(default.node, "value", 0) is None:
        found = found[1:]  # Nobody asks for it.
    return found


def _is_plain(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    is_named = any(each.arg == name for each in every)
    return is_named and all(getattr(e, "id", "") in _PLAIN for e in function.decorator_list)


def _has_stars(call: ast.Call) -> bool:
    return any(isinstance(each, ast.Starred) for each in call.args) or any(
        each.arg is None for each in call.keywords
    )


def _are_all(
    names: Names,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    binding: Binding,
    calls: set[ast.Call],
) -> bool:
    """Returns whether calls are all uses of a function."""
    owner = binding.at.scope.parent
    called = function.name
    if called == "__init__" and owner is not None and isinstance(owner.node, ast.ClassDef):
        called = owner.node.name
    for module in outside.modules(names, called):
        for node in module.nodes:
            name = getattr(node, "attr", getattr(node, "id", None))
            if isinstance(node, (ast.Attribute, ast.Name)) and name == called:
                if module.parents.get(node) not in calls:
                    return False
            elif isinstance(node, ast.Constant) and node.value == called:
                return False  # It may be got by its name.
    return True


def of_argument(names: Names, node: ast.AST) -> Binding | None:
    """Returns the parameter that an expression is the default of, or is passed to by a call."""
    parent = names.parents.get(node)
    if isinstance(parent, ast.arguments):
        function = names.parents.get(parent)
        for each in _parameters(names, function):
            default = parameters.default(each)
            if default is not None and default.node is node:
                return each
        return None
    call = names.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call) or call.func is node:
        return None
    called = str(getattr(call.func, "attr", getattr(call.func, "id", "")))
    for module in outside.modules(names, called) if called else ():
        for function in module.functions:
            for each in (
                _parameters(module, function) if _is_called(module, function, called) else ()
            ):
                for one in parameters.callers(function, each.at):
                    given = parameters.given(each, one) if one.node is call else None
                    if given is not None and given[0] is node:
                        return each
    return None


def _is_called(names: Names, function: ast.AST, called: str) -> bool:
    """Returns whether a function may be what is called so: it, or the class that it initializes."""
    name = getattr(function, "name", "")
    owner = names.parents.get(function)
    return name == called or (name == "__init__" and getattr(owner, "name", "") == called)


def _parameters(names: Names, function: ast.AST | None) -> Iterator[Binding]:
    scope = names.functions.get(function) if function is not None else None
    for row in scope.bindings.values() if scope is not None else ():
        if len(row) == 1 and row[0].kind == "parameter":
            yield row[0]
