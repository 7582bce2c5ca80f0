"""Which kind of object `load_weights`, `save_weights` or `save` is called on, as far as known.

Many classes that are not models of Keras have methods of these names: those of other libraries for
deep learning, agents, wrappers. If the object is unknown, the path decides.
"""

from __future__ import annotations

import ast
from typing import Iterable

from keras_ckpt.migrate.code.names import Meaning, keras_name, library, meaning, visible
from keras_ckpt.migrate.code.scopes import Position
from keras_ckpt.migrate.sites.site import ELSEWHERE, KERAS, UNKNOWN_RECEIVER

#: The functions and classes of Keras that make models.
MAKERS = ("Model", "Sequential", "clone_model", "load_model", "model_from_json")
_DEEP = 5


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


def dotted_text(node: ast.AST) -> str:
    """Returns an expression such as `self.model` as it is written, or `""` for others."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


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
    name = dotted_text(node)
    scope = at.scope.find(name) if isinstance(node, ast.Name) else at.scope.owner()
    if name == "self":
        owner = at.scope.owner()
        return _of_class(owner.node, at, depth) if owner is not None else UNKNOWN_RECEIVER
    if scope is None or not name:
        return UNKNOWN_RECEIVER
    found = {
        _origin(binding.node, binding.at, depth + 1)
        if binding.kind == "assign" and binding.node is not None
        else UNKNOWN_RECEIVER
        for binding in visible(scope, name, at)
    }
    if KERAS in found:
        return KERAS
    return ELSEWHERE if found == {ELSEWHERE} else UNKNOWN_RECEIVER


def _of_call(node: ast.Call, at: Position, depth: int) -> str:
    means = meaning(node.func, at)
    if keras_name(means.name):
        within = keras_name(means.name)
        made = within.rpartition(".")[2] in MAKERS or within.startswith("applications.")
        return KERAS if made else UNKNOWN_RECEIVER
    if isinstance(means.node, ast.ClassDef):
        return _of_class(means.node, means.at or at, depth)
    # `Net(…).to(device)` is what `Net` has made.
    root: ast.AST = node
    while isinstance(root, (ast.Call, ast.Attribute)):
        root = root.func if isinstance(root, ast.Call) else root.value
    if isinstance(root, ast.Name) and is_imported(root.id, at):
        return UNKNOWN_RECEIVER if library(meaning(root, at).name) else ELSEWHERE
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
    imported = "." in means.name and not library(means.name)
    return ELSEWHERE if imported else UNKNOWN_RECEIVER
