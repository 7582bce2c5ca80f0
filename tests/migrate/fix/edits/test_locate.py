"""The nodes of LibCST by those of `ast`."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst")

import libcst as cst

from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.fix.answers import CannotRewrite
from keras_ckpt.migrate.fix.edits.locate import Located

CODE = """\
é = f("a" "b", g(1), {'x': h.k}); z
if x: a = b
class C:
    def m(self):
        return f'{é}.h5'
"""


def located(code: str = CODE) -> tuple[ast.Module, Located]:
    one = source.from_bytes("x.py", code.encode())
    tree = one.parse()
    assert tree is not None
    return tree, Located(cst.parse_module(code), one, 1)


def test_each_expression_is_found_by_its_place() -> None:
    tree, there = located()
    kinds = (ast.Call, ast.Attribute, ast.Constant, ast.JoinedStr, ast.Dict)
    found = 0
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and not isinstance(node.value, str)
        if not isinstance(node, kinds) or is_text:
            continue
        if isinstance(node, ast.Constant) and node.value == ".h5":
            continue  # A part of an f-string is no node of its own.
        assert there.code(node) == ast.get_source_segment(CODE, node)
        found += 1
    assert found >= 6


def test_lines_and_statements() -> None:
    tree, there = located()
    first, second, branch, definition = tree.body
    assert there.line(first) is there.line(second)
    assert (there.within(first), there.within(second)) == (0, 1)
    assert isinstance(branch, ast.If)
    # What stands behind a colon is a line of its own, and part of a statement.
    assert isinstance(there.line(branch.body[0]), cst.SimpleStatementSuite)
    assert there.statement(branch.body[0]) is there.statement(branch)
    assert isinstance(there.statement(definition), cst.ClassDef)


def test_what_is_not_there_is_an_error() -> None:
    tree, there = located()
    other = ast.parse("\n\n\n\n\n\n\n\n\n\nf(1)").body[0]
    assert isinstance(other, ast.Expr)
    with pytest.raises(CannotRewrite):
        there.expression(other.value)
    with pytest.raises(CannotRewrite, match="line 11 is not what it seems to be"):
        there.statement(other)
    with pytest.raises(CannotRewrite):
        there.within(tree.body[3])


def test_a_part_of_a_source_has_lines_of_its_own() -> None:
    one = source.from_bytes("x.py", b"a\nb\nf(1)\n")
    tree = one.parse()
    assert tree is not None
    statement = tree.body[-1]
    assert isinstance(statement, ast.Expr)
    there = Located(cst.parse_module("f(1)\n"), one, 3)
    assert there.code(statement.value) == "f(1)"
