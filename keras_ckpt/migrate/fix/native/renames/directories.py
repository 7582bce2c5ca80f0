"""The directory of what `save` and `save_weights` write.

Keras 2 made it with a SavedModel or a TensorFlow checkpoint. Keras 3 does not make it.
"""

from __future__ import annotations

import ast
import posixpath

from keras_ckpt.endings import HDF5
from keras_ckpt.migrate.code.names import visible
from keras_ckpt.migrate.code.scopes import Position, dotted_text
from keras_ckpt.migrate.code.values.infer import Str, value
from keras_ckpt.migrate.fix.edits.imports import Imports
from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames.literals import is_pure, last_of, text_of
from keras_ckpt.migrate.rules.definition import Reason
from keras_ckpt.migrate.sites.site import SAVE_WEIGHTS, Argument, CallSite

_MAKE = ("makedirs", "mkdir", "MakeDirs")
#: What makes a directory, or says where one is.
_TEMPORARY = (
    *("TemporaryDirectory", "create_tempdir", "get_temp_dir", "gettempdir", "mkdtemp", "mktemp"),
    "get_temp_directory",
)
_GIVEN_BY_PYTEST = ("tmp_path", "tmpdir")
_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)


def obstacle(context: Context, site: CallSite, argument: Argument) -> str:
    """Returns why the directory of a path cannot be made before a call, `""` if it can."""
    if not _is_needed(context, site, argument):
        return ""
    names = context.names
    why = Reason(
        "Keras 3 does not make the directory of the file, as was done for ",
        getattr(site.node, "lineno", 0),
        ". Make it there by hand, and let the path end in what Keras 3 takes.",
    )
    others = [full for _, full in names.imports_of("os") if full != "os"]
    if others or names.binds("os"):
        return why
    statement = names.statement(site.node)
    inner = [each for each in names.around(site.node) if not isinstance(each, ast.stmt)]
    before = context.line(statement.lineno)[: statement.col_offset]
    scopes = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    within = [each for each in inner if statement in names.around(each)]
    if not isinstance(statement, _SIMPLE) or before.strip():
        return why
    if any(isinstance(each, scopes) for each in within) or not is_pure(names, argument.node):
        return why
    return ""


def make(context: Context, site: CallSite, argument: Argument) -> None:
    """Notes the statement that makes the directory of a path before a call."""
    if not _is_needed(context, site, argument):
        return
    statement = context.names.statement(site.node)
    written = _written(argument.node)
    if written is not None:
        directory = written.replace("\\", "\\\\").replace('"', '\\"')
        context.edits.before(statement, f'os.makedirs("{directory}", exist_ok=True)')
    else:
        context.edits.before(statement, _code(argument), argument.node)
    imports = Imports(context.names, context.edits)
    imports.need("import os", site.node)
    imports.plan()


def _code(argument: Argument) -> str:
    """Returns the code that makes the directory of a path, with `%s` for the code of the path."""
    path = argument.value
    known = isinstance(path, Str) and "/" in (path.parts[0] or "")
    here = "" if known else ' or "."'
    return f"os.makedirs(os.path.dirname(%s){here}, exist_ok=True)"


def _written(node: ast.AST) -> str | None:
    """Returns the directory of a path if all of it is written in one string, as it is."""
    if isinstance(node, ast.Call) and last_of(node) == "format":
        node = getattr(node.func, "value", node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        node = node.left
    text = text_of(node)
    if isinstance(node, ast.JoinedStr):
        first = text_of(node.values[0]) or ""
        others = [text_of(each) or "" for each in node.values[1:]]
        text = None if any("/" in each for each in others) else first
    directory = posixpath.dirname(text) if text is not None else ""
    return directory if directory and not set("{}%") & set(directory) else None


def _is_temporary(node: ast.AST, at: Position) -> bool:
    """Returns whether a path is right below a directory that was made to be thrown away."""
    if isinstance(node, ast.Call) and last_of(node) == "str" and node.args:
        node = node.args[0]
    if isinstance(node, ast.Call) and len(node.args) == 2 and last_of(node) == "join":
        directory, name = node.args
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Div)):
        directory, name = node.left, node.right
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.FormattedValue):
        directory, name = node.values[0].value, ast.JoinedStr(node.values[1:])
    else:
        return False
    last = value(name, at)
    if not isinstance(last, Str) or "/" in last.shown.lstrip("/"):
        return False
    if isinstance(directory, ast.Call) and last_of(directory) == "str" and directory.args:
        directory = directory.args[0]
    made: list[ast.AST | None] = [directory]
    if isinstance(directory, (ast.Name, ast.Attribute)):
        if dotted_text(directory) in _GIVEN_BY_PYTEST:
            return True
        name_of = dotted_text(directory)
        scope = at.scope.find(name_of) if name_of else None
        if name_of.startswith("self."):
            scope = at.scope.owner()
        made = [each.node for each in visible(scope, name_of, at)] if scope is not None else []
    return bool(made) and all(isinstance(each, ast.Call) and last_of(each) in _TEMPORARY
                              for each in made)  # fmt: skip


def _is_needed(context: Context, site: CallSite, argument: Argument) -> bool:
    if _is_temporary(argument.node, argument.at):
        return False
    paths = [each.value for each in argument.possible if isinstance(each.value, Str)]
    return any(_is_made_for(context, site, argument, each) for each in paths)


def _is_made_for(context: Context, site: CallSite, argument: Argument, path: Str) -> bool:
    """Returns whether the directory of a path was made before, and is made nowhere else."""
    if "://" in path.shown:
        return False
    if site.kind == SAVE_WEIGHTS and path.ends_in(HDF5):
        return False  # Keras 2 did not make it either.
    directory = posixpath.dirname(path.shown)
    if not directory and "…" not in path.shown:
        return False
    if directory in (".", "/", "/tmp"):
        return False
    own = ast.unparse(ast.parse(_code(argument) % ast.unparse(argument.node)))
    for call in context.names.calls:
        name = getattr(call.node.func, "attr", getattr(call.node.func, "id", ""))
        if name not in _MAKE:
            continue
        if ast.unparse(call.node) == own:
            return False
        function = call.node.func
        made = call.node.args[0] if call.node.args else getattr(function, "value", None)
        found = value(made, call.at) if made is not None else None
        if isinstance(found, Str) and posixpath.normpath(found.shown) == directory:
            return False
    return True
