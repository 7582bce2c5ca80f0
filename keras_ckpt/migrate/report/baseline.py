"""A baseline: the findings that a team knows of, so that only new ones are reported.

A finding is recognized by its file, its rule and the code that it is about, wherever in the file
that stands now.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import os
from typing import Iterable, NamedTuple

from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.report.finding import Finding, Result

_VERSION = 1
_HINT = "`--update-baseline` writes it."


class BadBaseline(Exception):
    """A file that is no baseline; the message names it and says what to do."""


class Known(NamedTuple):
    """What a finding is recognized by.

    Args:
        path: the file, from the folder of the baseline, with slashes.
        code: of the rule.
        text: the code that it is about, without the spaces that formatting changes.
    """

    path: str
    code: str
    text: str


def without_known(result: Result, path: str) -> Result:
    """Returns a result without the findings that a baseline has.

    Args:
        result: what was found.
        path: the baseline.

    Raises:
        BadBaseline: if it cannot be read.
    """
    left = collections.Counter(_read(path))
    new = []
    for finding, known in _known(result.findings, path):
        if left[known]:
            left[known] -= 1
        else:
            new.append(finding)
    return dataclasses.replace(result, findings=new, known=len(result.findings) - len(new))


def text_of(result: Result, path: str) -> str:
    """Returns what stands in a baseline that has all findings of a result.

    Args:
        result: what was found.
        path: where the baseline will be.
    """
    known = sorted(each for _, each in _known(result.findings, path))
    found = {"version": _VERSION, "findings": [each._asdict() for each in known]}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _read(path: str) -> list[Known]:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise BadBaseline(f"{path} cannot be read: {error.strerror}. {_HINT}") from error
    except ValueError as error:
        raise BadBaseline(f"{path} is not a baseline: {error}. {_HINT}") from error
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise BadBaseline(f"{path} is not a baseline of this version of keras_ckpt. {_HINT}")
    try:
        return [Known(each["path"], each["code"], each["text"]) for each in content["findings"]]
    except (KeyError, TypeError) as error:
        raise BadBaseline(f"{path} is not a baseline: {error!r}. {_HINT}") from error


def _known(findings: Iterable[Finding], path: str) -> list[tuple[Finding, Known]]:
    folder = os.path.dirname(os.path.abspath(path))
    sources: dict[str, source.Source] = {}
    found = []
    for each in findings:
        if each.path not in sources:
            sources[each.path] = source.read(each.path)
        shown = os.path.abspath(each.path)
        with contextlib.suppress(ValueError):  # On another drive there is no such path.
            shown = os.path.relpath(shown, folder)
        text = _text(sources[each.path], each)
        found.append((each, Known(shown.replace(os.sep, "/"), each.code, text)))
    return found


def _text(code: source.Source, each: Finding) -> str:
    """Returns the code that a finding is about, in one line."""
    firsts = {number: first for first, number in code.cells}
    offset = firsts.get(each.cell, 1) - 1
    lines = code.lines[each.line - 1 + offset : max(each.end_line, each.line) + offset]
    if lines and each.end_column:
        lines[-1] = lines[-1][: each.end_column - 1]
    if lines:
        lines[0] = lines[0][each.column - 1 :]
    return " ".join(" ".join(lines).split())
