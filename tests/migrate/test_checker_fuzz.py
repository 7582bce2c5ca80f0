"""No text, however broken, is more than a finding."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import notebook, source
from keras_ckpt.migrate.releases.release import newest, release
from keras_ckpt.migrate.rules.definition import rules

pytestmark = pytest.mark.slow

SITES = pathlib.Path(__file__).resolve().parents[1] / "data" / "call_sites"
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SITES.glob("*.py")))
CODE += "\n".join(rule.before for code, rule in rules().items() if code != "KC001")
LINES = CODE.splitlines(True)
TOKENS = [
    "(",
    ")",
    "[",
    "{",
    "}",
    "*",
    "**",
    ",",
    "=",
    "+=",
    "\n",
    "\n    ",
    "lambda x: ",
    "ä",
    "5",
]
TOKENS += [
    "for x in y: ",
    "if ",
    "del ",
    "global x\n",
    "self.",
    "%",
    "f'{x}'",
    '"',
    "\\",
    "...",
    ":=",
]


def checked(content: bytes, path: str = "x.py") -> None:
    try:
        one = source.from_bytes(path, content)
    except source.Unreadable:
        return
    for old in ("2.0", "2.4", "3.5"):
        for problem in checker.problems_of(one, release(old), newest()):
            finding = checker.finding(one, problem)
            if finding is not None:
                assert 1 <= finding.line <= len(one.lines)
                assert 1 <= finding.column <= len(one.lines[finding.line - 1]) + 1
                assert finding.message
                assert finding.advice


@given(st.text())
def test_any_text(text: str) -> None:
    checked(("ModelCheckpoint " + text).encode("utf-8", "surrogatepass"))


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    checked(content)
    checked(content, "x.ipynb")


@settings(max_examples=200)
@given(st.data())
def test_mutated_code(data: st.DataObject) -> None:
    lines = list(data.draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=30)))
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(lines) - 1))
        begin = data.draw(st.integers(0, len(lines[at])))
        end = data.draw(st.integers(begin, len(lines[at])))
        lines[at] = lines[at][:begin] + data.draw(st.sampled_from(TOKENS)) + lines[at][end:]
    checked(("import tensorflow as tf, keras\n" + "".join(lines)).encode("utf-8"))


@given(st.integers(0, len(LINES)), st.integers(0, len(LINES)), st.sampled_from(TOKENS))
def test_code_with_lines_left_out(begin: int, end: int, token: str) -> None:
    checked("".join(LINES[:begin] + [token] + LINES[end:]).encode("utf-8"))


@given(st.text(alphabet="%!?=\n\\ ax'\"(:", max_size=60))
def test_magics_keep_the_lines(text: str) -> None:
    assert notebook.without_magics(text).count("\n") == text.count("\n")


def test_names_made_of_names_take_no_time() -> None:
    lines = ["x0 = 'a'"] + [f"x{n} = x{n - 1} + x{n - 1}" for n in range(1, 200)]
    lines += ["from keras.callbacks import ModelCheckpoint", "ModelCheckpoint(x199)"]
    checked("\n".join(lines).encode())
    loop = "from keras.callbacks import ModelCheckpoint\nwhile a:\n    a = b\n    b = a\n"
    checked((loop + "    ModelCheckpoint(a, **b)\n").encode())
