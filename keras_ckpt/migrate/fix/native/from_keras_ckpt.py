"""`--native`, before all else: what is taken from keras_ckpt is taken from Keras again.

So a script that was moved to `keras_ckpt` first, in an old environment, can be made native later.
It is done for a file as a whole, and only if nothing is left in it then that Keras 3 refuses.
"""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.names import keras_name, library
from keras_ckpt.migrate.code.scopes import Call
from keras_ckpt.migrate.code.values.infer import Str, value
from keras_ckpt.migrate.fix.edits.edits import Edits, index_of
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.sites import references

_PACKAGE = "keras_ckpt"
#: Where Keras has what it calls as keras_ckpt does.
_MODULES: dict[str, str] = {"ModelCheckpoint": "callbacks", "load_model": "models"}
#: The methods of a model that do what functions of keras_ckpt do.
_METHODS: dict[str, str] = {
    "load_weights": "load_weights",
    "save_model": "save",
    "save_weights": "save_weights",
}
#: Arguments of keras_ckpt in Keras; those without a name there can go.
_ARGUMENTS: dict[str, str] = {
    "by_name": "by_name",
    "compile": "compile",
    "custom_objects": "custom_objects",
    "format": "",
    "model": "",
    "path": "filepath",
    "safe_mode": "safe_mode",
    "skip_mismatch": "skip_mismatch",
    "strict": "",
    "verbose": "",
}


class Back:
    """What is taken from Keras again in a module.

    Args:
        names: the module.
        edits: gets the changes.
    """

    def __init__(self, names: Names, edits: Edits) -> None:
        self._names, self._edits = names, edits
        self._module = self._keras()

    def plan(self) -> str:
        """Notes the changes; returns why that cannot be done, `""` if it can."""
        for node in self._names.nodes:
            why = ""
            if isinstance(node, ast.Import):
                why = self._import(node)
            elif isinstance(node, ast.ImportFrom) and library(node.module or "") == _PACKAGE:
                why = self._import_from(node)
            elif isinstance(node, (ast.Name, ast.Attribute)):
                why = self._use(node)
            if why:
                return why
        return ""

    def _keras(self) -> str:
        """Returns the Keras that the module imports: `keras` or `tensorflow.keras`."""
        imports = self._names.imports
        if any(each.startswith("tensorflow") for each in imports):
            if not any(library(each) == "keras" for each in imports):
                return "tensorflow.keras"
        return "keras"

    # Imports

    def _import(self, node: ast.Import) -> str:
        if not any(library(each.name) == _PACKAGE for each in node.names):
            return ""
        if len(node.names) > 1 or node.names[0].name != _PACKAGE:
            return f"it imports `{', '.join(each.name for each in node.names)}`."
        needed = [
            each
            for each in self._names.nodes
            if isinstance(each, ast.Attribute) and self._within(each) in _MODULES
        ]
        name = self._module.rpartition(".")[2]
        lines = [self._statement(name)] if needed and not self._names.imports_of(name) else []
        self._edits.restate(node, lines)
        return ""

    def _statement(self, name: str) -> str:
        first = self._module.rpartition(".")[0]
        return f"from {first} import {name}" if first else f"import {name}"

    def _import_from(self, node: ast.ImportFrom) -> str:
        lines = []
        for each in node.names:
            if node.module != _PACKAGE or each.name not in {**_MODULES, **_METHODS}:
                return f"Keras 3 has no `{each.name}`."
            if each.name in _MODULES:
                as_name = f" as {each.asname}" if each.asname else ""
                module = f"{self._module}.{_MODULES[each.name]}"
                lines.append(f"from {module} import {each.name}{as_name}")
        self._edits.restate(node, lines)
        return ""

    # What is imported

    def _within(self, node: ast.AST) -> str:
        full = self._names.full_name(node)
        return full[len(_PACKAGE) + 1 :] if full.startswith(_PACKAGE + ".") else ""

    def _use(self, node: ast.Name | ast.Attribute) -> str:
        if not isinstance(node.ctx, ast.Load):
            return ""
        if isinstance(self._names.parents.get(node), ast.Attribute):
            if self._names.full_name(node) == _PACKAGE:
                return ""
        name, parent = self._within(node), self._names.parents.get(node)
        called = isinstance(parent, ast.Call) and parent.func is node
        if not name:
            return "" if self._names.full_name(node) != _PACKAGE else "it is used as a whole."
        if name == "ModelCheckpoint" or name.startswith("ModelCheckpoint."):
            if called and isinstance(parent, ast.Call):
                why = self._known(parent, 0)
                if why:
                    return why
            elif self._is_handed_on(node):
                return f"it is handed on in line {node.lineno}, for arguments that are not known."
        elif name in (*_METHODS, "load_model") and called and isinstance(parent, ast.Call):
            why = self._call(parent, name)
            if why:
                return why
        else:
            return f"Keras 3 has no `{name}`."
        if isinstance(node, ast.Attribute) and name in _MODULES:
            keras = self._local()
            self._edits.replace(node, f"{keras}.{_MODULES[name]}.{name}")
        return ""

    def _is_handed_on(self, node: ast.Name | ast.Attribute) -> bool:
        """Returns whether a call gets the class as a value, to call it."""
        parent = self._names.parents.get(node)
        call = self._names.parents.get(parent) if isinstance(parent, ast.keyword) else parent
        at = self._names.places.get(node)
        if not isinstance(call, ast.Call) or at is None:
            return False
        return any(each is node for each in references.handed_on(Call(call, at)))

    def _local(self) -> str:
        """Returns how the module calls Keras."""
        for each in self._names.tree.body:
            if isinstance(each, (ast.Import, ast.ImportFrom)):
                for name in each.names:
                    full = f"{getattr(each, 'module', '') or ''}.{name.name}"
                    if keras_name(full.strip(".") + "._") == "_":
                        return name.asname or name.name
        return self._module.rpartition(".")[2]

    def _call(self, call: ast.Call, name: str) -> str:
        place = 0 if name == "load_model" else 1
        why = self._known(call, place)
        if why:
            return why
        if name in _METHODS and not call.args:
            return "it has no model by position."
        if len(call.args) > place + 1 and name in ("save_model", "save_weights"):
            return "it has more arguments by position than Keras takes."
        if len(call.args) > place + 3:
            return "it has more arguments by position than Keras takes."
        edit = self._edits.call(call)
        for keyword in call.keywords:
            index = index_of(call, keyword.value)
            if keyword.arg not in _ARGUMENTS or index is None:
                return f"Keras 3 has no argument `{keyword.arg}`."
            theirs = _ARGUMENTS[keyword.arg]
            if theirs:
                edit.named[index] = theirs
            else:
                edit.dropped.add(index)
        if name in _METHODS:
            edit.method = _METHODS[name]
        return ""

    def _known(self, call: ast.Call, place: int) -> str:
        """Returns why it is not known whether Keras 3 takes a path, `""` if it is."""
        at = next((each.at for each in self._names.calls if each.node is call), None)
        nodes: list[ast.AST] = [*call.args[place : place + 1]]
        nodes += [each.value for each in call.keywords if each.arg in ("path", "filepath")]
        node = nodes[0] if nodes else None
        if at is None or node is None:
            return "its path is not known."
        found = value(node, at)
        if isinstance(found, Str) and found.parts and found.parts[-1] is not None:
            return ""
        return f"a path in line {call.lineno} is not known."
