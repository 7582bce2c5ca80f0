"""Paths that are not written where they are used: in options, tables, classes and other modules.

`back` goes one step from an expression to what gives it its value, `reads` from a string to all
that reads it by the name of an option, of an item of a dict, or of a constant in any module.
"""

from __future__ import annotations

import ast
from typing import Iterator, NamedTuple, Optional

from keras_ckpt.migrate.code.names import library, meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Call, Position, Scope
from keras_ckpt.migrate.code.values import parameters
from keras_ckpt.migrate.code.values.attributes import attribute, imported
from keras_ckpt.migrate.code.values.infer import Mapping, Str, value
from keras_ckpt.migrate.fix.edits.tree import Names

#: What reads an attribute by its name as a text.
_BY_TEXT = ("get", "getattr", "hasattr", "pop", "setattr", "setdefault")
#: What options are shown as, and no other defaults.
_OPTION = "`-"


class Read(NamedTuple):
    """A place that reads a path, and its module."""

    names: Names
    node: ast.AST


#: All places, None if they are not all known.
Reads = Optional[list[Read]]


# Back


def back(node: ast.AST, at: Position) -> tuple[ast.expr, Position] | None:
    """Returns the one expression that gives another one its value, None if that is not known."""
    if isinstance(node, ast.Name):
        scope = at.scope.find(node.id)
        return _of_bindings(visible(scope, node.id, at) if scope is not None else [])
    if isinstance(node, ast.Attribute):
        held = attribute(node, at)
        if held is not None:
            return _of_bindings(held.bindings)
        option = parameters.option(node, at)
        return (option.node, option.at) if option is not None else None
    if isinstance(node, ast.Subscript):
        table, key = value(node.value, at), value(node.slice, at)
        if isinstance(table, Mapping) and isinstance(key, Str):
            element = table.items.get(key.known or "")
            is_one = element is not None and element.sure and isinstance(element.node, ast.expr)
            return (element.node, element.at) if element is not None and is_one else None
    return None


def _of_bindings(bindings: list[Binding]) -> tuple[ast.expr, Position] | None:
    if len(bindings) != 1:
        return None
    (binding,) = bindings
    if binding.kind == "assign" and isinstance(binding.node, ast.expr):
        return binding.node, binding.at
    if binding.kind == "import":
        held = imported(binding, (), 0)
        return _of_bindings(held.bindings) if held is not None else None
    if binding.kind == "parameter":
        default = parameters.default(binding)
        # Others get the value of each call.
        is_option = default is not None and default.of.startswith(_OPTION)
        return (default.node, default.at) if default is not None and is_option else None
    return None


# And on to what reads it


def option(names: Names, node: ast.AST) -> str:
    """Returns the option that a string is the default of, as it is passed, `""` for none."""
    parent = names.parents.get(node)
    call = names.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    function = names.parents.get(call) if call is not None else None
    if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        bindings = [rows[0] for rows in names.functions[function].bindings.values()]
        defaults = [parameters.default(each) for each in bindings if each.kind == "parameter"]
    else:
        calls = [each for each in names.calls if each.node is call]
        defaults = [found for each in calls for _, found in parameters.declared(each)]
    shown = [each.of for each in defaults if each is not None and each.node is node]
    return shown[0] if shown and shown[0].startswith(_OPTION) else ""


def of_option(names: Names, node: ast.AST) -> Reads:
    """Returns what reads the option that a string is the default of; None if it is of none."""
    parent = names.parents.get(node)
    call = names.parents.get(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call):
        return None
    function = names.parents.get(call)
    if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _of_click(names, function, call, node)
    at = next((each.at for each in names.calls if each.node is call), None)
    called = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if at is None or called not in parameters.DECLARING:
        return None
    found: list[Read] = []
    for option, default in parameters.declared(Call(call, at)):
        if default.node is not node:
            return None
        for module in modules(names, option):
            reads = _of_name(module, option, node)
            if reads is None:
                return None
            found += reads
    holder = names.parents.get(call)
    if isinstance(holder, ast.Assign):
        of_holder = _of_holder(names, holder, node)
        if of_holder is None:
            return None
        found += of_holder
    return found


def _of_click(
    names: Names,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    call: ast.Call,
    node: ast.AST,
) -> Reads:
    if call not in function.decorator_list:
        return None
    scope = names.functions[function]
    for name, bindings in scope.bindings.items():
        default = parameters.default(bindings[0]) if bindings[0].kind == "parameter" else None
        if default is not None and default.node is node:
            reads = names.reads(name, scope) if len(bindings) == 1 else None
            return [Read(names, each) for each in reads] if reads is not None else None
    return None


def _of_name(names: Names, option: str, node: ast.AST) -> Reads:
    """Returns what reads an option in a module, None if something may that is not known."""
    found: list[Read] = []
    for each in names.nodes:
        if isinstance(each, ast.Attribute) and each.attr == option:
            at = names.places.get(each)
            if at is None or not isinstance(each.ctx, ast.Load):
                return None
            if attribute(each, at) is not None:
                continue
            read = parameters.option(each, at)
            if read is None:
                return None
            if read.node is node:
                found.append(Read(names, each))
        elif isinstance(each, ast.Constant) and each.value == option and _is_key(names, each):
            return None
    return found


def _is_key(names: Names, node: ast.Constant) -> bool:
    """Returns whether a text may be what something is read by."""
    parent = names.parents.get(node)
    if isinstance(parent, ast.Call):
        return getattr(parent.func, "attr", getattr(parent.func, "id", "")) in _BY_TEXT
    return isinstance(parent, (ast.Subscript, ast.Index))


def _of_holder(names: Names, holder: ast.Assign, node: ast.AST) -> Reads:
    """Returns what reads `WEIGHTS.value` of `WEIGHTS = flags.DEFINE_string(…)`."""
    target = holder.targets[0]
    if len(holder.targets) > 1 or not isinstance(target, ast.Name):
        return None
    found = []
    for module in modules(names, target.id):
        for each in module.nodes:
            if not isinstance(each, ast.Attribute) or each.attr != "value":
                continue
            at = module.places.get(each)
            read = parameters.option(each, at) if at is not None else None
            if read is not None and read.node is node:
                found.append(Read(module, each))
            elif module is not names and getattr(each.value, "id", target.id) == target.id:
                return None
    return found


def of_item(names: Names, node: ast.AST) -> Reads:
    """Returns what reads an item of a dict, None if the dict is used for something else, too."""
    table = names.parents.get(node)
    holder = names.parents.get(table) if isinstance(table, ast.Dict) else None
    if not isinstance(table, ast.Dict) or not isinstance(holder, ast.Assign):
        return None
    target = holder.targets[0]
    key = next((k for k, each in zip(table.keys, table.values) if each is node), None)
    at = names.places.get(target)
    if not isinstance(key, ast.Constant) or not isinstance(target, ast.Name) or at is None:
        return None
    scope = at.scope.find(target.id)
    if scope is None or len(holder.targets) > 1 or len(scope.bindings.get(target.id, ())) != 1:
        return None
    if scope is names.scope and len(modules(names, target.id)) > 1:
        return None
    found = []
    for each in names.reads(target.id, scope) or ():
        parent = names.parents.get(each)
        index = parent.slice if isinstance(parent, ast.Subscript) else None
        if not isinstance(parent, ast.Subscript) or not isinstance(index, ast.Constant):
            return None
        if index.value == key.value:
            if not isinstance(parent.ctx, ast.Load):
                return None
            found.append(Read(names, parent))
    return found or None  # Other code may have the dict.


def of_constant(names: Names, scope: Scope, name: str, node: ast.AST) -> Reads:
    """Returns what reads a constant of a class, or of a module in the others.

    Args:
        names: the module.
        scope: the scope that binds it.
        name: its name.
        node: its value.
    """
    found: list[Read] = []
    for module in modules(names, name):
        if module is names and not scope.is_class:
            continue  # These are names, which are known already.
        stars = [each for each in module.scope.stars if not library(each)]
        for each in module.nodes:
            read = _reads(module, each, name, node, scope.is_class)
            if read is None or (read is False and stars and isinstance(each, ast.Name)):
                return None
            if read:
                found.append(Read(module, each))
    return found


def _reads(names: Names, each: ast.AST, name: str, node: ast.AST, of_class: bool) -> bool | None:
    """Returns whether an expression reads a constant, None if that is not known."""
    is_name = isinstance(each, ast.Name) and each.id == name
    if not is_name and not (isinstance(each, ast.Attribute) and each.attr == name):
        return _is_of_text(names, each, name)
    at = names.places.get(each)
    if isinstance(each, ast.Attribute):
        held = attribute(each, at) if at is not None else None
        if held is not None and isinstance(each.ctx, ast.Load):
            return any(one.node is node for one in held.bindings)
        return None if _may_be(names, each.value, of_class) else False
    if at is None or not isinstance(getattr(each, "ctx", None), ast.Load):
        return False
    scope = at.scope.find(name)
    if scope is None:
        return False
    bindings = visible(scope, name, at)
    of_import = [imported(one, (), 0) for one in bindings if one.kind == "import"]
    return any(
        one.node is node for held in of_import if held is not None for one in held.bindings
    ) or any(one.node is node for one in bindings if scope.is_class)


def _may_be(names: Names, node: ast.expr, of_class: bool) -> bool:
    """Returns whether an expression may be a module among the files, or an object of a class."""
    at = names.places.get(node)
    name = meaning(node, at).name if at is not None else ""
    if not name or names.project is None:
        return of_class
    return names.project.find(name, names.path) is not None or (of_class and "." not in name)


def _is_of_text(names: Names, each: ast.AST, name: str) -> bool | None:
    is_text = isinstance(each, ast.Constant) and each.value == name
    return None if is_text and isinstance(each, ast.Constant) and _is_key(names, each) else False


def modules(names: Names, word: str) -> list[Names]:
    """Returns a module, and all others that have a word in them."""
    others: Iterator[Names] = iter(())
    if names.project is not None:
        mentioning = names.project.mentioning(word)
        # After a first change the module is not that of the project, which has the file as it was.
        others = (
            each for each in mentioning if isinstance(each, Names) and each.path != names.path
        )
    return [names, *others]
