"""What gin binds to parameters of functions and classes, in the `.gin` files beside the code."""

from __future__ import annotations

import ast
import contextlib
import os
import re
from typing import NamedTuple

from keras_ckpt.migrate.code.configuration_files import names_in
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.scopes import Module, Position, dotted_text
from keras_ckpt.migrate.code.source import Unreadable, load

#: `scope/module.name.parameter = value`, and a macro: `NAME = value`.
_BINDING = re.compile(
    r"^(?:[\w/]+/)?(?:[\w.]+\.)?(?P<name>\w+)\.(?P<key>\w+)\s*=\s*(?P<value>.*?)\s*$", re.MULTILINE
)
_MACRO = re.compile(r"^(?P<name>\w+)\s*=\s*(?P<value>.*?)\s*$", re.MULTILINE)
_DECORATORS = ("configurable", "register")
_LARGEST = 200000
_KEY = "gin"


class Bound(NamedTuple):
    """A value that gin binds.

    Args:
        node: the value.
        at: where it stands.
        of: what it is bound to, and where.
    """

    node: ast.expr
    at: Position
    of: str


def bound(node: ast.AST, at: Position, parameter: str) -> list[Bound]:
    """Returns what gin binds to a parameter of a function, or of the `__init__` of a class.

    Args:
        node: the function.
        at: a place in it.
        parameter: the parameter.
    """
    module, name = at.scope.within(), _name(node, at)
    if module is None or module.project is None or not name:
        return []
    known = module.project.known
    if _KEY not in known:
        known[_KEY] = _read(module.project)
    table = known[_KEY]
    return list(table.get((name, parameter), ())) if isinstance(table, dict) else []


def _name(node: ast.AST, at: Position) -> str:
    """Returns what gin calls a function or its class, `""` for those that it does not know."""
    outer = at.scope.parent
    if getattr(node, "name", "") == "__init__" and outer is not None:
        node = outer.node
    for each in getattr(node, "decorator_list", ()):
        call = each if isinstance(each, ast.Call) else None
        if dotted_text(call.func if call else each).rpartition(".")[2] not in _DECORATORS:
            continue
        first = call.args[0] if call is not None and call.args else None
        given = first.value if isinstance(first, ast.Constant) else None
        name = given if isinstance(given, str) else str(getattr(node, "name", ""))
        return name.rpartition(".")[2]
    return ""


def _read(project: Project) -> dict[tuple[str, str], list[Bound]]:
    found: dict[tuple[str, str], list[Bound]] = {}
    folders = {os.path.dirname(os.path.abspath(each)) for each in project.files}
    files = {
        os.path.join(folder, name)
        for folder in folders
        for name in names_in(folder)
        if name.endswith(".gin")
    }
    for path in sorted(files):
        with contextlib.suppress(OSError, Unreadable):
            if os.path.getsize(path) <= _LARGEST:
                text = load(path).decode("utf-8", "replace")
                for key, each in _of_file(os.path.relpath(path), text, project):
                    found.setdefault(key, []).append(each)
    return found


def _of_file(path: str, text: str, project: Project) -> list[tuple[tuple[str, str], Bound]]:
    macros = {each["name"]: each["value"] for each in _MACRO.finditer(text)}
    found = []
    for match in _BINDING.finditer(text):
        code = match["value"]
        code = macros.get(code[1:], code) if code.startswith("%") else code
        line = text.count("\n", 0, match.start()) + 1
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError):
            continue  # `@function()`
        first = tree.body[0] if tree.body else None
        if isinstance(first, ast.Expr):
            scope = Module(tree, path, project).scope
            at = Position(scope, scope.block, 1 << 30)
            of = f"`{match['name']}.{match['key']}` in {path}, line {line}"
            found.append(((match["name"], match["key"]), Bound(first.value, at, of)))
    return found
