"""Where imports of keras_ckpt are added: behind those of what they take the place of."""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.names import library
from keras_ckpt.migrate.fix.edits.edits import Edits
from keras_ckpt.migrate.fix.edits.tree import Names

_IMPORTS = (ast.Import, ast.ImportFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEEP = 10


class Imports:
    """The imports that are added to a module.

    Args:
        names: the module.
        edits: gets them.
    """

    def __init__(self, names: Names, edits: Edits) -> None:
        self._names, self._edits = names, edits
        self._needed: dict[tuple[str, ast.stmt | None], list[ast.AST]] = {}

    def need(self, code: str, node: ast.AST) -> None:
        """Adds an import that a node needs.

        Args:
            code: the import.
            node: what uses its name.
        """
        self._needed.setdefault((code, self._import_behind(node)), []).append(node)

    def plan(self) -> None:
        """Notes the imports."""
        places: dict[str, list[ast.stmt | None]] = {}
        for (code, import_), uses in self._needed.items():
            if not self._is_there(code, uses):
                places.setdefault(code, []).append(self._place(import_, uses))
        for code, found in places.items():
            for place in found:
                if not any(self._is_behind(place, other) for other in found):
                    self._edits.insert(place, code)

    def _is_behind(self, place: ast.stmt | None, other: ast.stmt | None) -> bool:
        """Returns whether an import at a place is not needed beside one at another place."""
        if place is None or place is other:
            return False
        if other is None:
            return not self._is_star(place)
        if self._names.parents[other] is not self._names.tree or self._is_star(place):
            return False
        inside = any(isinstance(each, _FUNCTIONS) for each in self._names.around(place))
        return inside or other.lineno < place.lineno

    @staticmethod
    def _is_star(statement: ast.stmt) -> bool:
        return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"

    def _import_behind(self, node: ast.AST) -> ast.stmt | None:
        """Returns the import by which the first name in an expression has its value."""
        inner = node.func if isinstance(node, ast.Call) else node
        for _ in range(_DEEP):
            while isinstance(inner, (ast.Attribute, ast.Call)):
                inner = inner.func if isinstance(inner, ast.Call) else inner.value
            if not isinstance(inner, ast.Name):
                break
            found = self._names.bindings(inner)
            if not found:
                star = self._star(inner)
                if star is not None:
                    return star
                break
            if found[0].kind == "import":
                # The first of several, such as one in `try` and one in `except`.
                statement = found[-1].node
                if isinstance(statement, _IMPORTS) and library(found[0].target):
                    return statement
                break
            if found[0].kind != "assign" or found[0].node is None:
                break
            inner = found[0].node
        return self._any_of_keras(node)

    def _star(self, node: ast.Name) -> ast.stmt | None:
        at = self._names.places.get(node)
        scopes = {each.node for each in at.scope.around()} if at is not None else set()
        for each in self._names.nodes:
            if isinstance(each, ast.ImportFrom) and each.names[0].name == "*":
                if library(each.module or "") and self._scope(each) in scopes:
                    return each
        return None

    def _any_of_keras(self, use: ast.AST) -> ast.stmt | None:
        """Returns an import of Keras that the whole module sees, or None."""
        for each in self._names.tree.body:
            if isinstance(each, ast.Import):
                if any(library(name.name) for name in each.names):
                    return each
            elif isinstance(each, ast.ImportFrom) and library(each.module or ""):
                return each
        return None

    def _scope(self, node: ast.AST) -> ast.AST:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
        return next(each for each in self._names.around(node) if isinstance(each, kinds))

    def _place(self, import_: ast.stmt | None, uses: list[ast.AST]) -> ast.stmt | None:
        """Returns the statement to add an import after."""
        if import_ is None:
            return None
        inside = {each for use in uses for each in self._names.around(use)}
        statement: ast.stmt = import_
        while True:
            parent = self._names.parents[statement]
            if isinstance(parent, ast.ExceptHandler):
                parent = self._names.parents[parent]
            blocks = (ast.Try, ast.If, ast.With)
            if not isinstance(parent, blocks) or parent in inside:
                break
            statement = parent
        return self._last_of_block(statement)

    def _last_of_block(self, statement: ast.stmt) -> ast.stmt:
        """Returns the last of the imports that follow each other from a statement on."""
        parent = self._names.parents[statement]
        for field in ("body", "orelse", "finalbody"):
            body = getattr(parent, field, [])
            if statement in body:
                place = body.index(statement)
                while place + 1 < len(body) and isinstance(body[place + 1], _IMPORTS):
                    place += 1
                last: ast.stmt = body[place]
                return last
        return statement

    def _is_there(self, code: str, uses: list[ast.AST]) -> bool:
        """Returns whether a name is imported already, or will be, where it is used."""
        name = code.rpartition(" ")[2]
        seen = set(self._names.around(uses[0])) | {self._names.tree}
        for statement, full in self._names.imports_of(name):
            same = library(full) == "keras_ckpt" or name != "keras_ckpt"
            direct = self._names.parents[statement] in seen
            if same and direct:
                return True
        return False
