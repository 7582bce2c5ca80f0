"""What rewriting has to say beside the new code."""

from __future__ import annotations

import ast
import dataclasses
import enum

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.rules.definition import Problem, Reason


class CannotRewrite(Exception):
    """LibCST does not see in a source what `ast` does."""


class Kind(enum.IntEnum):
    """What a note is about."""

    LEFT = 0
    CHANGED = 1
    NOT_FOLLOWED = 2


_BEFORE = {Kind.LEFT: "not changed: ", Kind.CHANGED: "", Kind.NOT_FOLLOWED: "not followed: "}


@dataclasses.dataclass(frozen=True, order=True)
class Note:
    """What was left as it is, or not followed, or what is to be known of a change.

    Args:
        path, cell, line, column: where, as of a `Finding`.
        code: of the rule, `""` for none.
        reason: why it was left, or what is to be known.
        kind: which of these.
    """

    path: str
    cell: int
    line: int
    column: int
    code: str
    reason: str
    kind: Kind = Kind.LEFT

    @property
    def is_left(self) -> bool:
        """Whether something was left as it is."""
        return self.kind is Kind.LEFT

    @property
    def text(self) -> str:
        """All of it, as it is printed."""
        return _BEFORE[self.kind] + self.reason

    @property
    def subject(self) -> tuple[str, Kind, str]:
        """What it has in common with a note on the same that was made before a change."""
        reason = self.reason.without_line if isinstance(self.reason, Reason) else self.reason
        return self.code, self.kind, reason

    @property
    def where(self) -> str:
        """The place: `train.py:4:5`, `train.ipynb:cell 3:4:5`."""
        cell = f"cell {self.cell}:" if self.cell else ""
        return f"{self.path}:{cell}{self.line}:{self.column}"


def note(source: Source, node: ast.AST, code: str, reason: str, kind: Kind = Kind.LEFT) -> Note:
    """Returns a note on a node of a source."""
    line = int(getattr(node, "lineno", 1))
    column = source.column(line, getattr(node, "col_offset", 0))
    return _note(source, line, column, code, reason, kind)


def note_on(source: Source, problem: Problem, reason: str, kind: Kind = Kind.LEFT) -> Note:
    """Returns a note on a problem, where `check` finds it."""
    line, column = checker.position(source, problem)[:2]
    return _note(source, line, column, problem.rule.code, reason, kind)


def _note(source: Source, line: int, column: int, code: str, reason: str, kind: Kind) -> Note:
    place = source.place(line, column)
    return Note(source.path, place.cell or 0, place.line, place.column, code, reason, kind)
