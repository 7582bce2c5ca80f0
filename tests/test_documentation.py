"""What README.md, CONTRIBUTING.md and the docstrings say, is run."""

from __future__ import annotations

import configparser
import doctest
import importlib
import pathlib
import re
import subprocess
import sys
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


@pytest.mark.skipif(not runtime.is_keras_3(), reason="shows what Keras 3 does with it")
def test_the_code_in_the_readme_runs(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    import numpy as np

    import keras_ckpt

    monkeypatch.chdir(tmp_path)
    model = small_model()
    names: dict[str, Any] = {"model": model, "x": np.zeros((20, 3)), "y": np.ones((20, 1))}
    code = blocks("python")
    assert len(code) == 3
    exec(code[0], names)
    saved = sorted(path.name for path in tmp_path.glob("*"))
    assert [name[:11] for name in saved] == [
        "weights.05-",
        "weights.10-",
        "weights.15-",
        "weights.20-",
    ]
    exec(code[1], names)
    keras_ckpt.formats.write(model, "training_1/cp.ckpt", weights_only=True)
    keras_ckpt.formats.write(model, "model.h5", weights_only=False)
    exec(code[2], names)
    assert names["model"] is not model


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


def test_every_room_that_contributing_names_is_there_and_none_is_left_out() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:keras_ckpt/)?(\w+)\.py`", text))
    there = {path.stem for path in (ROOT / "keras_ckpt").glob("*.py")}
    assert there <= named | {"__init__"}


@pytest.mark.skipif(not runtime.is_keras_3(), reason="the module imports the running Keras")
def test_docstring_examples() -> None:
    for name in ("keras_ckpt.compat",):
        result = doctest.testmod(importlib.import_module(name))
        assert result.attempted and not result.failed


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
