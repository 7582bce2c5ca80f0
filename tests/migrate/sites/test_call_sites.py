"""Real ways of writing it, each line with what is to be found there."""

from __future__ import annotations

import pathlib
import re

import pytest

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.releases.release import release

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "data" / "call_sites"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.py")))
def test_finds_what_is_there_and_nothing_else(name: str) -> None:
    path = FOLDER / name
    expected = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.search(r"# expect: ([\w ]+)", line)
        expected += [(number, code) for code in (match[1].split() if match else [])]
    result = checker.check([str(path)], release("2.4"))
    assert [(each.line, each.code) for each in result.findings] == expected
    assert len(expected) >= 5
