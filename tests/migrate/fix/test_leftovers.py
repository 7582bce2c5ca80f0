"""What is found in rewritten code, and nothing is said of yet."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate.fix import leftovers, project
from keras_ckpt.migrate.fix.answers import Kind, Note
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.releases.release import newest, release

HEAD = "import sys\nimport keras\nmodel = keras.Sequential()\n"


def left(to_keras_ckpt: bool = False, **files: str) -> leftovers.Leftovers:
    contents = {name.replace("_", "."): code.encode() for name, code in files.items()}
    target = Target(to_keras_ckpt, release("2.4"), newest())
    return leftovers.leftovers(contents, project.rewrite_all(contents, target), target)


def notes(to_keras_ckpt: bool = False, **files: str) -> list[Note]:
    return left(to_keras_ckpt, **files).notes


def test_what_cannot_be_followed_is_named() -> None:
    (note,) = notes(a_py=HEAD + "model.save_weights(sys.argv[1])\n")
    assert (note.path, note.line, note.code) == ("a.py", 4, "KC902")
    assert note.kind is Kind.NOT_FOLLOWED and not note.is_left
    assert note.text.startswith("not followed: How this path ends is not known")


def test_what_is_named_already_is_not_named_again() -> None:
    assert notes(a_py=HEAD + "model.load_weights('a.ckpt')\n") == []
    assert notes(True, a_py=HEAD + "model.save_weights(sys.argv[1])\n") == []


def test_the_line_is_that_of_the_code_as_it_was() -> None:
    code = HEAD + "model.save_weights('below/w')\nmodel.save_weights(sys.argv[1])\n"
    (note,) = notes(a_py=code)
    assert note.line == 5


def test_a_file_that_cannot_be_parsed_is_named() -> None:
    (note,) = notes(a_py="import keras\nkeras.models.load_model(\n")
    assert note.code == "KC001" and note.is_left


def test_cells_are_named() -> None:
    cells = [{"cell_type": "code", "source": HEAD + "model.save_weights(sys.argv[1])"}]
    text = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 2})
    (note,) = notes(a_ipynb=text)
    assert (note.cell, note.line) == (1, 4)


def test_what_another_change_has_mended_is_not_left() -> None:
    code = (
        HEAD
        + """
model.compile(loss="mse")
model.fit(x, y, callbacks=[keras.callbacks.ModelCheckpoint("m.hdf5")])
keras.models.load_model("m.hdf5")
"""
    )
    (note,) = left(a_py=code).mended
    assert note.code == "KC606"
    assert not left(a_py=code.replace("m.hdf5", "m.h5")).mended
