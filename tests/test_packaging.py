"""Wheel, sdist and both ways of installing give the same import names.

Needs the network for build requirements, so it has a tox environment of its own: `packaging`.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tarfile
import zipfile
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "KERAS_CKPT_PACKAGING" not in os.environ, reason="run by `tox -e packaging`"
    ),
]

#: What every way of installing must give.
CHECK = """
import importlib.util, os, sys
import keras_ckpt, keras_ckpt.compat, keras_ckpt.compat.tf2_4, keras_ckpt.formats
assert "keras" not in sys.modules and "tensorflow" not in sys.modules
assert keras_ckpt.compat.tf2_4.PROFILE.release == "2.4"
assert importlib.util.find_spec("compat") is None, "compat is installed at the top level"
assert importlib.util.find_spec("keras") is None, "installing has pulled Keras"
assert importlib.util.find_spec("tensorflow") is None, "installing has pulled TensorFlow"
where = os.path.dirname(keras_ckpt.__file__)
assert os.path.exists(os.path.join(where, "py.typed"))
print(sorted(name for name in sys.modules if name.startswith("keras_ckpt")))
"""


def run(*command: Any, cwd: pathlib.Path) -> str:
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=str(cwd),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: Any) -> pathlib.Path:
    """The folder with the sdist, and the wheel made from it."""
    folder: pathlib.Path = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


def source_modules() -> set[str]:
    package = {
        "keras_ckpt/" + path.relative_to(ROOT / "keras_ckpt").as_posix()
        for path in (ROOT / "keras_ckpt").rglob("*.py")
    }
    return package | {"keras_ckpt/compat/" + path.name for path in (ROOT / "compat").glob("*.py")}


def test_the_wheel_has_every_module_and_nothing_else(built: pathlib.Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(str(wheel)).namelist())
    code = {name for name in names if ".dist-info/" not in name}
    assert code == source_modules() | {"keras_ckpt/py.typed"}
    assert any(name.endswith("LICENSE") for name in names)


def test_the_sdist_can_be_built_from(built: pathlib.Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(str(sdist)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in ("setup.py", "setup.cfg", "LICENSE", "README.md", "compat/tf2_4.py"):
        assert needed in names


@pytest.mark.parametrize("how", ["wheel", "sdist", "folder", "editable"])
def test_each_way_of_installing_gives_the_same_names(
    how: str, built: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    what = {
        "wheel": lambda: list(built.glob("*.whl")),
        "sdist": lambda: list(built.glob("*.tar.gz")),
        "folder": lambda: [ROOT],
        "editable": lambda: ["-e", ROOT],
    }[how]()
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "-q", *what, cwd=tmp_path)
    names = run(python, "-c", CHECK, cwd=tmp_path)
    expected = run(sys.executable, "-c", CHECK.replace("assert", "assert True or"), cwd=tmp_path)
    assert names == expected


def test_a_repository_can_have_the_hooks(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("pre_commit")
    if not (ROOT / ".git").exists():
        pytest.skip("hooks come from a git repository")
    user = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    hooks = tmp_path / "hooks"
    run("git", "clone", "-q", ROOT, hooks, cwd=tmp_path)
    repository = tmp_path / "repository"
    run("git", "init", "-q", repository, cwd=tmp_path)
    (repository / "train.py").write_text(
        "from tensorflow.keras.callbacks import ModelCheckpoint\n"
        "checkpoint = ModelCheckpoint('w.{epoch}.keras', period=5)\n"
    )
    run("git", "add", ".", cwd=repository)
    run("git", *user, "commit", "-q", "-m", "x", cwd=repository)
    try_repo = [sys.executable, "-m", "pre_commit", "try-repo", hooks]
    environment = dict(os.environ, PRE_COMMIT_HOME=str(tmp_path / "home"))
    said = {"keras-ckpt-check": "KC101", "keras-ckpt-fix": "files were modified"}
    for hook, expected in said.items():
        done = subprocess.run(
            [*try_repo, hook, "--all-files"],
            cwd=str(repository),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 1 and expected in done.stdout, done.stdout
    assert "from keras_ckpt import ModelCheckpoint" in (repository / "train.py").read_text()
