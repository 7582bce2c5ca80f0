"""`run` of a notebook, and its report, which names cells and lines."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from keras_ckpt import runtime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not runtime.is_keras_3(), reason="the report is about Keras 3"),
]

CELLS = [
    ("markdown", "# Training"),
    ("code", "import keras\nfrom keras.callbacks import ModelCheckpoint\nending = '.hdf5'"),
    ("code", "%time x = 1\n\nold = ModelCheckpoint('w' + ending, save_weights_only=True)\n'done'"),
    ("code", "ModelCheckpoint('a.keras', period=2)  # noqa: KC101\nold = ModelCheckpoint('b')"),
    ("code", "import pathlib\nprint('cwd', pathlib.Path('n.ipynb').exists())"),
]


def notebook(path: pathlib.Path, *more: str) -> None:
    def cell(kind: str, code: str) -> dict[str, Any]:
        of_code = {"outputs": [], "execution_count": None} if kind == "code" else {}
        return {"cell_type": kind, "source": code, "metadata": {}, **of_code}

    # A kernel that is not there: that of the Python with keras_ckpt is used.
    about = {"kernelspec": {"name": "tf24", "display_name": "old", "language": "python"}}
    cells = [cell(*each) for each in [*CELLS, *(("code", code) for code in more)]]
    path.write_text(
        json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 4})
    )


def run(folder: pathlib.Path, *arguments: str, **more: Any) -> Any:
    return subprocess.run(
        [sys.executable, *more.get("python", ()), "-m", "keras_ckpt", "run", *arguments],
        cwd=str(folder),
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.parametrize(("last", "code"), [("print('last')", 0), ("1 / 0", 1)])
def test_a_notebook_is_run_and_reported(tmp_path: pathlib.Path, last: str, code: int) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook(tmp_path / "n.ipynb", last)
    before = (tmp_path / "n.ipynb").read_bytes()
    ran = run(tmp_path, "--report", "r.json", "n.ipynb")
    assert ran.returncode == code, ran.stderr
    assert "'done'" in ran.stdout and "cwd True" in ran.stdout
    assert ("last" in ran.stdout) is not ("ZeroDivisionError" in ran.stderr)
    assert (tmp_path / "n.ipynb").read_bytes() == before
    found = json.loads((tmp_path / "r.json").read_text())
    assert [(each["path"], each["cell"], each["line"], each["code"]) for each in found] == [
        ("n.ipynb", 3, 3, "KC201"),
        ("n.ipynb", 4, 2, "KC202"),
    ]


def test_what_cannot_be_run_says_why(tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.ipynb").write_text("{")
    notebook(tmp_path / "n.ipynb")
    for arguments, message in (
        (("absent.ipynb",), "absent.ipynb cannot be read: No such file or directory"),
        (("broken.ipynb",), "broken.ipynb is not a Jupyter notebook"),
        (("n.ipynb", "--epochs", "3"), "A notebook takes no arguments"),
    ):
        ran = run(tmp_path, *arguments)
        assert ran.returncode == 2
        assert message in ran.stderr and "Traceback" not in ran.stderr


def test_a_missing_package_is_named(tmp_path: pathlib.Path) -> None:
    notebook(tmp_path / "n.ipynb")
    code = (
        "import sys; sys.modules['nbclient'] = None\n"
        "from keras_ckpt.installation import launcher\n"
        "sys.exit(launcher.main(['n.ipynb']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=str(tmp_path), capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert 'pip install "keras-ckpt[notebook]"' in ran.stderr
