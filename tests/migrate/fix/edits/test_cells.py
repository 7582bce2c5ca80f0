"""Notebooks: only the source of changed cells changes."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

pytest.importorskip("libcst")

from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.migrate.fix import rewrite
from keras_ckpt.migrate.releases.release import newest, release

CELLS = [
    "%matplotlib inline\n!pip install tensorflow\nimport tensorflow as tf\nimport os",
    "%%time\npath = 'w-{epoch}.hdf5'\ncb = tf.keras.callbacks.ModelCheckpoint(path,\n    period=1)"
    "  # é\n!ls -la\n%time model.fit(x, y, callbacks=[cb])",
    "files = !ls\n\nmodel.load_weights('cp.ckpt')\nmodel?",
    "%time m = tf.keras.models.load_model('old_dir')",
    "%%bash\nls ModelCheckpoint",
    "print 'ModelCheckpoint of Python 2'",
]
OURS = [
    CELLS[0] + "\nfrom keras_ckpt import ModelCheckpoint\nimport keras_ckpt",
    CELLS[1].replace("tf.keras.callbacks.", ""),
    CELLS[2].replace("model.load_weights(", "keras_ckpt.load_weights(model, "),
    CELLS[3].replace("tf.keras.models", "keras_ckpt"),
    *CELLS[4:],
]
NATIVE = [
    CELLS[0],
    CELLS[1].replace(".hdf5", ".keras").replace(",\n    period=1", ""),
    *CELLS[2:],
]


def notebook(cells: list[str], as_string: bool) -> dict[str, Any]:
    code = [
        {
            "cell_type": "code",
            "execution_count": number,
            "metadata": {"scrolled": True, "collapsed": False},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["é 1.0\n"]}],
            "source": cell if as_string else cell.splitlines(True),
        }
        for number, cell in enumerate(cells)
    ]
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# ModelCheckpoint – é\n"]}
    about = {"kernelspec": {"name": "python3", "language": "python"}, "a": 1.0}
    return {"nbformat_minor": 2, "cells": [text, *code], "metadata": about, "nbformat": 4}


STYLES: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 4, "ensure_ascii": True},
    {"indent": "\t", "ensure_ascii": False},
    {"separators": (",", ":")},
    {},
]


def written(text: str, to_keras_ckpt: bool) -> str:
    target = rewrite.Target(to_keras_ckpt, release("2.4"), newest())
    return rewrite.rewrite("a.ipynb", text.encode(), target).content.decode()


@pytest.mark.parametrize("as_string", [False, True], ids=["lines", "string"])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("to_keras_ckpt", [True, False], ids=["to-keras-ckpt", "native"])
def test_all_but_the_source_is_the_same_to_the_byte(
    to_keras_ckpt: bool, style: dict[str, Any], end: str, as_string: bool
) -> None:
    before = json.dumps(notebook(CELLS, as_string), **style) + end
    after = json.dumps(notebook(OURS if to_keras_ckpt else NATIVE, as_string), **style) + end
    assert written(before, to_keras_ckpt) == after
    assert written(after, to_keras_ckpt) == after


def test_numbers_and_escapes_around_it_are_not_written_anew() -> None:
    cell = (
        '{"cell_type": "code", "source": ["import keras\\n",   "%s"], "metadata": {"x": 1.50e+02}}'
    )
    text = f'{{ "nbformat": 4, "cells": [{cell}], "metadata": {{"\\u0041": "\\/", "A": 1}} }}  \r\n'
    before = text % "keras.callbacks.ModelCheckpoint(\\u0022a.h\\u0064f5\\u0022)"
    assert written(before, False) == text % 'keras.callbacks.ModelCheckpoint(\\"a.keras\\")'


def test_a_notebook_of_format_3() -> None:
    cell = {"cell_type": "code", "input": ["import keras\n", CALL], "language": "python"}
    content = {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [cell]}]}
    before = json.dumps(content, indent=1)
    assert written(before, False) == before.replace(".hdf5", ".keras")


CALL = "keras.callbacks.ModelCheckpoint('a.hdf5')"


def test_another_byte_order_mark_stays() -> None:
    before = b"\xef\xbb\xbf" + json.dumps(notebook(["import keras\n" + CALL], False)).encode()
    target = rewrite.Target(False, release("2.4"), newest())
    done = rewrite.rewrite("a.ipynb", before, target)
    assert done.content == before.replace(b".hdf5", b".keras")
    (part,) = done.parts
    assert part.cell == 2


@given(
    st.lists(
        st.sampled_from(
            [
                "%matplotlib inline",
                "!ls",
                "x = !ls",
                "%%time",
                "x = 1  # é",
                "",
                "import keras",
                "model?",
                "%time " + CALL,
                CALL,
                "if x:\n    " + CALL,
                "if x:\n    !ls\n    model.load_weights('a')",
                "print 2",
                "keras.callbacks.ModelCheckpoint(\n    'b',\n    period=1)",
            ]
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_magics_survive(lines: list[str], to_keras_ckpt: bool) -> None:
    before = json.dumps(notebook(["import keras", "\n".join(lines)], False))
    try:
        after = written(before, to_keras_ckpt)
    except rewrite.CannotRewrite as error:
        pytest.fail(str(error))
    code = "".join(json.loads(after)["cells"][2]["source"])
    magics = [each for each in "\n".join(lines).split("\n") if each.strip()[:1] in ("%", "!")]
    for magic in magics:
        if "keras" not in magic:
            assert magic in code.split("\n")
    assert code.count("%") == sum(each.count("%") for each in lines)
    assert "#keras-ckpt:" not in code
    assert written(after, to_keras_ckpt) == after


def test_the_diff_names_the_cells(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    testing = pytest.importorskip("click.testing")
    pytest.importorskip("rich")
    from keras_ckpt.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook(CELLS, False)), encoding="utf-8")
    result = testing.CliRunner().invoke(main, ["fix", "--native", "--from", "2.4", "a.ipynb"])
    assert result.exit_code == 1
    assert "--- a.ipynb:cell 3" in result.output
    assert "a.ipynb:cell 4:3:20: KC601 not changed" in result.output
