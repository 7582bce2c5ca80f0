"""Another process saves to one path again and again: each load finds one save, whole."""

from __future__ import annotations

import os
import pathlib
import random
import time
from typing import Iterator

import pytest
import writer
from test_snapshot import KINDS

from keras_ckpt import runtime
from keras_ckpt.storage import commit, temporary

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)

#: How many loads there are for each format; `KERAS_CKPT_LOADS=1000` is the whole test.
LOADS = int(os.environ.get("KERAS_CKPT_LOADS", "50"))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def process() -> Iterator[writer.Writer]:
    with writer.Writer() as made:
        yield made


@pytest.mark.parametrize(("name", "weights_only"), KINDS)
def test_each_load_finds_one_save(
    name: str, weights_only: bool, process: writer.Writer, tmp_path: pathlib.Path
) -> None:
    path = str(tmp_path / name)
    into = writer.model()
    process.save(path, weights_only)
    found = [writer.value(path, weights_only, into) for _ in range(LOADS)]
    assert process.lives()
    assert set(found) <= {1.0, 2.0, 3.0, 4.0}
    assert len(set(found)) > 1


@pytest.mark.parametrize(("name", "weights_only"), [("cp", True), ("m", False)])
def test_what_a_killed_process_leaves(
    name: str, weights_only: bool, tmp_path: pathlib.Path
) -> None:
    path = str(tmp_path / name)
    with writer.Writer() as process:
        process.save(path, weights_only)
        time.sleep(random.uniform(0, 0.1))
    writer.value(path, weights_only, writer.model())
    commit.remove_left_behind(str(tmp_path))
    assert not any(temporary.is_one(each) for each in os.listdir(tmp_path))
