"""`python -m keras_ckpt` at the top of a clone, where nothing is installed."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path: pathlib.Path) -> pathlib.Path:
    for name in ("keras_ckpt", "compat"):
        shutil.copytree(
            str(ROOT / name), str(tmp_path / name), ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(str(ROOT / "setup.cfg"), str(tmp_path))
    (tmp_path / "old.py").write_text(
        "import keras\nkeras.callbacks.ModelCheckpoint('a.keras', period=2)\n"
    )
    return tmp_path


def run(clone: pathlib.Path, *arguments: str) -> Any:
    unset = ("PYTHONSAFEPATH", "PYTHONPATH")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=str(clone),
        env={name: value for name, value in os.environ.items() if name not in unset},
        capture_output=True,
        text=True,
    )


def test_the_package_and_what_is_beside_it_are_those_of_the_clone(clone: pathlib.Path) -> None:
    code = (
        "import keras_ckpt.compat, keras_ckpt.compat.tf2_4 as one\n"
        "print(keras_ckpt.__file__, keras_ckpt.compat.__file__, one.__file__, sep='\\n')\n"
    )
    ran = run(clone, "-c", code)
    assert ran.stdout.splitlines() == [
        str(clone / "keras_ckpt" / "__init__.py"),
        str(clone / "compat" / "__init__.py"),
        str(clone / "compat" / "tf2_4.py"),
    ], ran.stderr


def test_the_commands_run_in_a_clone(clone: pathlib.Path) -> None:
    pytest.importorskip("click")
    ran = run(clone, "-m", "keras_ckpt", "check", "--from", "2.4", "old.py")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "KC101" in ran.stdout
    code = "import keras_ckpt, sys; print(keras_ckpt.__file__)"
    ran = run(clone, "-m", "keras_ckpt", "run", "-c", code)
    assert ran.stdout.strip() == str(clone / "keras_ckpt" / "__init__.py"), ran.stderr


def test_a_python_without_what_it_needs_says_what_to_do(clone: pathlib.Path) -> None:
    bare = ("-S", "-m", "keras_ckpt")
    for arguments, message in (
        (("check", "old.py"), 'pip install "keras-ckpt[cli]"'),
        (("run", "old.py"), "Python was started with -S"),
    ):
        ran = run(clone, *bare, *arguments)
        assert ran.returncode == 2
        assert message in ran.stderr and "Traceback" not in ran.stderr
    code = (
        "import sys; sys.modules['numpy'] = None; from keras_ckpt.installation import launcher\n"
        "sys.exit(launcher.main(['old.py']))"
    )
    ran = run(clone, "-c", code)
    assert ran.returncode == 2
    assert "keras_ckpt needs numpy, which this Python has not" in ran.stderr
