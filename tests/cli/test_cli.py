"""The command line: what it prints, and how it exits."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.cli import main


@pytest.fixture
def weights(tmp_path: pathlib.Path) -> str:
    """Weights as Keras 2 saved them, made here so that no Keras is needed."""
    path = str(tmp_path / "w.h5")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.attrs["keras_version"] = b"2.15.0"
        group = file.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/[red]bias\x1b[0m:0"]
        group["dense/kernel:0"] = np.zeros((300, 5), "float32")
        group["dense/[red]bias\x1b[0m:0"] = np.zeros((5,), "float32")
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments, prog_name="keras-ckpt")
    return result.exit_code, result.output


def python(*arguments: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        # Elsewhere than beside the package in the source, which has no keras_ckpt.compat.
        cwd=cwd or tempfile.gettempdir(),
    )


def test_help_and_version() -> None:
    assert run("--version") == (0, f"keras-ckpt, version {keras_ckpt.__version__}\n")
    code, output = run("--help")
    assert code == 0
    assert output.startswith("Usage: keras-ckpt [OPTIONS] COMMAND")
    assert "inspect  Show what is in a checkpoint." in output
    assert "convert  Write a checkpoint in another format." in output
    assert run("inspect", "--help")[0] == 0
    assert run("convert", "--help")[0] == 0


def test_inspect_for_people(weights: str) -> None:
    code, output = run("inspect", weights)
    assert code == 0
    facts = dict(line.split("  ", 1) for line in output.split("\n\n")[0].splitlines())
    facts = {fact: value.strip() for fact, value in facts.items()}
    assert facts["Path"] == weights
    assert facts["Format"] == "HDF5 file of weights in the layout of Keras 2"
    assert facts["Written by"] == "keras 2.15.0"
    assert facts["Model"] == "not recorded"
    assert facts["Variables"] == "2"
    assert facts["Parameters"] == "1,505"
    assert facts["Size"] == "6,020 bytes (5.9 KiB)"
    assert facts["Loads with"] == f"keras_ckpt.load_weights(model, {weights!r})"
    lines = output.split("\n\n")[1].splitlines()
    assert lines[0].split() == ["Variable", "Role", "Type", "Shape", "Bytes"]
    assert lines[1].split() == ["dense/kernel", "weight", "float32", "(300,", "5)", "6,000"]
    # Neither markup nor what a terminal would obey.
    assert lines[2].split()[0] == r"dense/[red]bias\x1b[0m"
    assert all(line == line.rstrip() for line in output.splitlines())


def test_inspect_for_programs(weights: str) -> None:
    code, output = run("inspect", weights, "--json")
    assert code == 0
    found = json.loads(output)
    assert found["parameters"] == 1505
    assert found["variables"][0] == {
        "name": "dense/kernel",
        "shape": [300, 5],
        "dtype": "float32",
        "size": 6000,
        "role": "weight",
    }


def test_errors(tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    for name in ("broken.h5", "absent"):
        code, output = run("inspect", str(tmp_path / name))
        assert code == 1
        assert output.startswith("Error: ")
        assert len(output.splitlines()) == 1


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


_MODULE = """
import keras
def small():
    return keras.Sequential([keras.Input((300,)), keras.layers.Dense(5)])
number = 1
"""


@pytest.fixture
def place(tmp_path: pathlib.Path, weights: str, monkeypatch: Any) -> pathlib.Path:
    """A working directory with weights, and a module whose function makes their model."""
    if not runtime.is_keras_3():
        pytest.skip("converts on Keras 3")
    (tmp_path / "the_models.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "the_models", raising=False)
    return tmp_path


def test_convert(place: pathlib.Path) -> None:
    keras = runtime.keras()
    done = run("convert", "w.h5", "m.keras", "--model", "the_models:small")
    assert done == (0, "Wrote m.keras\n")
    model = keras.models.load_model("m.keras")
    assert [value.shape for value in model.get_weights()] == [(300, 5), (5,)]
    assert not np.any(model.get_weights()[0])
    # The model may be in a file, too, and so may what a whole one is made from.
    assert run("convert", "w.h5", "cp", "--model", "m.keras")[0] == 0
    assert keras_ckpt.inspect("cp").format == "TensorFlow checkpoint"
    assert run("convert", "m.keras", "m.h5", "--import", "the_models", "-q") == (0, "")
    assert keras_ckpt.inspect("m.h5").format == "HDF5 file of a whole model"
    assert run("convert", "m.h5", "w.weights.h5") == (0, "Wrote w.weights.h5\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent", "m.keras"], "There is no checkpoint at absent."),
        (["w.h5", "m.keras"], "holds weights and no model. Give the model that they are of"),
        (["w.h5", "directory.keras", "--model", "the_models:small"], "Is a directory"),
        (["w.h5", "m.keras", "--model", "the_models:large"], "the_models has no function large"),
        (["w.h5", "m.keras", "--model", "the_models:number"], "the_models has no function number"),
        (["w.h5", "m.keras", "--model", "no_models:small"], "No module named 'no_models'"),
        (["w.h5", "m.keras", "--model", ":small"], "There is no checkpoint at :small"),
        (["w.h5", "m.keras", "--import", "no_models"], "No module named 'no_models'"),
    ],
)
def test_convert_says_what_is_wrong(
    place: pathlib.Path, arguments: list[str], message: str
) -> None:
    (place / "directory.keras").mkdir()
    code, output = run("convert", *arguments)
    assert code == 1
    assert output.startswith("Error: ") and message in output
    # Errors about the file speak of arguments: the options that stand for them come after.
    is_of_file = "There is no" not in message and "weights and no model" in message
    assert len(output.splitlines()) == (3 if is_of_file else 1)
    assert ("--no-compile" in output) == is_of_file
    assert not (place / "m.keras").exists()


def told(stderr: str) -> list[str]:
    """The lines that are not TensorFlow's own log, some of which no setting keeps it from."""
    logs = r"[IW]\d{4} |\d{4}-\d\d-\d\d |WARNING: All log messages before absl"
    return [line for line in stderr.splitlines() if not re.match(logs, line)]


def test_convert_of_a_model_with_a_metric_of_the_users(place: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.save("dice.h5")
    compiled = {
        "loss": "mse",
        # A function of the user's, as TF 2.4 told of it.
        "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"fn": "dice_coef"}}]],
        "optimizer_config": {"class_name": "SGD", "config": {"learning_rate": 0.1}},
    }
    with h5py.File("dice.h5", "a") as file:
        file.attrs["training_config"] = json.dumps(compiled).encode()
    code, output = run("convert", "dice.h5", "dice.keras")
    assert code == 1 and "dice" in output and "--no-compile" in output
    assert run("convert", "dice.h5", "dice.keras", "--no-compile") == (0, "Wrote dice.keras\n")
    assert not keras.models.load_model("dice.keras").compiled


@pytest.mark.parametrize("target", ["m.onnx", "m.pkl", "weights.NPZ"])
def test_convert_writes_no_formats_of_others(place: pathlib.Path, target: str) -> None:
    exit_code, output = run("convert", "w.h5", target, "--model", "the_models:small")
    assert exit_code == 1
    assert "has the ending of a format that is not written here" in output
    assert not (place / target).exists()


@pytest.mark.slow
def test_convert_as_a_program(place: pathlib.Path) -> None:
    command = ["-m", "keras_ckpt", "convert", "w.h5"]
    given = ["--model", "the_models:small"]
    ran = python(*command, "saved", *given, "--quiet", cwd=str(place))
    assert (ran.returncode, ran.stdout, told(ran.stderr)) == (0, "", [])
    ran = python(*command, "m.keras", *given, cwd=str(place))
    # No bar in a pipe.
    assert (ran.returncode, ran.stdout, told(ran.stderr)) == (0, "Wrote m.keras\n", [])
    before = (place / "m.keras").read_bytes()
    ran = python(*command, "m.keras", cwd=str(place))
    assert (ran.returncode, ran.stdout, len(told(ran.stderr))) == (1, "", 3)
    assert told(ran.stderr)[0].startswith("Error: ")
    assert (place / "m.keras").read_bytes() == before


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
