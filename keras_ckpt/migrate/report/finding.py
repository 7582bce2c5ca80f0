"""`Finding`: what was found at one place in the code, and `Result`: in all of it."""

from __future__ import annotations

import dataclasses

from keras_ckpt.migrate.releases.release import Release


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """What was found at one place in the code.

    Args:
        path: the file, as it was named.
        cell: the cell of a notebook, counted from 1 with those of text; 0 in other files.
        line, column: where it begins, from 1.
        end_line, end_column: where the call or class ends.
        level: `"error"`, or `"note"` of what is not checked.
        code: of the rule, e.g. `"KC101"`.
        name: of the rule, e.g. `"period"`.
        message: what happens in the release that is checked for.
        advice: what to write.
    """

    path: str
    cell: int
    line: int
    column: int
    code: str
    name: str = ""
    message: str = ""
    advice: str = ""
    end_line: int = 0
    end_column: int = 0
    level: str = "error"

    @property
    def where(self) -> str:
        """The place as text output has it: `train.py:4:5`, `train.ipynb:cell 3:4:5`."""
        cell = f"cell {self.cell}:" if self.cell else ""
        return f"{self.path}:{cell}{self.line}:{self.column}"

    @property
    def page(self) -> str:
        """The page of documentation of the rule, in the repository."""
        return f"docs/rules/{self.code}.md"

    def to_dict(self) -> dict[str, object]:
        """Returns what JSON output has of it; `cell` only in notebooks."""
        values = dict(dataclasses.asdict(self), page=self.page)
        if not self.cell:
            del values["cell"]
        return values


@dataclasses.dataclass
class Result:
    """What a check found.

    Args:
        findings: in the order of files and lines.
        errors: what is wrong with files that cannot be read.
        files: how many were read.
        old: the release that the code was written for, None if nothing depends on it.
        new: the release that it was checked for.
        why: what the old release was determined from.
        known: how many more there are, which a baseline has.
        sources: the files of code with what is found, which may stand in a file beside them.
        stays: whether there are calls of tf_keras that were not checked, since they run as before.
    """

    findings: list[Finding]
    errors: list[str]
    files: int
    old: Release | None
    new: Release
    why: str = ""
    stays: bool = False
    known: int = 0
    sources: frozenset[str] = frozenset()

    @property
    def errors_found(self) -> list[Finding]:
        """The findings, except notes of what is not checked."""
        return [each for each in self.findings if each.level == "error"]
