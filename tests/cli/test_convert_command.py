"""`keras-ckpt convert`: what it writes, and what it says of what it cannot."""

from __future__ import annotations

import json
import pathlib
import re
import sys
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import python, run, write_weights

import keras_ckpt
from keras_ckpt import runtime


@pytest.fixture
def weights(tmp_path: pathlib.Path) -> str:
    return write_weights(tmp_path)


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


def own_lines(stderr: str) -> list[str]:
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
    assert (ran.returncode, ran.stdout, own_lines(ran.stderr)) == (0, "", [])
    ran = python(*command, "m.keras", *given, cwd=str(place))
    # No bar in a pipe.
    assert (ran.returncode, ran.stdout, own_lines(ran.stderr)) == (0, "Wrote m.keras\n", [])
    before = (place / "m.keras").read_bytes()
    ran = python(*command, "m.keras", cwd=str(place))
    assert (ran.returncode, ran.stdout, len(own_lines(ran.stderr))) == (1, "", 3)
    assert own_lines(ran.stderr)[0].startswith("Error: ")
    assert (place / "m.keras").read_bytes() == before
