"""Findings as Markdown, to be pasted into a pull request or an issue."""

from __future__ import annotations

import itertools

from keras_ckpt.migrate.report import wording
from keras_ckpt.migrate.report.finding import Result


def as_markdown(result: Result) -> str:
    """Returns a table for each file, below what was found in all."""
    lines = [f"**keras-ckpt**: {_escaped(wording.summary(result))}"]
    for path, findings in itertools.groupby(result.findings, key=lambda each: each.path):
        lines += ["", f"### {_code(path)}", "", "| line | rule | what happens | what to write |"]
        lines.append("|---|---|---|---|")
        for each in findings:
            line = f"cell {each.cell}, line {each.line}" if each.cell else str(each.line)
            cells = (line, f"{each.code} {each.name}", each.message, each.advice)
            lines.append("| " + " | ".join(_escaped(cell) for cell in cells) + " |")
    if result.errors:
        lines += ["", "### Errors", "", *(f"- {_escaped(each)}" for each in result.errors)]
    return "\n".join(lines)


def _code(text: str) -> str:
    """Returns `text` as code, with as many ticks around it as it needs."""
    ticks = "`"
    while ticks in text:
        ticks += "`"
    space = " " if len(ticks) > 1 else ""
    return f"{ticks}{space}{' '.join(text.split())}{space}{ticks}"


def _escaped(text: str) -> str:
    """Returns text whose code between ticks stays code, and the rest of which is nothing but text.

    In a table, `|` ends a cell even within code.
    """
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # A tick that has no other.
        parts[-2:] = [parts[-2] + "'" + parts[-1]]
    for number, part in enumerate(parts):
        if number % 2 == 0:
            for sign in "\\*_[]<>~#":
                part = part.replace(sign, "\\" + sign)
        parts[number] = part.replace("|", "\\|")
    return "`".join(parts)
