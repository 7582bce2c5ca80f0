"""The modules that the checked files can import from each other.

`Project(files)` finds the module of a dotted name among the files, as an import in one of them
means it, and parses it when it is asked for.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import sys
from typing import Callable, NamedTuple, Sequence

from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.code.source import Source, Unreadable, from_bytes, load

_STANDARD = frozenset(getattr(sys, "stdlib_module_names", ()))


def is_standard(name: str) -> bool:
    """Returns whether a full name is of the standard library."""
    return name.split(".")[0] in _STANDARD


class Found(NamedTuple):
    """What a dotted name leads to: a module, and the parts of the name that are left."""

    module: Module
    rest: tuple[str, ...]


class Project:
    """The files that are checked together.

    Args:
        files: their names.
        load: returns what is in one.
        make: what a module is made as, of its tree, its file and this.
        before: an earlier one, of which sources and trees of files that are the same are taken.
    """

    def __init__(
        self,
        files: Sequence[str],
        load: Callable[[str], bytes] = load,
        make: Callable[[ast.Module, str, Project], Module] = Module,
        before: Project | None = None,
    ) -> None:
        self.files = list(files)
        self._load, self._make, self._before = load, make, before
        self._contents: dict[str, bytes] = {}
        self._sources: dict[str, Source] = {}
        self._modules: dict[str, Module | None] = {}
        #: By the last part of a module's name: the parts of its path, and its file.
        self._named: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._mentioning: dict[str, list[str]] = {}
        #: What others have found out of all files, and keep here.
        self.known: dict[str, object] = {}
        self._found: dict[tuple[str, str], tuple[str, int] | None] = {}
        for path in files:
            if path.endswith(".py"):
                parts = tuple(os.path.abspath(path)[: -len(".py")].split(os.sep))
                if parts[-1] == "__init__":
                    parts = parts[:-1]
                self._named.setdefault(parts[-1], []).append((parts, path))

    @functools.cached_property
    def _folders(self) -> frozenset[str]:
        """The names of all folders that modules are in."""
        every = (parts[:-1] for row in self._named.values() for parts, _ in row)
        return frozenset(name for folders in set(every) for name in folders)

    def content(self, path: str) -> bytes:
        """Returns what is in a file.

        Raises:
            Unreadable: if it cannot be read.
        """
        if path not in self._contents:
            self._contents[path] = self._load(path)
        return self._contents[path]

    def source(self, path: str) -> Source:
        """Returns the code of a file.

        Raises:
            Unreadable: if it cannot be read.
        """
        if path not in self._sources:
            content, before = self.content(path), self._before
            self._sources[path] = (
                before.source_of(path, content) if before is not None else from_bytes(path, content)
            )
        return self._sources[path]

    def source_of(self, path: str, content: bytes) -> Source:
        """Returns the code that a file has with some content, which may be what it has.

        Raises:
            Unreadable: if it cannot be read.
        """
        known = self._contents.get(path) == content
        return self.source(path) if known else from_bytes(path, content)

    def module(self, path: str) -> Module | None:
        """Returns the module of a file, None if it cannot be read or parsed."""
        if path not in self._modules:
            self._modules[path] = None
            try:
                self._modules[path] = self._made(self.source(path))
            except Unreadable:
                return None
        return self._modules[path]

    def module_of(self, source: Source) -> Module | None:
        """Returns the module of some code, which may be that of its file; None if broken."""
        if self._sources.get(source.path) is source:
            return self.module(source.path)
        return self._made(source)

    def _made(self, source: Source) -> Module | None:
        tree = None if source.broken and not source.cells else source.parse()
        return self._make(tree, source.path, self) if tree is not None else None

    def parsed(self) -> list[Module]:
        """Returns the modules that have been parsed so far."""
        return [each for each in self._modules.values() if each is not None]

    def mentioning(self, word: str) -> list[Module]:
        """Returns the modules whose code has a word in it."""
        if word not in self._mentioning:
            found, sought = [], word.encode()
            for path in self.files:
                with contextlib.suppress(Unreadable):
                    if sought in self.content(path):
                        found.append(path)
            self._mentioning[word] = found
        modules = (self.module(path) for path in self._mentioning[word])
        return [each for each in modules if each is not None]

    def find(self, name: str, importer: str) -> Found | None:
        """Returns what a dotted name leads to.

        Args:
            name: the name; it begins with dots where it is relative.
            importer: the file that it is imported in.
        """
        first = name.partition(".")[0]
        if first and first not in self._named and first not in self._folders:
            return None
        parts = [each for each in name.split(".") if each]
        level = len(name) - len(name.lstrip("."))
        key = name, os.path.dirname(importer)
        if key not in self._found:
            self._found[key] = self._place(parts, level, os.path.abspath(importer))
        place = self._found[key]
        if place is None:
            return None
        module = self.module(place[0])
        return Found(module, tuple(parts[place[1] :])) if module is not None else None

    def _place(self, parts: list[str], level: int, importer: str) -> tuple[str, int] | None:
        """Returns the file of a name, and how many parts of the name it is."""
        here = tuple(os.path.dirname(importer).split(os.sep))
        if level:
            base = here[: len(here) - (level - 1)]
            for count in range(len(parts), -1, -1):
                wanted = (*base, *parts[:count])
                for found, path in self._named.get(wanted[-1], ()) if wanted else ():
                    if found == wanted:
                        return path, count
            return None
        for count in range(len(parts), 0, -1):
            best = self._best(tuple(parts[:count]), here)
            if best is not None:
                return best, count
        return None

    def _best(self, wanted: tuple[str, ...], here: tuple[str, ...]) -> str | None:
        """Returns the file of an absolute name: the nearest, or the only one."""
        fitting = [
            (parts[: -len(wanted)], path)
            for parts, path in self._named.get(wanted[-1], ())
            if parts[-len(wanted) :] == wanted
        ]
        above = [(len(root), path) for root, path in fitting if here[: len(root)] == root]
        if wanted[0] in _STANDARD:
            above = [each for each in above if each[0] == len(here)]
            fitting = []
        if above:
            return max(above)[1]
        return fitting[0][1] if len(fitting) == 1 else None
