"""`Edits`: what is to be changed in a source, noted by the nodes of its tree, and then all at once.

Nodes are those of `ast`, which everything is found by. LibCST parses the source once more, its
nodes are found by their positions, and all that is not changed comes out as it was.
"""

from __future__ import annotations

import ast
from typing import Callable, Iterable, NamedTuple, cast

import libcst as cst

from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.fix.answers import CannotRewrite
from keras_ckpt.migrate.fix.edits import commas, nodes
from keras_ckpt.migrate.fix.edits.locate import Located
from keras_ckpt.migrate.fix.edits.nodes import CallEdit, Change, Instead


class Unit(NamedTuple):
    """A part of a source that is parsed by itself: all of a file, a cell of a notebook.

    Args:
        first: its first line in the source's text, from 1.
        text: its code.
    """

    first: int
    text: str


def index_of(call: ast.Call, node: ast.AST) -> int | None:
    """Returns the index of an argument of a call by its value, None if that is not in the call."""
    values = [*call.args, *(each.value for each in call.keywords)]
    return next((index for index, each in enumerate(values) if each is node), None)


class Edits:
    """What is to be changed in a source.

    Args:
        source: the source.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._calls: dict[ast.Call, CallEdit] = {}
        self._changes: dict[ast.AST, list[Change]] = {}
        self._imports: dict[ast.ImportFrom, set[int]] = {}
        self._after: dict[ast.stmt, list[str]] = {}
        self._before: dict[ast.stmt, list[tuple[str, ast.AST | None]]] = {}
        self._restated: dict[ast.stmt, list[str]] = {}
        self._first: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._first) or any(self._noted())

    def _noted(self) -> list[ast.AST]:
        # The last first, so that those before it on a line stay in their places.
        imports = sorted(self._imports, key=lambda each: -each.col_offset)
        every = [*self._calls, *self._changes, *imports, *self._after, *self._before]
        return list(dict.fromkeys([*every, *self._restated]))

    def call(self, node: ast.Call) -> CallEdit:
        """Returns what is to be changed in a call, to be added to."""
        return self._calls.setdefault(node, CallEdit())

    def replace(self, node: ast.AST, code: str) -> None:
        """Puts other code in the place of a name or attribute."""
        self._change(node, lambda old: nodes.expression(code, old))

    def unwrap(self, node: ast.Call) -> None:
        """Puts the object of a method in the place of its call."""

        def change(old: cst.Call) -> cst.CSTNode:
            assert isinstance(old.func, cst.Attribute)
            return old.func.value

        self._change(node, nodes.to(cst.Call, change))

    def text(self, node: ast.AST, change: Callable[[str], str | None]) -> None:
        """Changes a string.

        Args:
            node: a string or f-string.
            change: returns for what is written in the last part of it, between the quotes, what
                takes its place, or None if it cannot.
        """
        self._change(node, lambda old: nodes.changed_end(old, change))

    def texts(self, node: ast.AST, change: Callable[[str], str]) -> None:
        """Changes each part of a string."""
        self._change(node, lambda old: nodes.changed_parts(old, change))

    def drop_item(self, node: ast.Dict, index: int) -> None:
        """Drops an item of a dict."""

        def change(old: cst.Dict) -> cst.Dict:
            items = commas.of_dict(old)
            items.drop([index])
            return commas.to_dict(old, items)

        self._change(node, nodes.to(cst.Dict, change))

    def take_import(self, node: ast.ImportFrom, index: int) -> None:
        """Takes one name of an import from keras_ckpt."""
        self._imports.setdefault(node, set()).add(index)

    def insert(self, after: ast.stmt | None, code: str) -> None:
        """Adds a statement of one line after another one, or before all if there is none."""
        lines = self._first if after is None else self._after.setdefault(after, [])
        if code not in lines:
            lines.append(code)

    def before(self, statement: ast.stmt, code: str, node: ast.AST | None = None) -> None:
        """Adds a statement of one line before another one.

        Args:
            statement: the other one, which must be the first on its line.
            code: the statement, with `%s` for the code of `node` as it is changed.
            node: an expression.
        """
        lines = self._before.setdefault(statement, [])
        if (code, node) not in lines:
            lines.append((code, node))

    def restate(self, statement: ast.stmt, lines: list[str]) -> None:
        """Puts statements of one line each in the place of one, which is alone on its line."""
        self._restated[statement] = lines

    def _change(self, node: ast.AST, change: Change) -> None:
        self._changes.setdefault(node, []).append(change)

    def apply(self, units: Iterable[Unit]) -> list[str]:
        """Returns the code of each unit with all changes made.

        Raises:
            CannotRewrite: if that is not possible.
        """
        noted = self._noted()
        results = []
        every = list(units)
        begins = [each.first for each in every]
        first_used = False
        for number, unit in enumerate(every):
            end = begins[number + 1] if number + 1 < len(every) else 1 << 60
            mine = [each for each in noted if unit.first <= _line(each) < end]
            first = bool(self._first) and not first_used and bool(mine)
            if not mine and not first:
                results.append(unit.text)
                continue
            first_used = first_used or first
            results.append(self._apply(unit, mine, self._first if first else []))
        return results

    def _apply(self, unit: Unit, noted: list[ast.AST], first: list[str]) -> str:
        try:
            return self._changed(unit, noted, first)
        except cst.ParserSyntaxError as error:
            raise CannotRewrite(f"LibCST cannot parse it: {error.message}") from error
        except RecursionError as error:
            raise CannotRewrite("it is nested too deeply for LibCST") from error

    def _changed(self, unit: Unit, noted: list[ast.AST], first: list[str]) -> str:
        module = cst.parse_module(unit.text)
        if module.code != unit.text:
            raise CannotRewrite("LibCST does not give it back as it is")
        located = Located(module, self._source, unit.first)
        work: dict[cst.CSTNode, list[Change]] = {}
        for node in noted:
            for where, change in self._work(node, located):
                work.setdefault(where, []).append(change)
        changed = located.module.visit(_Worker(work))
        assert isinstance(changed, cst.Module)
        return (nodes.with_first(changed, first) if first else changed).code

    def _code(self, node: ast.AST, located: Located) -> str:
        """Returns the code of an expression, with the changes of what is in it."""
        work: dict[cst.CSTNode, list[Change]] = {}
        for each in ast.walk(node):
            for change in self._changes.get(each, ()):
                work.setdefault(located.expression(each), []).append(change)
        changed = located.expression(node).visit(_Worker(work))
        assert isinstance(changed, cst.CSTNode)
        return located.module.code_for_node(changed)

    def _work(self, node: ast.AST, located: Located) -> Iterable[tuple[cst.CSTNode, Change]]:
        for change in self._changes.get(node, ()):
            yield located.expression(node), change
        if isinstance(node, ast.Call) and node in self._calls:
            edit = self._calls[node]
            change = nodes.to(cst.Call, lambda old: nodes.changed_call(old, edit))
            yield located.expression(node), change
        if isinstance(node, ast.stmt) and node in self._before:
            codes = [
                code if part is None else code % self._code(part, located)
                for code, part in self._before[node]
            ]
            yield located.statement(node), lambda old: nodes.preceded(old, codes)
        if isinstance(node, ast.ImportFrom) and node in self._imports:
            index, taken = located.within(node), self._imports[node]
            yield located.line(node), lambda old: nodes.taken(old, index, taken)
        if isinstance(node, ast.stmt) and node in self._after:
            lines = self._after[node]
            yield located.statement(node), lambda old: nodes.followed(old, lines)
        if isinstance(node, ast.stmt) and node in self._restated:
            instead = self._restated[node]
            yield located.statement(node), lambda old: nodes.restated(old, instead)


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))


class _Worker(cst.CSTTransformer):
    def __init__(self, work: dict[cst.CSTNode, list[Change]]) -> None:
        super().__init__()
        self._todo = work

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        done: Instead = super().on_leave(original_node, updated_node)
        for change in self._todo.get(original_node, ()):
            if isinstance(done, cst.FlattenSentinel):
                # What is a line became several: what follows it follows all of them.
                *before, last = done
                rest = change(last)
                if isinstance(rest, cst.RemovalSentinel):
                    after: Iterable[cst.CSTNode] = ()
                else:
                    after = rest if isinstance(rest, cst.FlattenSentinel) else [rest]
                done = cst.FlattenSentinel([*before, *after])
            elif not isinstance(done, cst.RemovalSentinel):
                done = change(done)
        return cast("cst.CSTNodeT", done)
