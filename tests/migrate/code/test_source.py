"""The code of a file: its text, its places, what is broken and what is silenced."""

from __future__ import annotations

import ast
import json
import pathlib

import pytest

from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.code.source import Unreadable


def of(text: str, path: str = "x.py") -> source.Source:
    return source.from_bytes(path, text.encode())


def of_cells(*cells: str) -> source.Source:
    made = [{"cell_type": "code", "source": each} for each in cells]
    return of(json.dumps({"cells": made}), "x.ipynb")


@pytest.mark.parametrize(
    "content",
    [
        "x = 'é'\n".encode(),
        b"\xef\xbb\xbf" + "x = 'é'\n".encode(),
        "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = 'é'\n".encode("cp1252"),
    ],
)
def test_encodings(content: bytes) -> None:
    one = source.from_bytes("x.py", content)
    assert "x = 'é'" in one.lines


@pytest.mark.parametrize(
    "content",
    [b"x = '\xe9'\n", b"# coding: none\n", b"# coding: hex\n", b"\xef\xbb\xbf# coding: latin-1\n"],
)
def test_what_is_no_text_is_an_error(content: bytes) -> None:
    with pytest.raises(Unreadable, match="x.py cannot be read: it is not text"):
        source.from_bytes("x.py", content)


def test_what_cannot_be_opened_is_an_error(tmp_path: pathlib.Path) -> None:
    for path in (tmp_path / "absent.py", tmp_path):
        with pytest.raises(Unreadable, match="cannot be read: "):
            source.read(str(path))
    with pytest.raises(Unreadable):
        source.read("x\0.py")


def test_lines_are_those_of_the_parser() -> None:
    text = "a\r\nb\rc\nd\fe\x0bf\u2028g"
    one = of(text)
    assert one.lines == ["a", "b", "c", "d\fe\x0bf\u2028g"]


def test_columns_count_characters() -> None:
    one = of("é = f(x)\n")
    tree = one.parse()
    assert tree is not None
    call = next(each for each in ast.walk(tree) if isinstance(each, ast.Call))
    assert (one.start(call), one.ends(call)) == ((1, 5), (1, 9))
    assert one.column(99, 5) == 1


def test_cells_follow_each_other_and_have_their_own_lines() -> None:
    one = of_cells("a = 1\nb = 2", "", "print c", "%time d = 3")
    assert one.text == "a = 1\nb = 2\n\nprint c\nif 1: d = 3" or not one.broken
    assert (one.place(2).line, one.place(2).cell) == (2, 1)
    assert (one.place(5, 7).line, one.place(5, 7).column, one.place(5).cell) == (1, 7, 4)
    assert one.parse() is not None


def test_a_broken_cell_is_noted_if_it_matters() -> None:
    one = of_cells("a = 1", "print ModelCheckpoint", "print 1")
    (only,) = one.broken
    assert (one.place(only.line).cell, only.is_file) == (2, False)
    (of_file,) = of("[]", "x.ipynb").broken
    assert of_file.is_file


@pytest.mark.parametrize(
    ("text", "line"),
    [("x = 1\nprint 'a'\n", 2), ("x = (\n", 1), ("a\0b", 1), ("(" * 5000, 1)],
)
def test_what_cannot_be_parsed_has_a_place(text: str, line: int) -> None:
    one = of(text)
    assert one.parse() is None
    (only,) = one.broken
    assert only.line == line and only.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ModelCheckpoint", True),
        ("m.save('a')", True),
        ("from keras import callbacks\ncallbacks.X", False),
        ("import keras.callbacks as c", True),
        ("import keras", False),
    ],
)
def test_whether_there_can_be_anything(text: str, expected: bool) -> None:
    assert of(text).mentions() is expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa", ("",)),
        ("#NOQA", ("",)),
        ("# noqa: kc101", ("KC101",)),
        ("# noqa:E501,KC101", ("E501", "KC101")),
        ("# noqa: period", ("PERIOD",)),
        ("# noqa: KC102, for the period", ("KC102",)),
        ("# noqa: known", ("",)),
        ("# type: ignore  # noqa: KC1", ("KC1",)),
        ("# noqa-not", None),
        ("# nothing", None),
        ("", None),
    ],
)
def test_what_a_comment_silences(comment: str, expected: tuple[str, ...] | None) -> None:
    assert of(f"x\ny  {comment}\n").silenced([2, 77], {"period"}) == expected


def test_magics_do_not_hide_a_comment() -> None:
    assert of_cells("!ls  # noqa: KC101").silenced([1]) == ("KC101",)


@pytest.mark.parametrize(
    "word",
    [
        *("ModelCheckpoint", "load_weights", "save_weights", "load_model", "save_model"),
        *("latest_checkpoint", "m.save(", "keras.callbacks", "tf.keras.x.callbacks", "autolog"),
        *("WandbCallback", "StarDist2D", "StarDist3D", "CARE", "N2V", "kerastuner", "keras_tuner"),
        *("load_detector", "save_detector"),
    ],
)
def test_the_quick_search_finds_what_the_words_are(word: str) -> None:
    code = f"x = 1\n{word}\n"
    assert source.mentions(code.encode())
    assert source.from_bytes("a.py", code.encode()).mentions()
