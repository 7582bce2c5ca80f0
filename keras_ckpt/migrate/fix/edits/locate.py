"""The nodes of LibCST by those of `ast`, which stand at the same place."""

from __future__ import annotations

import ast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from keras_ckpt.migrate.code.source import Placed, Source
from keras_ckpt.migrate.fix.answers import CannotRewrite

_KINDS: dict[type[ast.AST], tuple[type[cst.CSTNode], ...]] = {
    ast.Call: (cst.Call,),
    ast.Attribute: (cst.Attribute,),
    ast.Name: (cst.Name,),
    ast.Constant: (cst.SimpleString, cst.ConcatenatedString),
    ast.JoinedStr: (cst.FormattedString, cst.ConcatenatedString),
    ast.Dict: (cst.Dict,),
    ast.BinOp: (cst.BinaryOperation,),
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

    def _start(self, node: Placed) -> tuple[int, int]:
        return self._within_unit(self._source.start(node))

    def _within_unit(self, place: tuple[int, int]) -> tuple[int, int]:
        return place[0] - self._first + 1, place[1] - 1

    def expression(self, node: ast.AST) -> cst.CSTNode:
        """Returns the node of an expression."""
        assert isinstance(node, ast.expr)
        kinds, end = _KINDS[type(node)], self._within_unit(self._source.ends(node))
        starting = self._starts.get(self._start(node), ())
        found = [each for each in starting if isinstance(each[0], kinds) and each[1] == end]
        if not found:
            raise CannotRewrite(f"line {node.lineno} is not what it seems to be")
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

    def _innermost(self, node: ast.stmt, kinds: tuple[type[cst.CSTNode], ...]) -> cst.CSTNode:
        start = self._start(node)
        found = [
            each
            for each in self._lines
            if each[0] <= start <= each[1] and isinstance(each[2], kinds)
        ]
        if not found:
            raise CannotRewrite(f"line {node.lineno} is not what it seems to be")
        return max(found, key=lambda each: each[0])[2]

    def within(self, node: ast.stmt) -> int:
        """Returns which of the statements on its line a statement is."""
        line = self.line(node)
        if isinstance(line, _SIMPLE):
            for index, each in enumerate(line.body):
                same = (found for found, _ in self._starts.get(self._start(node), ()))
                if any(each is one for one in same):
                    return index
        raise CannotRewrite(f"line {node.lineno} is not what it seems to be")
