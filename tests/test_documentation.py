"""What README.md, CONTRIBUTING.md and the docstrings say, is run."""

from __future__ import annotations

import configparser
import doctest
import importlib
import pathlib
import re
import shlex
import subprocess
import sys
import warnings
from typing import Any

import pytest

from keras_ckpt import compat, runtime

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(r"```{}\n(.*?)```".format(language), README, re.DOTALL)


def small_model() -> Any:
    keras = runtime.keras()
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse")
    return model


def old_files(model: Any) -> None:
    """Writes what the README says is there already."""
    import keras_ckpt

    keras_ckpt.formats.api.write(model, "training_1/cp.ckpt", weights_only=True)
    keras_ckpt.formats.api.write(model, "model.h5", weights_only=False)
    keras_ckpt.formats.api.write(model, "old/cp-0010.ckpt", weights_only=True)
    keras_ckpt.formats.api.write(model, "old/weights.h5", weights_only=True)
    keras_ckpt.formats.api.write(model, "old/model.h5", weights_only=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*no graph to serve it from")
        keras_ckpt.formats.api.write(model, "old/saved_model", weights_only=False)


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: Any) -> dict[str, Any]:
    """A working directory, and the names that the code in the README has not made itself."""
    if not runtime.is_keras_3():
        pytest.skip("shows what Keras 3 does with it")
    import numpy as np

    import keras_ckpt

    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((20, 3)), np.ones((20, 1))
    return {
        "model": small_model(),
        "x": x,
        "y": y,
        "keras": runtime.keras(),
        "keras_ckpt": keras_ckpt,
        "pytest": pytest,
    }


def test_the_code_in_the_readme_runs(place: dict[str, Any], tmp_path: pathlib.Path) -> None:
    model = place["model"]
    training, versions, installed, plugin, all_of_them, for_old, old, served = blocks("python")
    exec(training, place)
    saved = sorted(path.name for path in tmp_path.glob("*"))
    assert [name[:11] for name in saved] == [
        "weights.05-",
        "weights.10-",
        "weights.15-",
        "weights.20-",
    ]
    exec(versions, place)
    exec(installed, place)
    assert {"cp", "old_style.hdf5"} <= {path.name for path in tmp_path.glob("*")}
    assert place["checkpoint"].period == 2
    exec(plugin, place)
    place["test_training"](tmp_path, "2.4")
    old_files(model)
    exec(all_of_them, place)
    assert place["model"] is not model
    exec(for_old, place)
    formats = [
        place["keras_ckpt"].inspect("for_tf2/" + name).format
        for name in ("cp", "weights.h5", "model.h5")
    ]
    assert formats == [
        "TensorFlow checkpoint",
        "HDF5 file of weights in the layout of Keras 2",
        "HDF5 file of a whole model",
    ]
    exec(old, place)
    assert place["model"].compiled
    if not runtime.has_tensorflow() or runtime.backend() == "torch":
        return  # There is no graph.
    exec(served, place)
    assert place["predictions"].shape == (20, 1)


def test_the_commands_in_the_readme_run(
    place: dict[str, Any], tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    testing = pytest.importorskip("click.testing")
    pytest.importorskip("rich")
    if sys.version_info < (3, 9):
        pytest.skip("some of the commands need Python 3.9")
    from keras_ckpt.cli import main

    old_files(place["model"])
    (tmp_path / "my_models.py").write_text(
        "import keras\n"
        "def build():\n"
        "    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_models", raising=False)
    commands = [line for block in blocks("console") for line in block.splitlines() if line]
    (tmp_path / "old_project").mkdir()
    (tmp_path / "old_project" / "train.py").write_text(
        "from tensorflow.keras.callbacks import ModelCheckpoint\n"
        "checkpoint = ModelCheckpoint('w.{epoch}.hdf5', period=5)\n"
        "best = ModelCheckpoint('best.hdf5', save_best_only=True)\n"
    )
    # With findings, and with changes that are not written, as linters and formatters have it.
    ends_with_1 = ("check", "fix")
    assert len(commands) == 10
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "keras-ckpt"
        result = testing.CliRunner().invoke(main, arguments)
        assert result.exit_code == (arguments[0] in ends_with_1), result.output
    assert {"model.keras", "new.weights.h5", "new.keras"} <= {
        path.name for path in tmp_path.glob("*")
    }


def test_the_readme_names_the_newest_releases() -> None:
    assert "Keras 3.0 to {}".format(compat.VERSIONS[-1]) in README
    newest = list(compat.KERAS_OF_TENSORFLOW)[-1]
    assert "TensorFlow 2.0 to {}".format(newest) in README


def test_the_first_command_runs_an_example() -> None:
    first = blocks("sh")[0]
    extras = re.search(r'"\.\[(.*?)\]"', first)
    assert extras is not None
    config = configparser.ConfigParser()
    config.read(str(ROOT / "setup.cfg"))
    assert set(extras.group(1).split(",")) <= set(config["options.extras_require"])
    example = re.search(r"examples/\w+\.py", first)
    assert example is not None and (ROOT / example.group()).exists()
    # The same example as in `tox -e example`, which runs it.
    assert example.group() in (ROOT / "tox.ini").read_text(encoding="utf-8")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"grep -- '(.*?)' README.md", ci)
    assert pattern is not None
    found = [line for line in README.splitlines() if re.search(pattern.group(1), line)]
    assert found == [blocks("sh")[1].strip()]


def test_every_environment_that_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = (ROOT / "tox.ini").read_text(encoding="utf-8")
    for name in re.findall(r"tox -e ([\w.]+)", text):
        family = re.sub(r"\.\d+$", ".{", name)
        assert "[testenv:" + family in listed, name


def layers() -> list[list[set[str]]]:
    """The rooms of each contract in `.importlinter`, from the top down."""
    config = configparser.ConfigParser()
    config.read(str(ROOT / ".importlinter"))
    texts = [config[each].get("layers") for each in config.sections()]
    return [
        [set(line.split(" : ")) for line in text.strip().splitlines()] for text in texts if text
    ]


def test_the_tables_of_rooms_are_those_that_imports_are_held_to() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tables = re.findall(r"\| room \| holds \|\n\|[-|]+\|\n((?:\|.*\n)+)", text)
    rooms = [
        [
            {re.sub(r"(/|\.py)$", "", each) for each in re.findall(r"`(.+?)`", row.split("|")[1])}
            for row in table.splitlines()
        ]
        for table in tables
    ]
    assert rooms == layers()


def test_every_module_stands_in_a_room() -> None:
    rooms = [each for layer in layers()[0] for each in layer] + ["_typing", "__main__"]
    package = ROOT / "keras_ckpt"
    there = {
        path.stem for path in package.iterdir() if path.suffix == ".py" or list(path.glob("*.py"))
    }
    assert there - {"__init__"} | {"compat"} == set(rooms)


def test_contributing_names_the_benchmarks_and_the_scripts_of_tests() -> None:
    named = set(
        re.findall(r"`(?:[\w/]+/)?(\w+)\.py", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    )
    scripts = {path.stem for path in (ROOT / "tests" / "tools" / "formats").glob("*.py")}
    assert {name for name in scripts if name.startswith(("write_", "read_"))} <= named
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} <= named


@pytest.mark.skipif(not runtime.is_keras_3(), reason="the module imports the running Keras")
def test_docstring_examples() -> None:
    for name in ("keras_ckpt.compat",):
        result = doctest.testmod(importlib.import_module(name))
        assert result.attempted and not result.failed


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path: pathlib.Path) -> None:
    if not runtime.is_keras_3():
        pytest.skip("compares with Keras 3's own callback")
    code = "import callback; callback.ROUNDS = 1; callback.main()"
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.path[0] = {!r}; {}".format(str(ROOT / "benchmarks"), code),
        ],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "batch hook" in ran.stdout and "import keras_ckpt" in ran.stdout
