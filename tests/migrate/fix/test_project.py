"""What `fix --native` makes of several files: a name is changed in all of them, or in none."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("libcst")

from click.testing import CliRunner, Result

from keras_ckpt.cli import main
from keras_ckpt.migrate.code import modules

WRITES = """\
from keras.callbacks import ModelCheckpoint

best = ModelCheckpoint('ckpt/best.hdf5', save_best_only=True)
"""
READS = "from keras.models import load_model\n\nmodel = load_model('ckpt/best.hdf5')\n"
MORE = "Whatever else reads them, elsewhere, has to be changed, too."


@pytest.fixture(autouse=True)
def here(tmp_path: pathlib.Path, monkeypatch: Any) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def native(here: pathlib.Path, *arguments: str, **files: str) -> Result:
    """Returns the result for files, of which the names are given without `.py`."""
    for name, code in files.items():
        (here / (name + ".py")).write_text(code)
    named = [name + ".py" for name in files]
    command = ["fix", "--native", "--from", "2.4", "--write", *arguments, *named]
    return CliRunner().invoke(main, command)


def code(here: pathlib.Path, name: str) -> str:
    return (here / (name + ".py")).read_text()


@pytest.mark.parametrize(
    "reads",
    [
        READS,
        READS.replace("'ckpt/best.hdf5'", "os.path.join(directory, 'best.hdf5')"),
        READS.replace("'ckpt/best.hdf5'", "'../ckpt/best.hdf5'"),
        "import os\n\nprint(os.path.exists('ckpt/best.hdf5'))\n",
        "from keras.models import load_model\n\nPATH = 'ckpt/best.hdf5'\nm = load_model(PATH)\n",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_both_files_are_edited(here: pathlib.Path, reads: str, first: bool) -> None:
    pair = {"train": WRITES, "predict": reads}
    result = native(here, **(pair if first else dict(reversed(list(pair.items())))))
    assert result.exit_code == 0
    assert code(here, "train") == WRITES.replace("best.hdf5", "best.keras")
    assert code(here, "predict") == reads.replace("best.hdf5", "best.keras")
    assert "in 2 files" in result.output
    again = native(here, train=code(here, "train"), predict=code(here, "predict"))
    assert again.output == "No changes made.\n"


@pytest.mark.parametrize(
    ("other", "line", "why"),
    [
        (READS + "upload('ckpt/best.hdf5')\n", 3, "used for something else, in line 4"),
        ("CONFIG = {'model': 'ckpt/best.hdf5'}\n", 1, "used for something else, in line 1"),
        (WRITES.replace("True", "True, period=3"), 3, "in line 3, needs keras_ckpt"),
        (WRITES.replace("save_best_only", "save_weights_only"), 3, "both weights and whole models"),
        (
            "from tf_keras.models import load_model\nload_model('ckpt/best.hdf5')\n",
            2,
            "is of tf_keras",
        ),
    ],
)
def test_both_are_left_and_the_other_is_named(
    here: pathlib.Path, other: str, line: int, why: str
) -> None:
    result = native(here, train=WRITES, other=other)
    assert code(here, "train") == WRITES
    assert code(here, "other") == other
    printed_lines = [each for each in result.output.splitlines() if each.startswith("train.py:3:")]
    assert len(printed_lines) == 1
    assert f"KC202 not changed: `ckpt/best.hdf5` in other.py, line {line}," in printed_lines[0]
    assert why in printed_lines[0]


def test_a_third_file_decides_for_all(here: pathlib.Path) -> None:
    # Only the second has both names.
    second = READS + "from_here = load_model('ckpt/{epoch}.hdf5')\n"
    second = second.replace("'ckpt/best.hdf5'", "'ckpt/{epoch}.hdf5'.format(epoch='best')")
    third = "upload('ckpt/7.hdf5')\n"
    result = native(here, train=WRITES, second=second, third=third)
    assert code(here, "train") == WRITES
    assert code(here, "second") == second
    assert code(here, "third") == third
    assert "in second.py, line 3" in result.output


def test_weights_that_are_read_elsewhere(here: pathlib.Path) -> None:
    writes = (
        "from keras.callbacks import ModelCheckpoint\n"
        "ModelCheckpoint('w.{epoch:02d}.h5', save_weights_only=True)\n"
    )
    reads = "import keras\nm = keras.Sequential()\nm.load_weights('w.07.h5')\n"
    native(here, train=writes, predict=reads)
    assert code(here, "train") == writes.replace("}.h5", "}.weights.h5")
    assert code(here, "predict") == reads.replace("07.h5", "07.weights.h5")


def test_other_files_of_that_ending_stay(here: pathlib.Path) -> None:
    other = "import h5py\n\ndata = h5py.File('data/images.hdf5')\nm = load('ckpt/last.hdf5')\n"
    result = native(here, train=WRITES, other=other)
    assert code(here, "train") != WRITES
    assert code(here, "other") == other
    assert "other.py" not in result.output


def test_a_template_of_nothing_else_is_not_every_name(here: pathlib.Path) -> None:
    other = "from keras.models import load_model\n\nload_model('old')\nopen('data.txt')\n"
    writes = WRITES.replace("ckpt/best.hdf5", "{epoch}")
    result = native(here, train=writes, other=other)
    assert code(here, "train") == writes.replace("{epoch}", "{epoch}.keras")
    assert code(here, "other") == other
    assert [each for each in result.output.splitlines() if "data.txt" in each] == []


def test_a_name_that_fills_a_template_stays_with_it(here: pathlib.Path) -> None:
    writes = WRITES.replace("ckpt/best.hdf5", "w.{epoch}")
    result = native(here, train=writes, other="upload('w.7')\n")
    assert code(here, "train") == writes
    assert "`w.7` in other.py, line 1" in result.output


def test_a_notebook_reads_it(here: pathlib.Path) -> None:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    content = {
        "cells": [dict(cell, source=["x = 1\n"]), dict(cell, source=READS.splitlines(True))],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    (here / "look.ipynb").write_text(json.dumps(content, indent=1))
    native(here, "look.ipynb", train=WRITES)
    assert code(here, "train") == WRITES.replace("best.hdf5", "best.keras")
    after = json.loads((here / "look.ipynb").read_text())
    assert after["cells"][1]["source"][-1] == "model = load_model('ckpt/best.keras')\n"
    assert after["cells"][0] == content["cells"][0]


def test_every_rename_has_a_note(here: pathlib.Path) -> None:
    result = native(here, train=WRITES)
    assert (
        "train.py:3:24: KC202 `best.hdf5` is now `best.keras`, in another format. Files from "
        f"before are read by `keras-ckpt convert` and `keras_ckpt.load_model`. {MORE}"
    ) in result.output
    weights = WRITES.replace("save_best_only", "save_weights_only")
    result = native(here, train=weights)
    assert "`best.weights.h5`" in result.output and "`keras_ckpt.load_weights`" in result.output
    assert MORE not in native(here, train=WRITES.replace(".hdf5", ".keras")).output


def test_code_that_stays_is_read_once(here: pathlib.Path, monkeypatch: Any) -> None:
    seen: list[tuple[str, bytes]] = []
    real = modules.from_bytes

    def from_bytes(path: str, content: bytes) -> Any:
        seen.append((path, content))
        return real(path, content)

    monkeypatch.setattr(modules, "from_bytes", from_bytes)
    changed, stays = "keras.models.load_model('below/a')", "keras.models.load_model('b.h5')"
    for name, text in (("a", changed), ("b", stays), ("c", changed)):
        cell = {"cell_type": "code", "source": "import keras\n" + text, "metadata": {}}
        cell.update(execution_count=None, outputs=[])
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (here / f"{name}.ipynb").write_text(json.dumps(notebook))
    done = CliRunner().invoke(main, ["fix", "--to-keras-ckpt", "--from", "2.4", "--write", "."])
    assert done.exit_code == 0, done.output
    assert "keras_ckpt" in (here / "a.ipynb").read_text()
    assert seen.count(("b.ipynb", (here / "b.ipynb").read_bytes())) == 1
    # One that changes is read as it was, and as it is.
    assert {path for path, _ in seen} == {"a.ipynb", "b.ipynb", "c.ipynb"}
    assert len(set(seen)) == 5
    assert max(seen.count(each) for each in seen) <= 2
