"""The nodes of LibCST by those of `ast`, which stand at the same place."""

from __future__ import annotations

import ast
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.fix.answers import CannotRewrite

_KINDS: dict[str, tuple[type, ...]] = {
    "Call": (cst.Call,),
    "Attribute": (cst.Attribute,),
    "Name": (cst.Name,),
    "Constant": (cst.SimpleString, cst.ConcatenatedString),
    "Str": (cst.SimpleString, cst.ConcatenatedString),
    "JoinedStr": (cst.FormattedString, cst.ConcatenatedString),
    "Dict": (cst.Dict,),
    "BinOp": (cst.BinaryOperation,),
}
_SIMPLE = (cst.SimpleStatementLine, cst.SimpleStatementSuite)
_STATEMENTS = (*_SIMPLE, cst.BaseCompoundStatement)


class Located:
    """The nodes of LibCST by those of `ast`."""

    def __init__(self, module: cst.Module, source: Source, first: int) -> None:
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self.module = wrapper.module
        self._source, self._first = source, first
        self._starts: dict[tuple[int, int], list[tuple[cst.CSTNode, tuple[int, int]]]] = {}
        self._lines: list[tuple[tuple[int, int], tuple[int, int], cst.CSTNode]] = []
        for node, range_ in wrapper.resolve(PositionProvider).items():
            start = (range_.start.line, range_.start.column)
            end = (range_.end.line, range_.end.column)
            self._starts.setdefault(start, []).append((node, end))
            if isinstance(node, _STATEMENTS):
                self._lines.append((start, end, node))

    def _start(self, node: Any) -> tuple[int, int]:
        if getattr(node, "end_lineno", None) is None:
            # Up to Python 3.7 a sum of more than two begins with its last operator.
            while isinstance(node, ast.BinOp):
                node = node.left
        column = self._source.column(node.lineno, node.col_offset) - 1
        return node.lineno - self._first + 1, column

    def expression(self, node: ast.AST) -> cst.CSTNode:
        """Returns the node of an expression."""
        kinds = _KINDS[type(node).__name__]
        found = [
            each for each in self._starts.get(self._start(node), ()) if isinstance(each[0], kinds)
        ]
        ends: tuple[int, int] | None = None
        if getattr(node, "end_lineno", None) is not None or isinstance(node, ast.Call):
            line, column = self._source.ends(node)
            ends = (line - self._first + 1, column - 1)
        elif isinstance(node, ast.Attribute):
            # Up to Python 3.7 it is not known where it ends.
            found = [each for each in found if _depth(each[0]) == _depth(node)]
        found = [each for each in found if ends is None or each[1] == ends]
        if not found:
            raise CannotRewrite("line %d is not what it seems to be" % getattr(node, "lineno", 1))
        # The widest: that of a string and not of its first part.
        return max(found, key=lambda each: each[1])[0]

    def code(self, node: ast.AST) -> str:
        """Returns the code of an expression, of those that are nodes of their own."""
        return self.module.code_for_node(self.expression(node))

    def statement(self, node: ast.stmt) -> cst.CSTNode:
        """Returns the line that a statement is part of, or the statement if it has a block."""
        return self._innermost(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement))

    def line(self, node: ast.stmt) -> cst.CSTNode:
        """Returns the line that a simple statement is part of, or what stands behind a colon."""
        return self._innermost(node, _SIMPLE)

    def _innermost(self, node: ast.stmt, kinds: tuple[type, ...]) -> cst.CSTNode:
        start = self._start(node)
        found = [
            each
            for each in self._lines
            if each[0] <= start <= each[1] and isinstance(each[2], kinds)
        ]
        if not found:
            raise CannotRewrite("line %d is not what it seems to be" % getattr(node, "lineno", 1))
        return max(found, key=lambda each: each[0])[2]

    def within(self, node: ast.stmt) -> int:
        """Returns which of the statements on its line a statement is."""
        line = self.line(node)
        if isinstance(line, _SIMPLE):
            for index, each in enumerate(line.body):
                same = (found for found, _ in self._starts.get(self._start(node), ()))
                if any(each is one for one in same):
                    return index
        raise CannotRewrite("line %d is not what it seems to be" % getattr(node, "lineno", 1))


def _depth(node: Any) -> int:
    count = 0
    while hasattr(node, "attr"):
        node = node.value
        count += 1
    return count
