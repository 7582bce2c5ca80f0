"""Where the end of a path is written, and everything that this text goes to.

To change the ending of a path, all that reads and writes the file has to change with it. From the
path of a call `end_of` follows variables and functions back to the literal that its end is written
in. From there `uses` goes on to each call that the literal's path gets to, and says so if it is
used for something that is not known.
"""

from __future__ import annotations

import ast
import posixpath
import re
from typing import Callable, Iterable, Iterator, NamedTuple

from keras_ckpt.migrate.code.names import visible
from keras_ckpt.migrate.code.scopes import Position, Scope, dotted_text
from keras_ckpt.migrate.code.values.functions import SAME, SAME_METHODS
from keras_ckpt.migrate.code.values.infer import Str, value
from keras_ckpt.migrate.code.values.types import PLAIN
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames import outside, parameters_of_paths

_DEEP = 20
#: Those that end as their last argument does.
_JOINED = ("os.path.join", *(each for each in SAME if each.startswith("pathlib.")))
#: Functions and methods to which it does not matter how the file is called.
_INDIFFERENT = (
    "os.makedirs",
    "os.path.basename",
    "os.path.dirname",
    "os.path.exists",
    "os.path.getsize",
    "os.path.isfile",
    "os.remove",
    "os.unlink",
    "print",
)
_INDIFFERENT_METHODS = ("exists", "is_file", "unlink", "stat", "parent")
_IN_TEXTS = (
    ast.Attribute,
    ast.BinOp,
    ast.FormattedValue,
    ast.JoinedStr,
    ast.Tuple,
    ast.keyword,
)
#: What stands for a part of a path.
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%[-+ #0]*\d*(?:\.\d+)?[sdif]|…+")
#: What may be another thing the second time.
_ONCE = (ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda, getattr(ast, "NamedExpr", ast.Await))
_LOGGED = ("debug", "info", "warning", "error", "log")


class Use(NamedTuple):
    """What a path goes to.

    Args:
        node: the expression that is passed there.
        known: whether it is a call that saves or loads, or one that it does not matter to.
        is_end: whether it is another path that goes the same way, by the end that is written.
    """

    node: ast.AST
    known: bool
    is_end: bool = False


def is_text(node: ast.AST | None) -> bool:
    """Returns whether a node is a string as it is written in code."""
    return isinstance(text_of(node), str) or isinstance(node, ast.JoinedStr)


def text_of(node: ast.AST | None) -> str | None:
    """Returns the string that a node is, None if it is none, or not a plain one."""
    found = node.value if isinstance(node, ast.Constant) else None
    return found if isinstance(found, str) else None


def end_text(node: ast.AST) -> str | None:
    """Returns the last part of what is written in a string, None if it ends with a value."""
    if isinstance(node, ast.JoinedStr):
        return text_of(node.values[-1]) if node.values else None
    return text_of(node)


class Paths:
    """The paths of a module.

    Args:
        names: the module.
        arguments: the paths that are passed to calls which save and load.
        calls: these calls.
        elsewhere: returns the paths of another module.
    """

    def __init__(
        self,
        names: Names,
        arguments: Iterable[ast.AST],
        calls: Iterable[ast.AST],
        elsewhere: Callable[[Names], Paths] | None = None,
    ) -> None:
        self._names = names
        self._arguments = set(arguments)
        self._calls = set(calls)
        self._elsewhere = elsewhere
        self._homes: dict[ast.AST, Names] = {}

    def home(self, end: ast.AST) -> Names:
        """Returns the module that the end of a path is written in, which may be another one."""
        return self._homes.get(end, self._names)

    def of(self, names: Names) -> Paths:
        """Returns the paths of a module."""
        known = names is self._names or self._elsewhere is None
        return self if known or self._elsewhere is None else self._elsewhere(names)

    # Back to where it is written

    def end_of(self, node: ast.AST, at: Position, depth: int = 0) -> ast.AST | None:
        """Returns the string that the end of a path is written in, None if that is not known."""
        if depth > _DEEP:
            return None
        if is_text(node):
            home = at.scope.within()
            if isinstance(home, Names) and home is not self._names:
                self._homes[node] = home
            return node
        if isinstance(node, ast.BinOp):
            end = node.left if isinstance(node.op, ast.Mod) else node.right
            return self.end_of(end, at, depth + 1)
        if isinstance(node, ast.Call):
            home = at.scope.within()
            there = self.of(home) if isinstance(home, Names) else self
            inner = there._end_of_call(node)
            return None if inner is None else self.end_of(inner, at, depth + 1)
        if isinstance(node, ast.Name):
            scope = at.scope.find(node.id)
            bindings = visible(scope, node.id, at) if scope is not None else []
            if len(bindings) == 1 and bindings[0].kind == "parameter":
                given = parameters_of_paths.sources(bindings[0])
                ends = [self.end_of(*each, depth + 1) for each in given]
                if given:
                    return None if None in ends else ends[0]
        origin = outside.back(node, at)
        return None if origin is None else self.end_of(*origin, depth + 1)

    def directory(self, node: ast.AST, at: Position) -> str | None:
        """Returns what is known of a path of a directory, also that of another path."""
        found = value(node, at)
        if isinstance(found, Str) and found.parts != (PLAIN,):
            return found.shown
        for _ in range(_DEEP):
            if not isinstance(node, ast.Name):
                break
            scope = at.scope.find(node.id)
            bindings = visible(scope, node.id, at) if scope is not None else []
            if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].node is None:
                break
            node, at = bindings[0].node, bindings[0].at
        if isinstance(node, ast.Call) and len(node.args) == 1:
            inner = value(node.args[0], at)
            if self._names.full_name(node.func) == "os.path.dirname" and isinstance(inner, Str):
                return posixpath.dirname(inner.shown)
        return None

    def _end_of_call(self, node: ast.Call) -> ast.AST | None:
        function = node.func
        if any(isinstance(each, ast.Starred) for each in node.args):
            return None
        if isinstance(function, ast.Attribute):
            if function.attr == "format" or function.attr in SAME_METHODS:
                return function.value
            if function.attr in ("joinpath", "with_suffix", "with_name") and node.args:
                return node.args[-1]
        name = self._names.full_name(function)
        if (name in SAME and len(node.args) == 1) or (name in _JOINED and node.args):
            return node.args[-1]
        return None

    # And on to what it goes to

    def uses(self, node: ast.AST, depth: int = 0) -> Iterator[Use]:
        """Returns what a string goes to, as the end of a path.

        Args:
            node: the string, or an expression that ends as it does.
            depth: how deep in others it stands.
        """
        if node in self._arguments:
            yield Use(node, self.is_alone(node))
            return
        parent = self._names.parents.get(node)
        if parent is None or depth > _DEEP:
            yield Use(node, False)
        elif self._is_indifferent(node):
            yield Use(node, True)
        elif self._ends_as(parent, node):
            yield from self.uses(parent, depth + 1)
        elif isinstance(parent, ast.Attribute):
            call = self._names.parents.get(parent)
            inner = isinstance(call, ast.Call) and call.func is parent
            if inner and isinstance(call, ast.Call) and self._end_of_call(call) is node:
                yield from self.uses(call, depth + 1)
            else:
                yield Use(node, parent.attr in _INDIFFERENT_METHODS)
        elif isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is node:
            yield from self._reads(parent, node, depth)
        elif parameters_of_paths.of_argument(self._names, node) is not None:
            yield from self._of_parameter(node, depth)
        else:
            reads = outside.of_option(self._names, node)
            reads = outside.of_item(self._names, node) if reads is None else reads
            if reads is None:
                yield Use(node, isinstance(parent, ast.Expr))
            else:
                yield from self._all(reads, depth)

    def _of_parameter(self, node: ast.AST, depth: int) -> Iterator[Use]:
        """Returns what a parameter goes to that has a path, and the other paths that it has."""
        binding = parameters_of_paths.of_argument(self._names, node)
        home = binding.at.scope.within() if binding is not None else None
        given = parameters_of_paths.sources(binding) if binding is not None else []
        if binding is None or not isinstance(home, Names) or not given:
            yield Use(node, False)
            return
        for each in given:
            end = self.end_of(*each, depth + 1)
            yield Use(each.node, False) if end is None else Use(end, True, is_end=True)
        reads = home.reads(binding.target, binding.at.scope)
        if reads is None:
            yield Use(node, False)
        else:
            yield from self._all([outside.Read(home, each) for each in reads], depth)

    def _all(self, reads: Iterable[outside.Read], depth: int) -> Iterator[Use]:
        for each in reads:
            yield from self.of(each.names).uses(each.node, depth + 1)

    def _ends_as(self, parent: ast.AST, node: ast.AST) -> bool:
        if isinstance(parent, ast.BinOp):
            return node is (parent.left if isinstance(parent.op, ast.Mod) else parent.right)
        if isinstance(parent, ast.Call):
            return self._end_of_call(parent) is node
        return False

    def is_alone(self, argument: ast.AST) -> bool:
        """Returns whether an argument, which may come out of a dict, goes nowhere else."""
        table = self._names.parents.get(argument)
        if isinstance(table, ast.keyword):
            table = self._names.parents.get(table)
        if isinstance(table, ast.Call) and self._names.full_name(table.func) != "dict":
            return True
        if not isinstance(table, (ast.Dict, ast.Call)):
            return False
        holder = self._names.parents.get(table)
        if isinstance(holder, ast.keyword):
            return self._is_passed_on(table)
        if not isinstance(holder, ast.Assign) or not isinstance(holder.targets[0], ast.Name):
            return False
        at = self._names.places.get(holder.targets[0])
        scope = at.scope.find(holder.targets[0].id) if at is not None else None
        reads = self._names.reads(holder.targets[0].id, scope) if scope is not None else None
        return reads is not None and all(self._is_passed_on(each) for each in reads)

    def _is_passed_on(self, node: ast.AST) -> bool:
        parent = self._names.parents.get(node)
        if isinstance(parent, ast.keyword):
            return parent.arg is None and self._names.parents.get(parent) in self._calls
        if isinstance(parent, ast.Attribute):
            return parent.attr in ("update", "setdefault")
        return isinstance(parent, ast.Subscript) and not isinstance(parent.ctx, ast.Load)

    def _is_indifferent(self, node: ast.AST) -> bool:
        """Returns whether what a node is part of is printed, or only asked for as a file."""
        inner = node
        for each in self._names.around(node):
            if isinstance(each, ast.Call) and inner is not each.func:
                name = self._names.full_name(each.func)
                if name in _INDIFFERENT or getattr(each.func, "attr", "") in _LOGGED:
                    return True
            if isinstance(each, ast.Call):
                if last_of(each) != "format":
                    return False
            elif not isinstance(each, _IN_TEXTS):
                return False
            inner = each
        return False

    def _reads(
        self, statement: ast.Assign | ast.AnnAssign, node: ast.AST, depth: int
    ) -> Iterator[Use]:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            reads = self._reads_of(target, node)
            if reads is None:
                yield Use(node, False)
                continue
            for each in reads:
                yield from self.uses(each, depth + 1)
            at = self._names.places.get(target)
            scope = at.scope if at is not None else None
            if isinstance(target, ast.Name) and scope is not None:
                if scope.is_class or scope is self._names.scope:
                    others = outside.of_constant(self._names, scope, target.id, node)
                    if others is None:
                        yield Use(node, False)
                    else:
                        yield from self._all(others, depth)

    def _reads_of(self, target: ast.AST, node: ast.AST) -> list[ast.AST] | None:
        if isinstance(target, ast.Name):
            at = self._names.places.get(target)
            scope = at.scope.find(target.id) if at is not None else None
            if scope is None or at is None:
                return None
            found = self._names.reads(target.id, scope)
            if found is None or self._is_exported(scope, target.id):
                return None
            return self._of_binding([(each, self._names.places[each]) for each in found],
                                    scope, target.id, node)  # fmt: skip
        if isinstance(target, ast.Attribute) and dotted_text(target.value) == "self":
            at = self._names.places.get(target)
            owner = at.scope.owner() if at is not None else None
            if owner is None:
                return None
            attributes = [
                (each, self._names.places[each])
                for each in self._names.nodes
                if isinstance(each, ast.Attribute)
                and each.attr == target.attr
                and isinstance(each.ctx, ast.Load)
                and each in self._names.places
            ]
            for each, there in attributes:
                if dotted_text(each.value) != "self" or there.scope.owner() is not owner:
                    return None
            return self._of_binding(attributes, owner, "self." + target.attr, node)
        return None

    @staticmethod
    def _is_exported(scope: Scope, name: str) -> bool:
        """Returns whether other functions may write a name of this scope."""
        return any(binding.at.scope is not scope for binding in scope.bindings.get(name, ()))

    @staticmethod
    def _of_binding(
        reads: Iterable[tuple[ast.AST, Position]], scope: Scope, name: str, node: ast.AST
    ) -> list[ast.AST] | None:
        """Returns those of the reads that get the value of a node, None if some may get others."""
        found: list[ast.AST] = []
        for each, at in reads:
            bindings = visible(scope, name, at)
            if any(binding.node is node for binding in bindings):
                if len(bindings) > 1:
                    return None
                found.append(each)
        return found


def last_of(call: ast.Call) -> str:
    """Returns the last name of what is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def is_pure(names: Names, node: ast.AST) -> bool:
    """Returns whether a path is the same, and nothing else happens, when it is asked for twice."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            known = names.full_name(each.func) in (*SAME, *_JOINED)
            if not known and last_of(each) not in ("format", "joinpath", *SAME_METHODS):
                return False
        elif isinstance(each, _ONCE):
            return False
    return True


def fit(one: str, other: str) -> bool:
    """Returns whether two paths are the same, or one is made of the other by filling it in."""
    one, other = posixpath.normpath(one), posixpath.normpath(other)
    return one == other or _fills(one, other) or _fills(other, one)


def names_the_same(template: str, text: str | None) -> bool:
    """Returns whether a text is a path, or one that this makes as a template of some name."""
    if text == template or not text:
        return text == template
    pieces = _PLACEHOLDER.split(template)
    name = posixpath.splitext(posixpath.basename("".join(pieces)))[0]
    is_named = len(pieces) > 1 and re.search(r"[^\W_]{2}", name) is not None
    return is_named and not _PLACEHOLDER.search(text) and _fills(template, text)


def _fills(template: str, path: str) -> bool:
    if not _PLACEHOLDER.search(template):
        return False
    pieces = _PLACEHOLDER.split(template)
    name = posixpath.splitext(posixpath.basename("".join(pieces)))[0].lstrip(".")
    is_ending = len(pieces) > 1 and pieces[-1].startswith(".") and name == pieces[-1].lstrip(".")
    if "…" in template and (is_ending or not re.search(r"[^\W_]", name)):
        return False  # It would be any file, or any with this ending.
    parts = [re.escape(part) for part in pieces]
    return re.fullmatch("[^/]+".join(parts), path) is not None
