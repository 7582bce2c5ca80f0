"""Findings as text, JSON, SARIF 2.1.0 and as annotations of GitHub, and all kinds by name."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Callable, Iterator
from urllib.parse import quote

from keras_ckpt.migrate.report import pages
from keras_ckpt.migrate.report.finding import Finding, Result
from keras_ckpt.migrate.report.html_page import as_html
from keras_ckpt.migrate.report.markdown import as_markdown
from keras_ckpt.migrate.report.wording import VERSION, summary
from keras_ckpt.migrate.rules.definition import rules

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(result: Result) -> Iterator[str]:
    """Returns lines: one for what happens, one for what to write, and the summary."""
    for each in result.findings:
        yield f"{each.where}: {each.code} {each.message}"
        yield f"    {each.advice}"
    yield summary(result)


def as_json(result: Result) -> str:
    """Returns a list of objects, one for each finding."""
    return json.dumps([each.to_dict() for each in result.findings], indent=2)


def as_github(result: Result) -> Iterator[str]:
    """Returns the commands that annotate the lines of a pull request."""
    for each in result.findings:
        place = f",line={each.line},endLine={max(each.end_line, each.line)},col={each.column}"
        title = f"{each.code} ({each.name})"
        if each.cell:
            # Its lines are those of the cell, not of the file.
            place = ""
            title += f" in cell {each.cell}, line {each.line}"
        path = _escaped_property(each.path.replace(os.sep, "/"))
        text = _escaped(f"{each.message} {each.advice}")
        level = "error" if each.level == "error" else "notice"
        yield f"::{level} file={path}{place},title={_escaped_property(title)}::{text}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(result: Result) -> str:
    """Returns a log of SARIF 2.1.0, with the pages of the rules as their help."""
    codes = list(rules())
    run = {
        "tool": {
            "driver": {
                "name": "keras-ckpt",
                "version": VERSION,
                "rules": [_sarif_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each, codes) for each in result.findings],
        "invocations": [
            {
                "executionSuccessful": not result.errors,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": error}} for error in result.errors
                ],
            }
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _sarif_rule(code: str) -> dict[str, object]:
    rule = rules()[code]
    page = pages.page(rule)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": "note" if rule.informs else "error"},
    }


def _sarif_result(each: Finding, codes: list[str]) -> dict[str, object]:
    location: dict[str, object] = {"artifactLocation": {"uri": _uri(each.path)}}
    text = f"{each.message} {each.advice}"
    if each.cell:
        # Its lines are those of the cell, not of the file.
        text = f"Cell {each.cell}, line {each.line}: {text}"
    else:
        location["region"] = {
            "startLine": each.line,
            "startColumn": each.column,
            "endLine": max(each.end_line, each.line),
            "endColumn": max(each.end_column, 1),
        }
    return {
        "ruleId": each.code,
        "ruleIndex": codes.index(each.code),
        "level": each.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def _uri(path: str) -> str:
    if os.path.isabs(path):
        return pathlib.Path(path).as_uri()
    return quote(path.replace(os.sep, "/"))


#: What prints each format other than text.
WHOLE: dict[str, Callable[[Result], str]] = {
    "json": as_json,
    "sarif": as_sarif,
    "github": lambda result: "\n".join(as_github(result)),
    "markdown": as_markdown,
    "html": as_html,
}

#: The formats of files by their endings.
_ENDINGS = {
    ".json": "json",
    ".sarif": "sarif",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
}


def by_ending(path: str) -> Callable[[Result], str]:
    """Returns what makes the report for a file of this name; text if the ending says nothing."""
    format = _ENDINGS.get(os.path.splitext(path)[1].lower())
    return _as_whole_text if format is None else WHOLE[format]


def _as_whole_text(result: Result) -> str:
    return "\n".join([*as_text(result), *(f"Error: {each}" for each in result.errors)])
