"""Classes, functions and methods that are called by another way than their names.

`method` finds `f = model.save_weights; f(path)`, `chosen` the class in `CALLBACKS[name](…)` and
`getattr(keras.callbacks, name)(…)`, `handed_on` what `pool.map(load_model, paths)` has to call.
"""

from __future__ import annotations

import ast
import re
from typing import Iterable, Iterator, NamedTuple, Sequence

from keras_ckpt.migrate.code.names import Meaning, keras_name, meaning, visible
from keras_ckpt.migrate.code.scopes import Call, Position
from keras_ckpt.migrate.code.values.infer import Element, Mapping, Str, value
from keras_ckpt.migrate.code.values.infer import Sequence as Row

#: The classes of Keras that have the methods of models.
_MODELS = ("Functional", "Model", "Sequential")
#: Functions that ask about what they are given, or hold it, and call it not.
_ASKING = (
    *("delattr", "getattr", "hasattr", "id", "isinstance", "issubclass", "repr", "setattr"),
    *("OrderedDict", "dict", "list", "set", "tuple"),
)
#: Of functions that do so, too, in libraries for tests: `assertIsInstance`, `mock.patch.object`.
_TESTING = re.compile(
    r"assert\w*|\w*isinstance|patch|object|spec|create_autospec|register\w*", re.I
)
#: What code in a text may save or load by.
SAVING = re.compile(r"ModelCheckpoint|(load|save)_(model|weights)|model\.save\(")
#: The function by which gin takes a class that is not decorated.
GIN = "external_configurable"
_CALLBACKS = "callbacks"
_CHOOSING = (ast.Call, ast.IfExp, ast.Subscript)
_DEEP = 5


class Method(NamedTuple):
    """A method as an attribute of its object, and where that stands."""

    node: ast.Attribute
    at: Position


class Chosen(NamedTuple):
    """What may be called, and whether nothing else can be."""

    means: Meaning
    sure: bool


def method(function: ast.expr, at: Position, names: Sequence[str]) -> Method | None:
    """Returns the method that is called through a variable or `getattr`.

    Args:
        function: what is called.
        at: where it stands.
        names: the names of the methods.
    """
    if isinstance(function, ast.Call) and getattr(function.func, "id", "") == "getattr":
        name = value(function.args[1], at) if len(function.args) > 1 else None
        if isinstance(name, Str) and name.known in names:
            made = ast.Attribute(function.args[0], name.known or "", ast.Load())
            return Method(ast.copy_location(made, function), at)
    if isinstance(function, ast.Name):
        scope = at.scope.find(function.id)
        for each in visible(scope, function.id, at) if scope is not None else ():
            node = each.node
            if each.kind == "assign" and isinstance(node, ast.Attribute) and node.attr in names:
                return Method(node, each.at)
            if each.kind == "assign" and isinstance(node, ast.Call):
                return method(node, each.at, names)
    return None


def is_method_of_class(name: str) -> bool:
    """Returns whether a full name is that of a method of Keras's models, as of their class."""
    return keras_name(name).split(".")[-2:-1] in [[each] for each in _MODELS]


def chosen(function: ast.expr, at: Position, depth: int = 0) -> list[Chosen]:
    """Returns what may be called where that is taken out of several by a key or name."""
    if depth > _DEEP:
        return []
    if isinstance(function, ast.Name):
        scope = at.scope.find(function.id)
        found: list[Chosen] = []
        for each in visible(scope, function.id, at) if scope is not None else ():
            if each.node is None:
                continue
            if each.kind == "element" and isinstance(each.node, ast.expr):
                row = value(each.node, each.at)
                if isinstance(row, Row):
                    found += _of_elements(row.items, False)
            elif each.kind == "assign" and isinstance(each.node, _CHOOSING):
                found += chosen(each.node, each.at, depth + 1)
        return found
    if isinstance(function, ast.IfExp):
        sides = [Element(each, at) for each in (function.body, function.orelse)]
        sides = [each for each in sides if not isinstance(each.node, ast.Constant)]
        return _of_elements(sides, len(sides) == 1)
    if isinstance(function, ast.Subscript):
        return _of_table(function.value, function.slice, at)
    if isinstance(function, ast.Call):
        return _of_call(function, at)
    return []


def _of_call(function: ast.Call, at: Position) -> list[Chosen]:
    inner = function.func
    if getattr(inner, "id", "") == "getattr" and len(function.args) > 1:
        home = keras_name(meaning(function.args[0], at).name + "._").rpartition("._")[0]
        name = value(function.args[1], at)
        if home.rpartition(".")[2] != _CALLBACKS:
            return []
        known = name.known if isinstance(name, Str) else None
        full = f"keras.callbacks.{known or 'ModelCheckpoint'}"
        return [Chosen(Meaning(full), known is not None)]
    if isinstance(inner, ast.Attribute) and inner.attr == "get" and function.args:
        return _of_table(inner.value, function.args[0], at)
    return []


def _of_table(table: ast.expr, key: ast.AST, at: Position) -> list[Chosen]:
    found, which = value(table, at), value(key, at)
    if isinstance(found, Row):
        return _of_elements(found.items, False)
    if not isinstance(found, Mapping):
        return []
    known = which.known if isinstance(which, Str) else None
    if known in found.items:
        return _of_elements([found.items[known or ""]], found.items[known or ""].sure)
    return _of_elements(found.items.values(), False)


def _of_elements(elements: Iterable[Element], sure: bool) -> list[Chosen]:
    every = (meaning(each.node, each.at) for each in elements)
    return [Chosen(means, sure) for means in every if means != Meaning()]


def handed_on(call: Call) -> Iterator[ast.expr]:
    """Returns the names and attributes that a call gets as values, to be called by it."""
    function, arguments = call.node.func, call.node.args
    called = str(getattr(function, "attr", getattr(function, "id", "")))
    if called == "type" and len(arguments) == 3 and isinstance(arguments[1], ast.Tuple):
        arguments = arguments[1].elts  # A class is made of these.
    elif called in (*_ASKING, "super", "type") or _TESTING.fullmatch(called):
        return
    for each in (*arguments, *(keyword.value for keyword in call.node.keywords)):
        if isinstance(each, (ast.Attribute, ast.Name)):
            yield each


def is_given_to_gin(call: Call) -> bool:
    """Returns whether a call makes gin the one to call what it gets."""
    return meaning(call.node.func, call.at).name == f"gin.{GIN}"


def by_name(call: Call, names: Sequence[str]) -> str:
    """Returns the method of `operator.methodcaller("save_weights", path)`, `""` if it is none."""
    if not call.node.args or meaning(call.node.func, call.at).name != "operator.methodcaller":
        return ""
    name = value(call.node.args[0], call.at)
    return name.known or "" if isinstance(name, Str) and name.known in names else ""


def run_as_text(call: Call) -> str:
    """Returns the code that `exec` and `eval` are given as a text, `""` if it is not known."""
    function, arguments = call.node.func, call.node.args
    if getattr(function, "id", "") not in ("eval", "exec") or not arguments:
        return ""
    code = value(arguments[0], call.at)
    return code.shown if isinstance(code, Str) else ""
