"""Which classes derive from `ModelCheckpoint`, in whichever of the checked files they stand."""

from __future__ import annotations

import ast
from typing import NamedTuple

from keras_ckpt.migrate.code.names import keras_name, library, meaning
from keras_ckpt.migrate.code.scopes import Class, Position
from keras_ckpt.migrate.sites import libraries
from keras_ckpt.migrate.sites.forwarding import Initializer, initializer

_DEEP = 10


class Derivation(NamedTuple):
    """How a class derives from `ModelCheckpoint`.

    Args:
        name: the full name of the class of Keras or keras_ckpt.
        own: whether it, or a class between the two, has an `__init__`.
        initializer: what that passes on, None if it is not known.
    """

    name: str
    own: bool = False
    initializer: Initializer | None = None


def is_checkpoint(name: str) -> bool:
    """Returns whether a full name is that of Keras's `ModelCheckpoint`."""
    within = keras_name(name)
    return within.endswith("callbacks.ModelCheckpoint") or (
        within.endswith(".ModelCheckpoint") and "callbacks" in within
    )


def is_keras_ckpt(name: str) -> bool:
    """Returns whether a full name is that of the `ModelCheckpoint` of keras_ckpt."""
    return library(name) == "keras_ckpt" and name.endswith(".ModelCheckpoint")


def is_any(name: str) -> bool:
    """Returns whether a full name is that of one of these, or of one that derives from it."""
    if not name.endswith("Checkpoint"):
        return False
    return is_checkpoint(name) or is_keras_ckpt(name) or libraries.checkpoint(name) is not None


def derivation(node: ast.AST | None, at: Position | None, depth: int = 0) -> Derivation | None:
    """Returns how a class derives from `ModelCheckpoint`, None if it does not.

    Args:
        node: the class.
        at: where it stands.
        depth: how many classes derive from it.
    """
    module = at.scope.within() if at is not None else None
    if module is None or not isinstance(node, ast.ClassDef) or depth > _DEEP:
        return None
    key = "derivation", node
    if key not in module.known:
        module.known[key] = None
        found = module.class_of(node)
        if found is not None:
            module.known[key] = _derivation(found, depth)
    known = module.known[key]
    return known if isinstance(known, Derivation) else None


def _derivation(found: Class, depth: int) -> Derivation | None:
    base: Derivation | None = None
    for each in found.node.bases:
        means = meaning(each, found.at)
        if is_any(means.name):
            base = Derivation(means.name)
        elif means.node is not None:
            base = derivation(means.node, means.at, depth + 1) or base
    if base is None:
        return None
    module = found.at.scope.within()
    has_init = any(
        isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in found.node.body
    )
    if not has_init:
        return base
    # Of two that pass on to each other, nothing is known.
    made = initializer(found, module.calls) if module is not None and not base.own else None
    return Derivation(base.name, True, made)
