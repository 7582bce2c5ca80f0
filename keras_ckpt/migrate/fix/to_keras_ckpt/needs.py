"""Where `ModelCheckpoint` has to be taken from keras_ckpt, for the calls that a rule finds.

A call and a subclass are followed back to the names that they have the class by: an import of it,
`callbacks.ModelCheckpoint`, or a name of another file, which is changed there.
"""

from __future__ import annotations

import ast
from typing import Iterable

from keras_ckpt.migrate.code.names import library
from keras_ckpt.migrate.code.scopes import Binding
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.sites.classes import is_checkpoint

_CLASS = "ModelCheckpoint"
_DEEP = 20


class Needs:
    """What a module has to take from keras_ckpt.

    Args:
        names: the module.

    Attributes:
        roots: the imports, names and attributes by which the class is had here.
        elsewhere: those by which it is had in other files: the file, and the name there.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._seen: set[ast.AST] = set()
        self.roots: set[ast.AST] = set()
        self.elsewhere: dict[tuple[str, str], None] = {}

    def add(self, nodes: Iterable[ast.AST]) -> None:
        """Adds what some calls and subclasses need."""
        for node in nodes:
            self._follow(node, 0)

    def add_names(self, names: Iterable[str]) -> None:
        """Adds what names of this module need, which other files import."""
        scope = self._names.scope
        for name in names:
            for binding in scope.bindings.get(name, ()):
                self._binding(binding, 0)

    def _follow(self, node: ast.AST, depth: int) -> None:
        if node in self._seen or depth > _DEEP:
            return
        self._seen.add(node)
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                self._follow(base, depth + 1)
        elif isinstance(node, ast.Call):
            self._call(node, depth)
        elif isinstance(node, ast.Name):
            bindings = self._names.bindings(node)
            if not bindings and is_checkpoint(self._names.full_name(node)):
                self.roots.add(node)  # A star has imported it.
            for binding in bindings:
                self._binding(binding, depth)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)

    def _call(self, node: ast.Call, depth: int) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "__init__":
            for each in self._names.around(node):
                if isinstance(each, ast.ClassDef):
                    self._follow(each, depth + 1)
                    break
            return
        if self._names.full_name(function) == "functools.partial" and node.args:
            self._follow(node.args[0], depth + 1)
        self._follow(function, depth + 1)

    def _binding(self, binding: Binding, depth: int) -> None:
        node = binding.node
        if binding.kind == "import":
            self._import(binding)
        elif binding.kind in ("assign", "class") and node is not None:
            self._follow(node, depth + 1)

    def _import(self, binding: Binding) -> None:
        if is_checkpoint(binding.target):
            if binding.node is not None:
                self.roots.add(binding.node)
        elif not library(binding.target):
            there = self._of_file(binding.target)
            if there is not None:
                self.elsewhere[there] = None

    def _of_file(self, name: str) -> tuple[str, str] | None:
        project = self._names.project
        found = project.find(name, self._names.path) if project is not None else None
        return (found.module.path, found.rest[0]) if found is not None and found.rest else None

    def _attribute(self, node: ast.Attribute) -> None:
        there = self.place_of(node)
        if there is not None:
            self.elsewhere[there] = None
        elif node.attr == _CLASS and is_checkpoint(self._names.full_name(node)):
            self.roots.add(node)

    def place_of(self, node: ast.Attribute) -> tuple[str, str] | None:
        """Returns the file and the name there that an attribute means, None if it is no file's."""
        first: ast.AST = node
        rest: list[str] = []
        while isinstance(first, ast.Attribute):
            rest.insert(0, first.attr)
            first = first.value
        imports = self._names.bindings(first) if isinstance(first, ast.Name) else []
        for each in imports:
            if each.kind == "import" and not library(each.target):
                return self._of_file(".".join([each.target, *rest]))
        return None
