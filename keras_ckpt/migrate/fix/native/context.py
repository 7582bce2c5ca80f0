"""`Context`: what is known of a source while it is made native. It makes nothing itself."""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.edits.edits import Edits
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path, Place
from keras_ckpt.migrate.fix.native.renames.literals import Paths
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem
from keras_ckpt.migrate.sites.finder import Sites, sites_of
from keras_ckpt.migrate.sites.site import Argument, CallSite


class Context:
    """What is known of a source, and what is to be changed in it.

    Attributes:
        names: the module.
        edits: what is to be changed.
        old, new: the releases.
        sites: all sites of the module.
        members: the calls that have a path, by the node of it.
        paths: how paths are written and used.
        others: what is known of the paths in other files.
        tf_keras: whether what comes from tf_keras is made native, too.
        blocked: the calls that stay as they are.
        renamed: the paths that get other endings.
        staying: those that get others in other files, and cannot here.
    """

    def __init__(
        self,
        source: Source,
        names: Names,
        problems: list[Problem],
        edits: Edits,
        old: Release,
        new: Release,
        others: Others = Others(),  # noqa: B008
        tf_keras: bool = False,
        sites: Sites | None = None,
    ) -> None:
        self.names = names
        self.source = source
        self.edits = edits
        self.old, self.new = old, new
        self.problems = problems
        self.others = others
        self.tf_keras = tf_keras
        self.blocked: set[ast.AST] = set()
        self.renamed: list[Path] = []
        self.staying: list[Path] = []
        self.sites = sites or Sites(names)
        self._partials = _partials(self.sites)
        self._shown: dict[ast.AST, list[str]] = {}
        self.members = _members(names, self.sites, old)
        calls = {each.node for each in self.sites.found}
        self.paths = Paths(names, self.members, calls, self._paths_of)

    def _paths_of(self, names: Names) -> Paths:
        """Returns the paths of another module."""
        key = "paths", self.old
        if key not in names.known:
            sites = sites_of(names)
            members = _members(names, sites, self.old)
            calls = {each.node for each in sites.found}
            names.known[key] = Paths(names, members, calls, self._paths_of)
        found = names.known[key]
        assert isinstance(found, Paths)
        return found

    def shown(self, argument: Argument) -> list[str]:
        """Returns the paths that an argument may be, with `…` for what is not known of them."""
        if argument.node not in self._shown:
            every = (each.value for each in argument.possible)
            texts = (each.shown for each in every if isinstance(each, Str))
            self._shown[argument.node] = [each for each in texts if each.strip("…")]
        return self._shown[argument.node]

    def place(self, end: ast.AST) -> Place:
        """Returns where the end of a path is written."""
        home = self.paths.home(end)
        file = self.source.path if home is self.names else home.path
        at = getattr(end, "lineno", 0), getattr(end, "col_offset", 0)
        return Place(file, *at, ast.unparse(end))

    def is_shared(self, end: ast.AST) -> bool:
        """Returns whether other files may have a path from where it is written here."""
        return any(
            each.place == self.place(end) for each in (*self.others.renamed, *self.others.staying)
        )

    def line(self, number: int) -> str:
        """Returns a line of the source, as long as its bytes of UTF-8 are many."""
        return self.source.lines[number - 1].encode("utf-8").decode("latin-1")

    def block(self, call: ast.AST) -> None:
        """Lets a call stay as it is, with the `functools.partial` that it is made by."""
        if call not in self.blocked:
            self.blocked.add(call)
            for each in self._partials.get(call, ()):
                self.block(each)

    def path(self, node: ast.AST, shown: str, ending: str = "") -> Path:
        """Returns a path that is used in a node, as other files are to know it."""
        line = self.source.place(getattr(node, "lineno", 1)).line
        return Path(self.source.path, line, shown, ending)


def _members(
    names: Names, sites: Sites, old: Release
) -> dict[ast.AST, list[tuple[CallSite, Argument]]]:
    """Returns the calls that have a path which is written in their module, by its node."""
    found: dict[ast.AST, list[tuple[CallSite, Argument]]] = {}
    for site in sites.found:
        argument = site.path(old) if isinstance(site, CallSite) else None
        if isinstance(site, CallSite) and argument is not None and argument.node in names.parents:
            found.setdefault(argument.node, []).append((site, argument))
    return found


def _partials(sites: Sites) -> dict[ast.AST, list[ast.AST]]:
    """Returns the calls that change with each other: of a `partial`, and of what it makes."""
    found: dict[ast.AST, list[ast.AST]] = {}
    checkpoints = sites.facts.checkpoints()
    for partial in (each for each in checkpoints if each.how == "partial"):
        mine = _arguments(partial)
        for each in checkpoints:
            if each is not partial and mine & _arguments(each):
                found.setdefault(partial.node, []).append(each.node)
                found.setdefault(each.node, []).append(partial.node)
    return found


def _arguments(site: CallSite) -> set[ast.AST]:
    return {each.node for each in (*site.positional, *site.keywords.values())}
