"""The examples of TensorFlow's documentation run on Keras 3 as they stand."""

from __future__ import annotations

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Iterator

import pytest

from keras_ckpt import runtime

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "unchanged"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not runtime.has_tensorflow() or not runtime.is_keras_3(),
        reason="the examples are for `tf.keras`, and checked on Keras 3",
    ),
]

#: What each leaves behind.
CHECKPOINT = ["/tmp/checkpoint", "/tmp/checkpoint.data-00000-of-00001", "/tmp/checkpoint.index"]
FILES = {
    "tf2_0_api": [],
    "tf2_1_api": CHECKPOINT,
    "tf2_10_guide": CHECKPOINT,
    "tf2_16_api": ["/tmp/ckpt/checkpoint.model.keras", "/tmp/ckpt/checkpoint.weights.h5"],
}


def in_the_way() -> list[str]:
    return glob.glob("/tmp/checkpoint*") + glob.glob("/tmp/ckpt")


@pytest.fixture
def tmp(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A directory to run in, while nothing is in /tmp that is in the way of the examples."""
    kept = tmp_path / "kept"
    kept.mkdir()
    for path in in_the_way():
        shutil.move(path, str(kept))
    directory = tmp_path / "here"
    directory.mkdir()
    try:
        yield directory
    finally:
        for path in in_the_way():
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        for each in kept.iterdir():
            shutil.move(str(each), "/tmp")


@pytest.mark.parametrize("name", sorted(FILES))
def test_example(tmp: pathlib.Path, name: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "keras_ckpt", "run", str(EXAMPLES / (name + ".py"))],
        cwd=str(tmp),
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    found = re.findall(r"^accuracy (.*): (\d\.\d{3})$", process.stdout, re.MULTILINE)
    assert found and len(found) % 2 == 0, process.stdout
    for (saved, expected), (reloaded, accuracy) in zip(found[::2], found[1::2]):
        assert reloaded == "after reload" != saved
        assert accuracy == expected and float(accuracy) > 0.8
    for path in FILES[name]:
        assert os.path.isfile(path)
    if name == "tf2_0_api":
        assert re.fullmatch(
            r"saved weights\.02-\d\.\d\d\.hdf5 weights\.04-\d\.\d\d\.hdf5",
            process.stdout.splitlines()[0],
        )


def test_all_are_run_and_none_knows_of_us() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(FILES)
    for path in EXAMPLES.glob("*.py"):
        assert "keras_ckpt" not in path.read_text(encoding="utf-8")
