"""What `check` finds in rewritten code that nothing is said of yet, and finds no more."""

from __future__ import annotations

import collections
import difflib
from typing import Iterable, Mapping, NamedTuple

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.source import load
from keras_ckpt.migrate.fix.answers import Kind, Note
from keras_ckpt.migrate.fix.project import Outcome
from keras_ckpt.migrate.fix.rewrite import Part, Rewritten
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.report.finding import Finding


class Leftovers(NamedTuple):
    """What is to be said of rewritten code.

    Args:
        notes: what is found, and not named yet.
        mended: notes on what was left, which another change has mended.
    """

    notes: list[Note]
    mended: set[Note]


def leftovers(
    files: Mapping[str, bytes],
    outcomes: Mapping[str, Outcome],
    target: Target,
    before: Project | None = None,
) -> Leftovers:
    """Returns what is found in rewritten files and not named yet, and what no more.

    Args:
        files: what was in the files, by their names.
        outcomes: what becomes of them.
        target: what they were rewritten to.
        before: the files as they were, if they have been read already.
    """
    after = {
        path: outcome.content if isinstance(outcome, Rewritten) else files[path]
        for path, outcome in outcomes.items()
    }

    def content(path: str) -> bytes:
        return after[path] if path in after else load(path)

    project = Project(list(after), content, before=before)
    codes = target.old, target.new, target.selected
    result = checker.check(list(after), *codes, project=project)
    said: dict[tuple[str, int, str], list[Note]] = collections.defaultdict(list)
    parts: dict[str, list[Part]] = {}
    for path, outcome in outcomes.items():
        if isinstance(outcome, Rewritten):
            parts[path] = outcome.parts
            for note in outcome.notes:
                if note.kind is not Kind.CHANGED:
                    said[path, note.cell, note.code].append(note)
    found: dict[tuple[str, int, str], list[Finding]] = collections.defaultdict(list)
    for finding in result.findings:
        found[finding.path, finding.cell, finding.code].append(finding)
    named = sorted(
        note
        for key, findings in found.items()
        for note in _unnamed(findings, said.get(key, []), parts.get(key[0], []))
    )
    changed = {path for path, content in after.items() if content != files[path]}
    mended = {
        note
        for key, left in said.items()
        for note in left
        if note.is_left and note.path in changed and key[2] and key not in found
    }
    # What keras_ckpt does otherwise is no finding.
    return Leftovers(named, set() if target.to_keras_ckpt else mended)


def _unnamed(findings: list[Finding], said: list[Note], parts: list[Part]) -> Iterable[Note]:
    """Returns notes on the findings of one rule in one file or cell that have none."""
    mine = [_note(each, parts) for each in findings]
    lines = collections.Counter(each.line for each in said)
    left = []
    for note in mine:
        if lines[note.line]:
            lines[note.line] -= 1
        else:
            left.append(note)
    # A note stands where the call begins, or at one of its arguments.
    return left[: max(len(mine) - len(said), 0)]


def _note(finding: Finding, parts: list[Part]) -> Note:
    reason = f"{finding.message} {finding.advice}".strip()
    line = finding.line
    for part in parts:
        if part.cell == finding.cell:
            line = _line_before(part, line)
    kind = Kind.NOT_FOLLOWED if finding.level == "note" else Kind.LEFT
    return Note(finding.path, finding.cell, line, finding.column, finding.code, reason, kind)


def _line_before(part: Part, line: int) -> int:
    """Returns the line that a line of rewritten code was."""
    before, after = (each.splitlines() for each in (part.before, part.after))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for _, old, old_end, new, new_end in matcher.get_opcodes():
        if new < line <= new_end:
            return min(old + line - new, max(old_end, 1))
    return line
