"""Several processes that train one model: real ones, of the library that runs."""

from __future__ import annotations

import contextlib
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
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in free]
    started = []
    for index in range(count):
        result = directory / f"result{index}.json"
        result.unlink(missing_ok=True)
        own = {"index": index, "count": count, "ports": ports, "result": str(result)}
        path = directory / f"job{index}.json"
        path.write_text(json.dumps({"devices": 1, "backend": BACKEND, **job, **own}))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with open(directory / f"log{index}", "w") as log:
            words = [sys.executable, str(TOOL), str(path)]
            started.append(subprocess.Popen(words, env=environment, stdout=log, stderr=log))
    try:
        codes = [each.wait(100) for each in started]
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
@pytest.mark.parametrize("ending", [".keras", ".orbax"])
def test_variables_spread_over_processes_are_saved_once_and_resumed(
    ending: str, tmp_path: pathlib.Path
) -> None:
    if ending == ".orbax":
        pytest.importorskip("orbax.checkpoint")
    template = str(tmp_path / "run" / "{epoch}") + ending
    arguments = {"max_to_keep": 2, "resume": True}
    job: Any = {"template": template, "arguments": arguments}
    _, first = run(tmp_path, 2, how="model", epochs=2, **job)
    assert [each["first"] for each in first] == [True, False]
    assert [each["spread"] for each in first] == [3, 3]
    _, second = run(tmp_path, 2, how="model", epochs=3, **job)
    for each in second:
        assert each["epochs"] == [2] and each["begin"] == first[0]["end"] == first[1]["end"]
        assert each["spread"] == 3
        assert each["checkpoints"] == [template.format(epoch=epoch) for epoch in (2, 3)]
    parts = list((tmp_path / "run" / f"3{ending}").rglob("pytree/ocdbt.process_*"))
    assert len(parts) == (2 if ending == ".orbax" else 0)  # Each has written its own.
    # And on one alone.
    _, (alone,) = run(tmp_path, 1, how="none", epochs=4, **job)
    assert alone["epochs"] == [3] and alone["begin"] == second[0]["end"]
    assert sorted(os.listdir(tmp_path / "run")) == [f"3{ending}", f"4{ending}"]
    # Then on two again.
    _, again = run(tmp_path, 2, how="model", epochs=5, **job)
    assert [each["begin"] for each in again] == [alone["end"]] * 2


@pytest.mark.skipif(BACKEND != "jax", reason="of JAX")
@pytest.mark.parametrize("how", ["none", "data"])
def test_orbax_writes_in_all_processes_however_they_share_a_model(
    how: str, tmp_path: pathlib.Path
) -> None:
    pytest.importorskip("orbax.checkpoint")
    template = str(tmp_path / "run" / "{epoch}.orbax")
    job: Any = {"how": how, "template": template, "arguments": {"resume": True}}
    codes, first = run(tmp_path, 2, epochs=1, **job)
    assert codes == [0, 0] and os.listdir(tmp_path / "run") == ["1.orbax"]
    codes, second = run(tmp_path, 2, epochs=2, **job)
    assert codes == [0, 0]
    assert [each["begin"] for each in second] == [first[0]["end"]] * 2


@pytest.mark.skipif(BACKEND != "jax", reason="of JAX")
@pytest.mark.parametrize("name", ["cp", "m.orbax"])
def test_a_model_that_no_process_has_whole_is_saved_by_all(
    name: str, tmp_path: pathlib.Path
) -> None:
    if name.endswith(".orbax"):
        pytest.importorskip("orbax.checkpoint")
    path = str(tmp_path / "saved" / name)
    codes, first = run(tmp_path, 2, how="model", epochs=1, saves=path)
    assert codes == [0, 0] and first[0]["spread"] == 3
    _, (loaded,) = run(tmp_path, 1, how="none", epochs=0, loads=path)
    # What comes after the weights is of the optimizer, which has not been built.
    assert loaded["end"][:4] == first[0]["end"][:4]


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


@pytest.mark.skipif(BACKEND != "", reason="Keras 3 does not train by such a strategy")
def test_workers_of_a_strategy_take_up_the_same_and_end_alike(tmp_path: pathlib.Path) -> None:
    # The score is another one in each worker: that of the chief counts. The second is its best.
    template = str(tmp_path / "run" / "{epoch}")
    arguments = {
        "save_weights_only": True, "resume": True, "max_to_keep": 1, "keep_best_n": 1,
        "mode": "min", "restore_best_weights": True, "verbose": 1,
    }  # fmt: skip
    job: Any = {"how": "strategy", "template": template, "arguments": arguments}
    codes, first = run(tmp_path, 2, epochs=3, **job)
    assert codes == [0, 0]
    assert first[0]["end"] == first[1]["end"]
    assert first[0]["best"] == template.format(epoch=1)
    codes, second = run(tmp_path, 2, epochs=4, **job)
    assert codes == [0, 0]
    assert [each["epochs"] for each in second] == [[3], [3]]
    assert second[0]["begin"] == second[1]["begin"]
    assert second[0]["end"] == second[1]["end"] == first[0]["end"]
    names = {path.name for path in (tmp_path / "run").glob("*.index")}
    assert names == {"1.index", "3.index", "4.index"}  # The best, what was taken up, the newest.


@pytest.mark.skipif(BACKEND != "", reason="Keras 3 does not train by such a strategy")
def test_a_signal_to_one_worker_stops_all(tmp_path: pathlib.Path) -> None:
    template = str(tmp_path / "run" / "{epoch}")
    arguments = {"save_weights_only": True, "resume": True, "save_before_preemption": True}
    job: Any = {"how": "strategy", "template": template, "arguments": arguments, "epochs": 3}
    codes, stopped = run(tmp_path, 2, signal_at=[1, 1], **job)
    assert codes == [41, 41]
    assert [each["epochs"] for each in stopped] == [[0, 1], [0, 1]]
    codes, resumed = run(tmp_path, 2, **job)
    assert codes == [0, 0]
    assert [each["epochs"] for each in resumed] == [[1, 2], [1, 2]]
    assert resumed[0]["begin"] == resumed[1]["begin"] == stopped[0]["end"]
