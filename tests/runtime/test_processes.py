"""Several processes that train one model: real ones, of the library that runs."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
from typing import Any

import pytest

from keras_ckpt import runtime
from keras_ckpt.runtime import processes

TOOL = pathlib.Path(__file__).resolve().parent.parent / "tools" / "processes.py"
BACKEND = runtime.backend() if runtime.is_keras_3() else ""


def run(directory: pathlib.Path, count: int, **job: Any) -> tuple[list[int], list[Any]]:
    """Returns the exit codes of the processes, and what each has noted."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for index in range(count):
        result = directory / f"result{index}.json"
        result.unlink(missing_ok=True)
        own = {"index": index, "count": count, "port": port, "result": str(result)}
        path = directory / f"job{index}.json"
        path.write_text(json.dumps({"devices": 1, "backend": BACKEND, **job, **own}))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with open(directory / f"log{index}", "w") as log:
            words = [sys.executable, str(TOOL), str(path)]
            started.append(subprocess.Popen(words, env=environment, stdout=log, stderr=log))
    try:
        codes = [each.wait(300) for each in started]
    finally:
        for each in started:
            each.kill()
    for index in range(count):
        assert (directory / f"result{index}.json").exists(), (directory / f"log{index}").read_text()
    return codes, [
        json.loads((directory / f"result{index}.json").read_text()) for index in range(count)
    ]


def test_a_process_alone_agrees_with_itself() -> None:
    together = processes.group()
    assert (together.count, together.index, together.is_first) == (1, 0, True)
    assert together.told([1, "a"]) == [1, "a"] and together.most(3) == 3
    assert together.by_first(lambda: 5) == 5
    with pytest.raises(KeyError), processes.gathering([]):
        together.by_first({}.popitem)


@pytest.mark.skipif(BACKEND != "jax", reason="of JAX")
def test_variables_spread_over_processes_are_saved_once_and_resumed(tmp_path: pathlib.Path) -> None:
    template = str(tmp_path / "run" / "{epoch}.weights.h5")
    arguments = {"max_to_keep": 2, "save_weights_only": True, "resume": True}
    job: Any = {"template": template, "arguments": arguments}
    _, first = run(tmp_path, 2, how="model", epochs=2, **job)
    assert [each["first"] for each in first] == [True, False]
    _, second = run(tmp_path, 2, how="model", epochs=3, **job)
    for each in second:
        assert each["epochs"] == [2] and each["begin"] == first[0]["end"] == first[1]["end"]
        assert each["checkpoints"] == [template.format(epoch=epoch) for epoch in (2, 3)]
    # And on one alone.
    _, (alone,) = run(tmp_path, 1, how="none", epochs=4, **job)
    assert alone["epochs"] == [3] and alone["begin"] == second[0]["end"]
    assert sorted(os.listdir(tmp_path / "run")) == ["3.weights.h5", "4.weights.h5"]


@pytest.mark.skipif(BACKEND not in ("jax", "torch"), reason="of JAX and PyTorch")
def test_a_signal_to_one_stops_all_and_all_go_on_alike(tmp_path: pathlib.Path) -> None:
    how = "data" if BACKEND == "jax" else "none"
    # The score is another one in each process: the first one's counts.
    template = str(tmp_path / "run" / "{epoch}.{score}.keras")
    arguments = {"resume": True, "save_best_only": True, "save_before_preemption": True}
    job: Any = {"how": how, "epochs": 3, "template": template, "arguments": arguments}
    codes, stopped = run(tmp_path, 2, signal_at=[1, 1], **job)
    assert codes == [41, 41]
    assert [each["epochs"] for each in stopped] == [[0, 1], [0, 1]]
    assert sorted(os.listdir(tmp_path / "run")) == ["1.0.0.keras", "preemption.keras"]
    codes, resumed = run(tmp_path, 2, **job)
    assert codes == [0, 0]
    assert [each["epochs"] for each in resumed] == [[1, 2], [1, 2]]
    assert resumed[0]["begin"] == resumed[1]["begin"] == stopped[0]["end"]
    assert {"2.1.0.keras", "3.2.0.keras"} <= set(os.listdir(tmp_path / "run"))
