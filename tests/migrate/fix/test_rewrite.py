"""Rewriting: all code that there is, twice, and the forms that a file may have."""

from __future__ import annotations

import ast
import io
import pathlib
import tokenize
from typing import Iterator

import pytest

pytest.importorskip("libcst")

from snippets import codes, fixed

from keras_ckpt.migrate.code.source import Unreadable
from keras_ckpt.migrate.fix import rewrite
from keras_ckpt.migrate.fix.rewrite import Target
from keras_ckpt.migrate.releases.release import newest, release
from keras_ckpt.migrate.rules.definition import rules

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"


def comments(code: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return sorted(each.string for each in tokens if each.type == tokenize.COMMENT)


def all_code() -> Iterator[tuple[str, str, str, str]]:
    for rule in rules().values():
        old, new = rule.examples or ("2.4", newest().name)
        for name in ("before", "after"):
            yield f"{rule.code}-{name}", getattr(rule, name), old, new
    folders = (DATA / "call_sites", DATA / "fix" / "scripts", ROOT / "examples", ROOT / "tests")
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            yield path.stem, path.read_text(encoding="utf-8"), "2.4", newest().name


CODE = list(all_code())


@pytest.mark.parametrize("to_keras_ckpt", [True, False], ids=["to-keras-ckpt", "native"])
@pytest.mark.parametrize(("name", "code", "old", "new"), CODE, ids=[each[0] for each in CODE])
def test_the_second_time_changes_nothing_and_nothing_is_left_unsaid(
    name: str, code: str, old: str, new: str, to_keras_ckpt: bool
) -> None:
    done = fixed(code, to_keras_ckpt, old, new)
    after = done.content.decode()
    again = fixed(after, to_keras_ckpt, old, new)
    assert again.content.decode() == after
    assert not again.changes
    if after == code:
        assert not done.changes
    else:
        ast.parse(after)
        assert comments(after) == comments(code)
    left = codes(after, old, new)
    noted = sorted(each.code for each in done.notes if each.is_left)
    assert [each for each in left if each not in noted] == []
    if to_keras_ckpt and name != "KC601-after":
        assert set(left) <= set(noted)


CALL = "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('é.hdf5')  # é\n"


def rewritten(content: bytes, path: str = "x.py", **more: object) -> rewrite.Rewritten:
    target = Target(False, release("2.4"), newest(), **more)  # type: ignore[arg-type]
    return rewrite.rewrite(path, content, target)


@pytest.mark.parametrize(
    "content",
    [
        CALL.encode(),
        b"\xef\xbb\xbf" + CALL.encode(),
        b"# coding: latin-1\n" + CALL.encode("latin-1"),
        b"#!/usr/bin/env python\n# -*- coding: cp1252 -*-\n" + CALL.encode("cp1252"),
        CALL.replace("\n", "\r\n").encode(),
        CALL.rstrip("\n").encode(),
        CALL.replace("\n", "\n\f\n").encode(),
        CALL.replace("ModelCheckpoint('", "x = 'é'; ModelCheckpoint('").encode(),
        CALL.replace("(", "\\\n(").encode(),
    ],
)
def test_encoding_and_line_ends_stay(content: bytes) -> None:
    done = rewritten(content)
    assert done.content == content.replace(b".hdf5", b".keras")
    assert done.changes == 1
    (part,) = done.parts
    assert part.cell == 0
    assert part.after == part.before.replace(".hdf5", ".keras")


def test_line_ends_that_libcst_does_not_keep_are_left() -> None:
    with pytest.raises(rewrite.CannotRewrite, match="LibCST does not give it back"):
        rewritten(CALL.replace("\n", "\r").encode())


def test_what_is_not_selected_stays() -> None:
    content = CALL.replace("')", "', period=1)").encode()
    done = rewritten(content, selected=lambda code: code == "KC101")
    assert done.content == CALL.encode()
    assert done.notes == []


def test_what_is_silenced_stays() -> None:
    content = CALL.replace("# é", "# noqa: KC202").encode()
    assert rewritten(content).content == content


@pytest.mark.parametrize("tf_keras", [False, True])
def test_what_is_of_tf_keras_stays_unless_asked_for(tf_keras: bool) -> None:
    content = b"import tf_keras\ntf_keras.callbacks.ModelCheckpoint('a.keras', period=1)\n"
    target = Target(False, release("tf_keras"), newest(), tf_keras=tf_keras)
    done = rewrite.rewrite("x.py", content, target)
    assert (done.content == content) is not tf_keras


@pytest.mark.parametrize("content", [b"", b"print 'ModelCheckpoint'\n", b"import os\n"])
def test_what_cannot_be_read_or_has_nothing_is_returned(content: bytes) -> None:
    done = rewritten(content)
    assert (done.content, done.changes, done.notes, done.parts) == (content, 0, [], [])


def test_what_is_no_text_is_an_error() -> None:
    with pytest.raises(Unreadable):
        rewritten(b"\xff\xfe")
