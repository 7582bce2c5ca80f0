"""`Names`: the names of a module, of every expression where it stands and what it is part of."""

from __future__ import annotations

import ast
import functools
from typing import Iterator, Union

from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.names import meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Module, Position, Scope

_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


class Names(Module):
    """A module, with what rewriting asks beside.

    Attributes:
        places: where names and attributes stand.
    """

    def __init__(self, tree: ast.Module, path: str = "", project: Project | None = None) -> None:
        self.places: dict[ast.AST, Position] = {}
        self._functions: list[tuple[_Function, Position]] = []
        super().__init__(tree, path, project)
        for function, at in self._functions:
            self._annotations(function, at)

    @functools.cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node is part of."""
        return self._walked[1]

    @property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the module, in the order of `ast.walk`."""
        return self._walked[0]

    @functools.cached_property
    def _walked(self) -> tuple[list[ast.AST], dict[ast.AST, ast.AST]]:
        # `ast.walk` takes several times as long, and this is asked of each file.
        nodes: list[ast.AST] = [self.tree]
        parents: dict[ast.AST, ast.AST] = {}
        for node in nodes:
            for name in node._fields:
                found = getattr(node, name, None)
                for child in found if isinstance(found, list) else (found,):
                    if isinstance(child, ast.AST):
                        parents[child] = node
                        nodes.append(child)
        return nodes, parents

    def _children(self, node: ast.AST, at: Position, but: tuple[str, ...] = ()) -> None:
        if isinstance(node, ast.Attribute):
            self.places[node] = at
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Name):
                self.places[child] = at
        super()._children(node, at, but)

    def _bind(
        self, at: Position, name: str, kind: str, node: ast.AST | None = None, target: str = ""
    ) -> None:
        if kind == "function" and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._functions.append((node, at))
        super()._bind(at, name, kind, node, target)

    def _annotations(self, function: _Function, at: Position) -> None:
        """Finds the names in what the walk leaves out, since no value comes of it."""
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        found = [each.annotation for each in every] + [function.returns]
        for annotation in found:
            for node in ast.walk(annotation) if annotation is not None else ():
                self.places.setdefault(node, at)

    def full_name(self, node: ast.AST) -> str:
        """Returns the full name that a library has for a name or attribute, or `""`."""
        at = self.places.get(node)
        return "" if at is None else meaning(node, at).name

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Returns what a node is part of, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """Returns the statement that a node is part of, or is."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def binding(self, node: ast.Name) -> Binding | None:
        """Returns what gives a name its value where it is read, if only one thing can."""
        found = self.bindings(node)
        return found[0] if len(found) == 1 else None

    def bindings(self, node: ast.Name) -> list[Binding]:
        """Returns all that can give a name its value where it is read, the latest first."""
        at = self.places.get(node)
        scope = at.scope.find(node.id) if at is not None else None
        return [] if scope is None or at is None else visible(scope, node.id, at)

    def reads(self, name: str, scope: Scope) -> list[ast.Name] | None:
        """Returns where a name of a scope is read; None if that is not known of all places."""
        found = []
        for node in self.nodes:
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                at = self.places.get(node)
                if at is None:
                    return None
                if at.scope.find(name) is scope:
                    found.append(node)
        return found

    def binds(self, name: str) -> list[ast.AST]:
        """Returns what binds a name anywhere in the module, imports apart."""
        found: list[ast.AST] = []
        for node in self.nodes:
            own = getattr(node, "id", None) == name and isinstance(
                getattr(node, "ctx", None), (ast.Store, ast.Del)
            )
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)
            own = own or (isinstance(node, kinds) and node.name == name)
            if own or (isinstance(node, ast.arg) and node.arg == name):
                found.append(node)
        return found

    def imports_of(self, name: str) -> list[tuple[ast.stmt, str]]:
        """Returns the imports that bind a name, each with the full name of what it means."""
        found: list[tuple[ast.stmt, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                module = "." * (node.level or 0) + (node.module or "")
                for each in node.names:
                    if (each.asname or each.name) == name:
                        found.append((node, f"{module}.{each.name}"))
            elif isinstance(node, ast.Import):
                for each in node.names:
                    if (each.asname or each.name.split(".")[0]) == name:
                        found.append((node, each.name))
        return found
