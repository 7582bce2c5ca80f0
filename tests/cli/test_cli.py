"""The command line: what it prints, and how it exits."""

from __future__ import annotations

import pathlib

import pytest
from command_line import python, run, write_weights

import keras_ckpt


@pytest.fixture
def weights(tmp_path: pathlib.Path) -> str:
    return write_weights(tmp_path)


def test_help_and_version() -> None:
    assert run("--version") == (0, f"keras-ckpt, version {keras_ckpt.__version__}\n")
    code, output = run("--help")
    assert code == 0
    assert output.startswith("Usage: keras-ckpt [OPTIONS] COMMAND")
    assert "inspect  Show what is in a checkpoint." in output
    assert "convert  Write a checkpoint in another format." in output
    assert run("inspect", "--help")[0] == 0
    assert run("convert", "--help")[0] == 0


@pytest.mark.parametrize("arguments", [["inspect"], ["inspekt"], ["inspect", "a", "b"], ["--no"]])
def test_wrong_use(arguments: list[str]) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert "Error: " in output


def test_as_a_program(weights: str) -> None:
    ran = python("-m", "keras_ckpt", "inspect", weights)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == run("inspect", weights)[1]
    ran = python("-m", "keras_ckpt", "inspect", weights + ".not")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("Error: There is no checkpoint at ")
    assert python("-m", "keras_ckpt", "inspect").returncode == 2


def test_it_starts_with_little() -> None:
    code = "import sys, keras_ckpt.cli; print({'numpy', 'h5py', 'keras'} & set(sys.modules))"
    assert python("-c", code).stdout == "set()\n"


@pytest.mark.parametrize("arguments", [["--help"], ["convert", "--help"], ["convert"]])
def test_help_takes_no_keras(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from keras_ckpt.cli import main\n"
        "try:\n"
        "    main(%r)\n"
        "finally:\n"
        "    print({'keras', 'tensorflow', 'jax', 'torch', 'h5py'} & set(sys.modules))"
    )
    assert python("-c", code % arguments).stdout.endswith("set()\n")


# On a Python that is too old, or one that says that it is.
OLD = """
import click, h5py, rich, sys
if sys.version_info >= (3, 9):
    sys.version_info = (3, 8, 18, "final", 0)
"""


@pytest.mark.slow
def test_what_reads_code_is_refused_by_an_old_python() -> None:
    code = OLD + "from keras_ckpt.cli import main\nmain(sys.argv[1:], prog_name='keras-ckpt')"
    for arguments in (["check", "."], ["fix", "--native", "."], ["diff", "--help"], ["rule"]):
        ran = python("-c", code, *arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        (line,) = ran.stderr.splitlines()
        assert line.startswith("Error: keras_ckpt.migrate needs Python 3.9 or newer, and this is ")
    ran = python("-c", code, "--help")
    assert ran.returncode == 0
    assert "check    Needs Python 3.9 or newer." in ran.stdout
    assert "inspect  Show what is in a checkpoint." in ran.stdout


def test_reading_code_is_refused_to_a_library_by_an_old_python() -> None:
    ran = python("-c", OLD + "from keras_ckpt.migrate import checker")
    assert ran.returncode == 1
    assert "ImportError: keras_ckpt.migrate needs Python 3.9 or newer" in ran.stderr


@pytest.mark.parametrize("package", ["click", "rich"])
def test_without_its_packages(package: str) -> None:
    code = (
        "import runpy, sys; sys.modules[%r] = None\n"
        "sys.argv = ['keras_ckpt', '--version']\n"
        "runpy.run_module('keras_ckpt', run_name='__main__')"
    )
    ran = python("-c", code % package)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert 'pip install "keras-ckpt[cli]"' in ran.stderr
