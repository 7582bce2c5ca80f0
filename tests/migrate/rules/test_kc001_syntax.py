"""Code that cannot be parsed: once, where it breaks, and only where it matters."""

from __future__ import annotations

import json
import pathlib

import pytest

from keras_ckpt.migrate import checker

GOOD = "from keras.callbacks import ModelCheckpoint\n"


def checked(path: pathlib.Path, text: str) -> list[tuple[int, int, str]]:
    path.write_text(text)
    result = checker.check([str(path)])
    assert not result.errors
    assert {each.code for each in result.findings} <= {"KC001"}
    return [(each.cell, each.line, each.message) for each in result.findings]


@pytest.mark.parametrize(
    "broken",
    [
        "print 'done'",
        "raise ValueError, 'done'",
        "exec 'x = 1' in scope",
        "x = `1`",
        "def f(a, (b, c)): pass",
        "x = 0777",
        "x = (",
    ],
)
def test_of_python_2_the_line_is_named(broken: str, tmp_path: pathlib.Path) -> None:
    ((_, line, message),) = checked(tmp_path / "x.py", GOOD + broken + "\n")
    assert line in (2, 3)
    assert message.startswith("Python 3.") and " cannot parse this: " in message


def test_a_file_without_the_names_may_be_anything(tmp_path: pathlib.Path) -> None:
    assert checked(tmp_path / "x.py", "print 'done'\n") == []


def test_one_broken_cell_leaves_the_others(tmp_path: pathlib.Path) -> None:
    cells = [GOOD, "print ModelCheckpoint", "print 1", "ModelCheckpoint('a.keras')"]
    made = [{"cell_type": "code", "source": each} for each in cells]
    text = json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 2})
    assert [each[:2] for each in checked(tmp_path / "x.ipynb", text)] == [(2, 1)]


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: KC001", "# noqa: syntax"])
def test_a_comment_silences_it(comment: str, tmp_path: pathlib.Path) -> None:
    assert checked(tmp_path / "x.py", f"{GOOD}print 'done'  {comment}\n") == []
