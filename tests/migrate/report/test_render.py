"""Findings as they are printed."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.report import render, wording
from keras_ckpt.migrate.report.finding import Finding, Result
from keras_ckpt.migrate.rules.definition import rules

SARIF = json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "data" / "sarif.schema.json").read_text()
)
OF_FILE = Finding("d/x.py", 0, 2, 28, "KC101", "period", "It raises: 100%.", "Do.", 2, 36)
OF_CELL = Finding("n.ipynb", 3, 2, 28, "KC202", "model-ending", "It raises.", "Do.", 2, 36)


def result(*findings: Finding, **more: object) -> Result:
    values = {"errors": [], "files": 2, "old": release("2.4"), "new": release("3.8"), **more}
    return Result(list(findings), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")]
)
def test_numbers_have_their_nouns(number: int, expected: str) -> None:
    assert wording.count(number, "file") == expected


def test_text() -> None:
    assert list(render.as_text(result(OF_FILE, OF_CELL, why="as specified"))) == [
        "d/x.py:2:28: KC101 It raises: 100%.",
        "    Do.",
        "n.ipynb:cell 3:2:28: KC202 It raises.",
        "    Do.",
        "2 findings in 2 files, from TF 2.4 (as specified) to Keras 3.8.",
    ]
    assert list(render.as_text(result(old=None))) == [
        "Nothing found in 2 files, checked for Keras 3.8."
    ]
    (last,) = render.as_text(result(old=None, stays=True))
    assert last.endswith("--from tf_keras checks it too.")


def test_json_has_the_cell_of_notebooks_only() -> None:
    of_file, of_cell = json.loads(render.as_json(result(OF_FILE, OF_CELL)))
    assert of_file == {
        "path": "d/x.py",
        "line": 2,
        "column": 28,
        "end_line": 2,
        "end_column": 36,
        "level": "error",
        "code": "KC101",
        "name": "period",
        "message": "It raises: 100%.",
        "advice": "Do.",
        "page": "docs/rules/KC101.md",
    }
    assert of_cell["cell"] == 3
    assert render.as_json(result()) == "[]"


def test_github_escapes_what_its_commands_are_made_of() -> None:
    odd = OF_FILE.__class__(**{**vars(OF_FILE), "path": os.path.join("a,b:c%", "x.py")})
    first, second = render.as_github(result(odd, OF_CELL))
    assert first == (
        "::error file=a%2Cb%3Ac%25/x.py,line=2,endLine=2,col=28,title=KC101 (period)::"
        "It raises: 100%25. Do."
    )
    assert second == (
        "::error file=n.ipynb,title=KC202 (model-ending) in cell 3%2C line 2::It raises. Do."
    )


def test_sarif_names_rules_and_places() -> None:
    log = json.loads(render.as_sarif(result(OF_FILE, OF_CELL, errors=["y.py cannot be read."])))
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (log["version"], [each["id"] for each in driver["rules"]]) == ("2.1.0", list(rules()))
    assert all(each["help"]["markdown"] for each in driver["rules"])
    of_file, of_cell = run["results"]
    for each in run["results"]:
        assert driver["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
    place = of_file["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "d/x.py"
    assert place["region"] == {"startLine": 2, "startColumn": 28, "endLine": 2, "endColumn": 36}
    # The lines of a cell are not those of the file.
    assert "region" not in of_cell["locations"][0]["physicalLocation"]
    assert of_cell["message"]["text"].startswith("Cell 3, line 2: ")
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert not run["invocations"][0]["executionSuccessful"]
    assert notice["message"]["text"] == "y.py cannot be read."


def test_sarif_has_uris(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "a b.py")
    odd = OF_FILE.__class__(**{**vars(OF_FILE), "path": path})
    relative = OF_FILE.__class__(**{**vars(OF_FILE), "path": os.path.join("a b", "é.py")})
    run = json.loads(render.as_sarif(result(odd, relative)))["runs"][0]
    uris = [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for each in run["results"]
    ]
    assert uris == [(tmp_path / "a b.py").as_uri(), "a%20b/%C3%A9.py"]


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("r.json", "["),
        ("r.SARIF", "{"),
        ("r.md", "**keras-ckpt**"),
        ("r.html", "<!DOCTYPE html>"),
        ("r.txt", "d/x.py:2:28: KC101"),
        ("report", "d/x.py:2:28: KC101"),
    ],
)
def test_the_ending_says_how_a_report_is_written(name: str, beginning: str) -> None:
    text = render.by_ending(name)(result(OF_FILE, errors=["y.py cannot be read."]))
    assert text.startswith(beginning)
    # A report that says nothing of what was not read would be no report.
    assert "y.py cannot be read." in text or name == "r.json"


PLACES = st.builds(
    Finding,
    path=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    cell=st.integers(0, 9),
    line=st.integers(1, 999),
    column=st.integers(1, 99),
    code=st.sampled_from(sorted(rules())),
    message=st.text(st.characters(codec="utf-8"), min_size=1),
    advice=st.text(st.characters(codec="utf-8"), min_size=1),
    end_line=st.integers(0, 999),
    end_column=st.integers(0, 99),
)


@given(st.lists(PLACES, max_size=4), st.lists(st.text(min_size=1), max_size=2))
def test_sarif_is_valid(findings: list[Finding], errors: list[str]) -> None:
    """By a schema of the objects that are written, as the standard has them."""
    jsonschema = pytest.importorskip("jsonschema")
    log = json.loads(render.as_sarif(result(*findings, errors=errors)))
    jsonschema.validate(log, SARIF, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    names = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert [names[each["ruleIndex"]] for each in run["results"]] == [f.code for f in findings]
