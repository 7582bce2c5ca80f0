"""Which kind of object `load_weights`, `save_weights` or `save` is called on, as far as known.

Many classes that are not models of Keras have methods of these names: those of other libraries for
deep learning, agents, wrappers. If the object is unknown, the path decides.
"""

from __future__ import annotations

import ast
from typing import Iterable

from keras_ckpt.migrate.code.modules import is_standard
from keras_ckpt.migrate.code.names import Meaning, keras_name, library, meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Position, Scope, dotted_text
from keras_ckpt.migrate.code.values.attributes import attribute, class_scope, imported
from keras_ckpt.migrate.code.values.functions import returned
from keras_ckpt.migrate.code.values.infer import Element, Mapping, Sequence, value
from keras_ckpt.migrate.code.values.parameters import passed
from keras_ckpt.migrate.code.values.variables import is_property
from keras_ckpt.migrate.sites import libraries
from keras_ckpt.migrate.sites.site import ELSEWHERE, KERAS, UNKNOWN_RECEIVER

#: The functions and classes of Keras that make models.
MAKERS = (
    *("Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_config"),
    *("model_from_json", "model_from_yaml", "multi_gpu_model"),
)
_DEEP = 10


def receiver(node: ast.AST, at: Position, models: Iterable[str]) -> str:
    """Returns which kind of object a method is called on.

    Args:
        node: the object, as an expression.
        at: where it stands.
        models: the names of what is compiled or fitted in the module.

    Returns:
        `KERAS`, `ELSEWHERE` or, if it cannot be determined, `UNKNOWN_RECEIVER`.
    """
    origin = _origin(node, at, 0)
    if dotted_text(node) in models:
        # An object from elsewhere may still be a wrapper with methods of these names.
        return UNKNOWN_RECEIVER if origin == ELSEWHERE else KERAS
    return origin


def is_made(node: ast.AST, at: Position) -> bool:
    """Returns whether a name is that of a model that Keras has made in this module."""
    return _origin(node, at, 0) == KERAS


def is_imported(name: str, at: Position) -> bool:
    """Returns whether the first part of a dotted name is imported."""
    first = name.split(".")[0]
    scope = at.scope.find(first)
    return scope is not None and any(each.kind == "import" for each in scope.bindings[first])


def _origin(node: ast.AST, at: Position, depth: int) -> str:
    if depth > _DEEP:
        return UNKNOWN_RECEIVER
    if isinstance(node, ast.Call):
        return _of_call(node, at, depth)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
        return _of_call(node.value, at, depth)  # `tuner.get_best_models()[0]`
    if isinstance(node, ast.Subscript):
        return _of_elements(node, at, depth)
    name = dotted_text(node)
    if name == "self":
        owner = at.scope.owner()
        return _of_class(owner.node, at, depth) if owner is not None else UNKNOWN_RECEIVER
    if name == "self.model" and _is_in_callback(at):
        return KERAS
    if not name:
        return UNKNOWN_RECEIVER
    bindings = _bindings(node, name, at)
    found = {_of_binding(each, depth) for each in bindings}
    if KERAS in found:
        return KERAS
    return ELSEWHERE if found == {ELSEWHERE} else UNKNOWN_RECEIVER


def _of_elements(node: ast.Subscript, at: Position, depth: int) -> str:
    """Returns what an item of a dict or list is, by all items."""
    table = value(node.value, at)
    items: Iterable[Element] = ()
    if isinstance(table, Mapping):
        items = table.items.values()
    elif isinstance(table, Sequence):
        items = table.items
    found = {_origin(each.node, each.at, depth + 1) for each in items}
    return KERAS if KERAS in found else ELSEWHERE if found == {ELSEWHERE} else UNKNOWN_RECEIVER


def _bindings(node: ast.AST, name: str, at: Position) -> list[Binding]:
    if isinstance(node, ast.Attribute):
        held = attribute(node, at)
        return held.bindings if held is not None else []
    scope = at.scope.find(name)
    return visible(scope, name, at) if scope is not None else []


def _of_binding(binding: Binding, depth: int) -> str:
    if binding.kind == "assign" and binding.node is not None:
        return _origin(binding.node, binding.at, depth + 1)
    if binding.kind == "part" and isinstance(binding.node, ast.Call):
        found = _of_returned(binding.node, binding.at, depth, int(binding.target))
        return found if found == KERAS else UNKNOWN_RECEIVER
    if binding.kind == "import":
        held = imported(binding, (), 0)
        if held is not None and held.bindings:
            return _of_binding(held.bindings[0], depth + 1) if depth < _DEEP else UNKNOWN_RECEIVER
    if binding.kind == "parameter":
        return _of_parameter(binding, depth)
    if binding.kind == "function" and is_property(binding.node):
        module = binding.at.scope.within()
        for each, at in module.returns.get(binding.node or ast.Pass(), ()) if module else ():
            return _origin(each, at, depth + 1)
    return UNKNOWN_RECEIVER


def _of_parameter(binding: Binding, depth: int) -> str:
    """Returns what a parameter is by its annotation, or by what it is given."""
    arguments, outer = getattr(binding.node, "args", None), binding.at.scope.parent
    if isinstance(arguments, ast.arguments) and outer is not None:
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if each.arg == binding.target and each.annotation is not None:
                means = meaning(each.annotation, Position(outer, outer.block, 1 << 30))
                found = _of_base(means, binding.at, depth) if means != Meaning() else ""
                if found in (KERAS, ELSEWHERE):
                    return found
    given = {_origin(each, at, depth + 1) for each, at in passed(binding)} if depth < 6 else set()
    return KERAS if KERAS in given else ELSEWHERE if given == {ELSEWHERE} else UNKNOWN_RECEIVER


def _is_in_callback(at: Position) -> bool:
    """Returns whether a place is in a callback of Keras, whose `self.model` is a model."""
    scope = at.scope.owner()
    for _ in range(_DEEP):
        if scope is None or not isinstance(scope.node, ast.ClassDef):
            return False
        inner: Scope | None = None
        for base in scope.node.bases:
            means = meaning(base, Position(scope.parent or scope, scope.block, 1 << 30))
            if "callbacks" in keras_name(means.name):
                return True
            inner = class_scope(means.node, means.at) or inner
        scope = inner
    return False


def _of_returned(node: ast.Call, at: Position, depth: int, part: int | None = None) -> str:
    """Returns what a function of the checked code returns, or a part of that."""
    found = set()
    for each, there in returned(node.func, meaning(node.func, at), at):
        if part is not None:
            elements = getattr(each, "elts", ())
            if part >= len(elements):
                continue
            each = elements[part]
        found.add(_origin(each, there, depth + 1))
    return KERAS if KERAS in found else ELSEWHERE if found == {ELSEWHERE} else UNKNOWN_RECEIVER


def _of_call(node: ast.Call, at: Position, depth: int) -> str:
    means = meaning(node.func, at)
    if keras_name(means.name):
        within = keras_name(means.name)
        made = within.rpartition(".")[2] in MAKERS or within.startswith("applications.")
        return KERAS if made else UNKNOWN_RECEIVER
    if isinstance(means.node, ast.ClassDef):
        return _of_class(means.node, means.at or at, depth)
    if libraries.makes_models(means.name):
        return KERAS
    if isinstance(node.func, ast.Attribute) and libraries.returns_models(node.func.attr):
        return KERAS
    of_code = _of_returned(node, at, depth)
    if of_code == KERAS or isinstance(means.node, ast.FunctionDef):
        return of_code
    # `Net(…).to(device)` is what `Net` has made.
    root: ast.AST = node
    while isinstance(root, (ast.Call, ast.Attribute)):
        root = root.func if isinstance(root, ast.Call) else root.value
    if isinstance(root, ast.Name) and is_imported(root.id, at):
        name = meaning(root, at).name
        if is_standard(name):  # `copy.copy(model)`
            return _origin(node.args[0], at, depth + 1) if node.args else UNKNOWN_RECEIVER
        unknown = library(name) or libraries.makes_anything(means.name or name)
        return UNKNOWN_RECEIVER if unknown else ELSEWHERE
    return UNKNOWN_RECEIVER


def _of_class(node: ast.AST, at: Position, depth: int) -> str:
    if not isinstance(node, ast.ClassDef) or depth > _DEEP:
        return UNKNOWN_RECEIVER
    found = {_of_base(meaning(each, at), at, depth) for each in node.bases}
    if KERAS in found:
        return KERAS
    return ELSEWHERE if found == {ELSEWHERE} else UNKNOWN_RECEIVER


def _of_base(means: Meaning, at: Position, depth: int) -> str:
    if keras_name(means.name):
        return KERAS if keras_name(means.name).rpartition(".")[2] in MAKERS else UNKNOWN_RECEIVER
    if means.node is not None:
        return _of_class(means.node, means.at or at, depth + 1)
    from_elsewhere = "." in means.name and not library(means.name)
    return ELSEWHERE if from_elsewhere else UNKNOWN_RECEIVER
