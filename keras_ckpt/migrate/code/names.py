"""What a name means: followed through imports, aliases and scopes to the name that a library has.

`meaning(expression, at)` determines it for any expression, `keras_name` which part of Keras a full
name stands for, whichever of Keras's many homes it was imported from.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from keras_ckpt.migrate.code.scopes import Binding, Position, Scope, dotted_text

#: Aliases of aliases of aliases are not followed without end.
_DEEP = 20
#: The kinds of bindings that give a name a value; the others change that.
PLAIN = (
    "assign",
    "aug",
    "class",
    "element",
    "enter",
    "function",
    "import",
    "other",
    "parameter",
    "part",
)
#: Later than any statement.
_END = 1 << 30
#: What is looked for where a module is asked for it by a text.
_BY_TEXT = ("Model", "ModelCheckpoint", "Sequential", "load_model", "save_model")

# The homes of Keras: stand-alone, in TensorFlow in every form, and tf_keras.
_KERAS = re.compile(
    r"(?P<library>tensorflow(?:_core)?(?:\.compat\.v[12]|\._api\.v[12])?"
    r"(?:\.python|\.contrib)?\.keras"
    r"|keras(?:\.api|\.src|\._tf_keras\.keras|\.engine)?(?:\._v[12]\.keras)?"
    r"|tf_keras(?:\.src|\.api)?(?:\._v[12]\.keras)?)\.(?P<rest>.+)"
)


class Meaning(NamedTuple):
    """What an expression means.

    Args:
        name: the full name, such as `"tensorflow.keras.callbacks.ModelCheckpoint"`, or `""`.
        node: a class or function of this or another module that is checked, or a call of
            `functools.partial`, that it means.
        at: where that node stands.
    """

    name: str = ""
    node: ast.AST | None = None
    at: Position | None = None


def keras_name(name: str) -> str:
    """Returns the name within Keras of a full name, e.g. `"callbacks.ModelCheckpoint"`, or `""`."""
    match = _KERAS.fullmatch(name)
    return match["rest"] if match else ""


def library(name: str) -> str:
    """Returns `"tensorflow"`, `"keras"`, `"tf_keras"`, `"keras_ckpt"` or `""` for a full name."""
    first = name.split(".")[0]
    # TensorFlow 2.0 and 1.15 had it under both names.
    first = "tensorflow" if first == "tensorflow_core" else first
    return first if first in ("tensorflow", "keras", "tf_keras", "keras_ckpt") else ""


def visible(scope: Scope, name: str, at: Position) -> list[Binding]:
    """Returns the bindings that can give a name its value at a place, the latest first.

    Args:
        scope: the scope that binds it.
        name: the name.
        at: where it is read.
    """
    bindings = scope.bindings.get(name, [])
    if scope is not at.scope:
        return bindings[::-1]  # A function may be called at any time.
    before: list[Binding] = []
    last: Binding | None = None
    for binding in reversed(bindings):
        if binding.at.step >= at.step:
            continue
        before.append(binding)
        certain = binding.kind in PLAIN
        if certain and binding.at.block.holds(at.block):
            last = binding
            break
    # What comes later in a loop is seen when it is run again, unless it is bound anew before.
    after = []
    for binding in reversed(bindings):
        if binding.at.step < at.step:
            break
        loop = binding.at.block.repeating(at.block)
        if loop is not None and (last is None or not loop.holds(last.at.block)):
            after.append(binding)
    return after + before


def meaning(expression: ast.AST, at: Position, depth: int = 0) -> Meaning:
    """Returns what an expression means.

    Args:
        expression: a name, an attribute of something, or anything else, which means nothing.
        at: where it stands.
        depth: how many aliases have been followed.
    """
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    if isinstance(expression, ast.Call):
        if parts:
            return Meaning()
        by_text = _by_text(expression, at, depth)
        if by_text:
            return Meaning(by_text)
        function = meaning(expression.func, at, depth + 1) if depth < _DEEP else Meaning()
        if function.name == "functools.partial":
            return Meaning("", expression, at)
        return Meaning()
    if not isinstance(expression, ast.Name) or depth > _DEEP:
        return Meaning()
    first = _of_name(expression.id, at, depth)
    if first.name and parts:
        return _imported(".".join([first.name, *reversed(parts)]), at, depth)
    return Meaning() if parts else first


def _by_text(call: ast.Call, at: Position, depth: int) -> str:
    """Returns what is got by its name: `getattr(callbacks, "ModelCheckpoint")` and the like."""
    last = call.args[-1] if call.args else None
    name = last.value if isinstance(last, ast.Constant) else None
    if not isinstance(name, str) or name not in _BY_TEXT or call.keywords or depth > _DEEP:
        return ""
    if len(call.args) != 2:
        return ""
    first = call.args[0]
    module = first.value if isinstance(first, ast.Constant) else meaning(first, at, depth + 1).name
    if not isinstance(module, str) or not module:
        return ""
    full = module if keras_name(module + "._") else "keras." + module
    return (
        f"{full}.{name}"
        if getattr(call.func, "id", "") == "getattr" or "import" in dotted_text(call.func)
        else ""
    )


def _imported(name: str, at: Position, depth: int) -> Meaning:
    """Returns what a full name means, which may be that of another module among those checked."""
    module = at.scope.within()
    if module is None or module.project is None or library(name) or depth > _DEEP:
        return Meaning(name)
    found = module.project.find(name, module.path)
    if found is None or not found.rest:
        return Meaning(name)
    scope = found.module.scope
    end = Position(scope, scope.block, _END)
    means = _of_name(found.rest[0], end, depth + 1)
    if len(found.rest) > 1:
        return (
            _imported(".".join([means.name, *found.rest[1:]]), end, depth + 1)
            if means.name
            else means
        )
    is_there = means.node is not None or (means.name and means.name != found.rest[0])
    return means if is_there else Meaning(name)


def _of_name(name: str, at: Position, depth: int) -> Meaning:
    scope = at.scope.find(name)
    if scope is None:
        return _of_star(name, at, depth)
    found = []
    for binding in visible(scope, name, at):
        means = _of_binding(binding, depth)
        if means is not None:
            found.append(means)
    # keras_ckpt's is imported, with Keras's as a fallback for where that is not installed.
    preferred = [each for each in found if library(each.name) == "keras_ckpt"]
    return (preferred or found or [Meaning()])[0]


def _of_star(name: str, at: Position, depth: int) -> Meaning:
    """Returns what a name means that is bound nowhere: a star may have imported it."""
    for each in at.scope.around():
        for star in each.stars:
            full = f"{star}{'' if star.endswith('.') else '.'}{name}"
            if keras_name(star + "._") or library(star):
                if _is_known(full):
                    return Meaning(full)
            elif each.module is not None and each.module.project is not None:
                known = each.module.known.setdefault(("star", full), Meaning())
                if known == Meaning():
                    known = _imported(full, at, depth + 1)
                    each.module.known["star", full] = known
                if isinstance(known, Meaning) and known.name != full:
                    return known
    return Meaning(name)


def _is_known(full: str) -> bool:
    """Returns whether a name that a star may have imported is one that matters here."""
    last = full.rpartition(".")[2]
    within = keras_name(full)
    if last == "ModelCheckpoint":
        return within.startswith(("callbacks.", "src.callbacks")) or full.count(".") == 1
    if last in ("load_model", "save_model"):
        return within.startswith(("models.", "saving.")) or full.startswith("keras_ckpt.")
    modules = ("keras", "callbacks", "models", "saving", "train", "metrics")
    return last in modules and (full.count(".") == 1 or within == last)


def _of_binding(binding: Binding, depth: int) -> Meaning | None:
    if binding.kind == "import":
        return _imported(binding.target, binding.at, depth)
    if binding.kind == "assign" and binding.node is not None:
        if isinstance(binding.node, ast.Constant):
            return None  # `ModelCheckpoint = None`, where an import has failed.
        return meaning(binding.node, binding.at, depth + 1)
    if binding.kind == "class":
        return Meaning("", binding.node, binding.at)
    if binding.kind == "function":
        return Meaning("", binding.node, binding.at)
    return Meaning() if binding.kind in PLAIN else None
