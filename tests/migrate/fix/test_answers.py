"""Notes: where they stand, how they are printed, which are the same."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.fix.answers import Kind, Note, note, note_on
from keras_ckpt.migrate.releases.release import newest, release
from keras_ckpt.migrate.rules.definition import Reason


def test_what_was_left_is_printed_as_such() -> None:
    left = Note("x.py", 0, 3, 5, "KC101", "it needs keras_ckpt.")
    assert left.is_left
    assert left.text == "not changed: it needs keras_ckpt."
    assert left.where == "x.py:3:5"
    changed = Note("x.ipynb", 2, 3, 5, "KC101", "it is gone.", Kind.CHANGED)
    assert not changed.is_left
    assert changed.text == "it is gone."
    assert changed.where == "x.ipynb:cell 2:3:5"


def test_the_subject_has_no_line() -> None:
    first, again = (
        Note("x.py", 0, line, 1, "", Reason("it is set in ", line, ".")) for line in (3, 8)
    )
    assert first != again
    assert first.subject == again.subject
    assert first.subject != Note("x.py", 0, 3, 1, "", "it is set in line 4.").subject


def test_columns_are_those_of_characters() -> None:
    one = source.from_bytes("x.py", "é = 1; call()\n".encode())
    tree = one.parse()
    assert tree is not None
    statement = tree.body[-1]
    assert isinstance(statement, ast.Expr)
    assert note(one, statement.value, "", "why").column == 8


def test_a_note_stands_where_check_finds_the_problem() -> None:
    code = "import keras\nkeras.callbacks.ModelCheckpoint('a.keras', period=2)\n"
    one = source.from_bytes("x.py", code.encode())
    (problem,) = checker.problems_of(one, release("2.4"), newest())
    finding = checker.finding(one, problem)
    assert finding is not None
    made = note_on(one, problem, "why")
    assert (made.line, made.column, made.code) == (finding.line, finding.column, finding.code)
