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
#: The methods of a table that return what it has under a name.
_GETTING = ("__getattribute__", "__getitem__", "get", "pop")

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
    if not isinstance(expression, ast.Name):
        first = _of_expression(expression, at, depth) if depth <= _DEEP else Meaning()
    elif depth > _DEEP:
        return Meaning()
    else:
        first = _of_name(expression.id, at, depth)
    if first.name and parts:
        return _imported(".".join([first.name, *reversed(parts)]), at, depth)
    return Meaning() if parts else first


def _of_expression(expression: ast.AST, at: Position, depth: int) -> Meaning:
    """Returns what a call or an item means."""
    by_text = _by_text(expression, at, depth)
    if by_text != Meaning() or not isinstance(expression, ast.Call):
        return by_text
    function = meaning(expression.func, at, depth + 1)
    if function.name == "functools.partial":
        return Meaning("", expression, at)
    return _of_returned(function, depth) if not expression.args else Meaning()


# What is got by its name as a text


def _by_text(expression: ast.AST, at: Position, depth: int) -> Meaning:
    """Returns what is got by its name: `getattr(callbacks, "ModelCheckpoint")` and the like."""
    if isinstance(expression, ast.Subscript):
        name = _text(expression.slice, at)
        return _of_table(expression.value, name, at, depth) if name else Meaning()
    if not isinstance(expression, ast.Call) or not expression.args:
        return Meaning()
    function, arguments = expression.func, expression.args
    if isinstance(function, ast.Attribute) and function.attr in _GETTING:
        name = _text(arguments[0], at)
        found = _of_table(function.value, name, at, depth) if name else Meaning()
        if found != Meaning():
            return found
    if isinstance(function, ast.Call):  # `attrgetter("callbacks.ModelCheckpoint")(keras)`
        name = _text(function.args[0], at) if len(function.args) == 1 else ""
        is_getter = name and meaning(function.func, at, depth + 1).name == "operator.attrgetter"
        return _member(arguments[0], name, at, depth) if is_getter else Meaning()
    called = dotted_text(function)
    if called == "getattr" and len(arguments) in (2, 3):
        name = _text(arguments[1], at)
        return _member(arguments[0], name, at, depth) if name in _BY_TEXT else Meaning()
    first = _text(arguments[0], at)
    if called == "eval" and len(arguments) == 1:
        return _of_code(first, at, depth)
    if "import" not in called or not first or first.startswith("."):
        return Meaning()
    if called == "__import__" and len(arguments) < 4 and not expression.keywords:
        return _imported(first.split(".")[0], at, depth)
    if called.rpartition(".")[2] in ("__import__", "import_module"):
        return _imported(first, at, depth)
    name = _text(arguments[1], at) if len(arguments) == 2 and not expression.keywords else ""
    if name not in _BY_TEXT:
        return Meaning()
    home = first if keras_name(first + "._") else "keras." + first
    return Meaning(f"{home}.{name}")


def _text(node: ast.AST, at: Position) -> str:
    """Returns a text that is written in the code, `""` for all else."""
    if isinstance(node, ast.Name):
        scope = at.scope.find(node.id)
        bindings = scope.bindings[node.id] if scope is not None else []
        if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].node is None:
            return ""
        node = bindings[0].node
    found = node.value if isinstance(node, ast.Constant) else ""
    return found if isinstance(found, str) else ""


def _of_table(table: ast.expr, name: str, at: Position, depth: int) -> Meaning:
    """Returns what a name means in a table of names: `globals()`, `keras.callbacks.__dict__`."""
    if isinstance(table, ast.Attribute) and table.attr == "__dict__":
        return _member(table.value, name, at, depth)
    if isinstance(table, ast.Attribute) and meaning(table, at, depth + 1).name == "sys.modules":
        return _imported(name, at, depth)
    if not isinstance(table, ast.Call) or table.keywords:
        return Meaning()
    called = dotted_text(table.func)
    if called == "vars" and len(table.args) == 1:
        return _member(table.args[0], name, at, depth)
    if called in ("globals", "locals", "vars") and not table.args:
        scope = list(at.scope.around())[-1] if called == "globals" else at.scope
        return _of_name(name, at if scope is at.scope else at._replace(scope=scope), depth + 1)
    return Meaning()


def _member(holder: ast.expr, name: str, at: Position, depth: int) -> Meaning:
    """Returns what an attribute of a module means, of which the name is a text."""
    made: ast.expr = holder
    for part in name.split("."):
        made = ast.Attribute(made, part, ast.Load())
    return meaning(made, at, depth + 1)


def _of_code(code: str, at: Position, depth: int) -> Meaning:
    """Returns what a name means that is evaluated."""
    try:
        return meaning(ast.parse(code.strip(), mode="eval").body, at, depth + 1)
    except SyntaxError:
        return Meaning()


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
    return _preferred(found)


def _preferred(found: list[Meaning]) -> Meaning:
    """Returns which of several meanings a name has where all is installed that it may be of."""
    # keras_ckpt's is imported, with Keras's as a fallback for where that is not installed; and
    # tf_keras's where tf.keras is Keras 3.
    for name in ("keras_ckpt", "tf_keras"):
        for each in found:
            if library(each.name) == name:
                return each
    return (found or [Meaning()])[0]


def _of_returned(function: Meaning, depth: int) -> Meaning:
    """Returns what a function means that returns a module: `keras = get_keras()`."""
    if not isinstance(function.node, ast.FunctionDef) or function.at is None or depth > _DEEP:
        return Meaning()
    module = function.at.scope.within()
    returns = module.returns.get(function.node, []) if module is not None else []
    every = [meaning(node, at, depth + 1) for node, at in returns[:_DEEP]]
    return _preferred([each for each in every if library(each.name)])


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
