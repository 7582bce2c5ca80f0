"""What old code in the field does, as snippets with what `check` says of them.

Each file in `found/` has snippets of one kind, and `clean/` those that look like findings and are
none. A snippet begins with `=== title`, each of its files with `--- name`. `# expect: KC601` stands
in the line where that is found. `tests/tools/field.py` counts the same in clones of real code.
"""

from __future__ import annotations

import json
import pathlib
import re
from typing import Iterator, NamedTuple

import pytest

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import discovery
from keras_ckpt.migrate.releases.release import release

FOLDER = pathlib.Path(__file__).parent

Place = tuple[str, int, int, str]


class Snippet(NamedTuple):
    title: str
    files: dict[str, str]
    expected: set[tuple[str, int, str]]


def snippets(folder: str) -> Iterator[Snippet]:
    for path in sorted((FOLDER / folder).glob("*.txt")):
        for part in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            title, _, rest = part.partition("\n")
            yield snippet(f"{path.stem}: {title}", rest)


def snippet(title: str, text: str) -> Snippet:
    files: dict[str, str] = {}
    expected: set[tuple[str, int, str]] = set()
    for part in re.split(r"^--- ", text, flags=re.M)[1:]:
        name, _, code = part.partition("\n")
        for match in re.finditer(r"^!expect (\S+) (\d+) (\S+)$\n?", code, flags=re.M):
            expected.add((match[1], int(match[2]), match[3]))
        code = re.sub(r"^!expect .*\n?", "", code, flags=re.M)
        for number, line in enumerate(code.splitlines(), 1):
            found = re.search(r"# expect: ([\w ]+)", line)
            expected |= {(name, number, each) for each in (found[1].split() if found else ())}
        files[name] = code
    return Snippet(title, files, expected)


def content(name: str, code: str) -> str:
    if not name.endswith(".ipynb"):
        return code
    cells = [{"cell_type": "code", "source": each} for each in code.split("# %%\n")]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 2})


EVERY = [*snippets("found"), *snippets("clean")]


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.title)
def test_finds_what_is_expected_and_nothing_else(
    each: Snippet, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, code in each.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(name, code), encoding="utf-8")
    result = checker.check(discovery.find(["."]), release("2.4"))
    found = {(one.path.replace("\\", "/"), one.line, one.code) for one in result.findings}
    assert found == each.expected


def test_there_are_snippets_of_every_kind() -> None:
    found, clean = list(snippets("found")), list(snippets("clean"))
    assert sum(len(each.expected) for each in found) > 100
    assert len(clean) > 10 and not any(each.expected for each in clean)
    assert len({each.title for each in EVERY}) == len(EVERY)
