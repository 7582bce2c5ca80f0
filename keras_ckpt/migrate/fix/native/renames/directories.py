"""The directory of what `save` and `save_weights` write.

Keras 2 made it with a SavedModel or a TensorFlow checkpoint. Keras 3 does not make it.
"""

from __future__ import annotations

import ast
import posixpath

from keras_ckpt.migrate.code.values.infer import Str, value
from keras_ckpt.migrate.fix.edits.imports import Imports
from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames.literals import is_pure, text_of
from keras_ckpt.migrate.rules.definition import Reason
from keras_ckpt.migrate.sites.site import Argument, CallSite

_MAKE = ("makedirs", "mkdir", "MakeDirs")
_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)


def obstacle(context: Context, site: CallSite, argument: Argument) -> str:
    """Returns why the directory of a path cannot be made before a call, `""` if it can."""
    if not _is_needed(context, argument):
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
    if not _is_needed(context, argument):
        return
    statement = context.names.statement(site.node)
    written, path = text_of(argument.node), argument.value
    if written is not None:
        directory = posixpath.dirname(written).replace("\\", "\\\\").replace('"', '\\"')
        context.edits.before(statement, f'os.makedirs("{directory}", exist_ok=True)')
    else:
        # `%s` becomes the code of the path.
        known = isinstance(path, Str) and "/" in (path.parts[0] or "")
        here = "" if known else ' or "."'
        code = f"os.makedirs(os.path.dirname(%s){here}, exist_ok=True)"
        context.edits.before(statement, code, argument.node)
    imports = Imports(context.names, context.edits)
    imports.need("import os", site.node)
    imports.plan()


def _is_needed(context: Context, argument: Argument) -> bool:
    path = argument.value
    if not isinstance(path, Str) or "://" in path.shown:
        return False
    directory = posixpath.dirname(path.shown)
    if not directory and "…" not in path.shown:
        return False
    if directory in (".", "/", "/tmp"):
        return False
    for call in context.names.calls:
        name = getattr(call.node.func, "attr", getattr(call.node.func, "id", ""))
        if name not in _MAKE:
            continue
        function = call.node.func
        made = call.node.args[0] if call.node.args else getattr(function, "value", None)
        found = value(made, call.at) if made is not None else None
        if isinstance(found, Str) and posixpath.normpath(found.shown) == directory:
            return False
    return True
