"""What rewriting has to say beside the new code."""

from __future__ import annotations

import ast
import dataclasses
from typing import Callable, NamedTuple, Union

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.rules.definition import Problem


class CannotRewrite(Exception):
    """LibCST does not see in a source what `ast` does."""


@dataclasses.dataclass(frozen=True, order=True)
class Note:
    """What was left as it is, or what is to be known of a change.

    Args:
        path, cell, line, column: where, as of a `Finding`.
        code: of the rule, `""` for none.
        text: why.
        changed: whether it is about a change.
    """

    path: str
    cell: int
    line: int
    column: int
    code: str
    text: str
    changed: bool = False

    @property
    def where(self) -> str:
        """The place: `train.py:4:5`, `train.ipynb:cell 3:4:5`."""
        cell = "cell %d:" % self.cell if self.cell else ""
        return "%s:%s%d:%d" % (self.path, cell, self.line, self.column)


def note(source: Source, node: ast.AST, code: str, text: str, changed: bool = False) -> Note:
    """Returns a note on a node of a source."""
    line = int(getattr(node, "lineno", 1))
    column = source.column(line, getattr(node, "col_offset", 0))
    return _note(source, line, column, code, text, changed)


def note_on(source: Source, problem: Problem, text: str, changed: bool = False) -> Note:
    """Returns a note on a problem, where `check` finds it."""
    line, column = checker.position(source, problem)[:2]
    return _note(source, line, column, problem.rule.code, text, changed)


def _note(source: Source, line: int, column: int, code: str, text: str, changed: bool) -> Note:
    place = source.place(line, column)
    return Note(source.path, place.cell or 0, place.line, place.column, code, text, changed)


class Fix(NamedTuple):
    """How something is mended.

    Args:
        apply: does it.
        note: what is to be known of it, `""` for nothing.
    """

    apply: Callable[[], object]
    note: str = ""


class Refusal(NamedTuple):
    """Why something is not mended.

    Args:
        why: the reason, and what to do.
        needs_us: whether the call means what it meant with `keras_ckpt` alone: then nothing else
            of it is changed either, so that `--to-keras-ckpt` finds it as it was.
    """

    why: str
    needs_us: bool = True


Answer = Union[Fix, Refusal]

#: What to do about what Keras 3 has nothing for.
WITH_US = "`keras-ckpt fix --to-keras-ckpt` keeps it."
