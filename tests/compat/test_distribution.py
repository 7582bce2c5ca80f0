"""Distributed training: real workers of a cluster, and real replicas in one process.

Each fit is made by `worker.py` in processes of its own, since a strategy must be there before
TensorFlow is used. Starting one takes seconds, so each makes all of its runs, once with the real
class of the running Keras, once with the replica, once with the callback to use.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any, Iterator

import pytest
import recorder

from keras_ckpt import runtime

pytestmark = pytest.mark.slow

#: How long the processes of a strategy may take together, in seconds.
LIMIT = 480.0
ATTEMPTS = 3
_PORT_IN_USE = re.compile(r"in use|could not start grpc server|bind", re.IGNORECASE)


def _version() -> tuple[int, ...]:
    return recorder.running().version


# ---------------------------------------------------------------- what is run


def _variants() -> list[dict[str, Any]]:
    """The ways to save, as the running Keras can, with the checkpoints that each leaves."""
    return _variants_of_keras_3() if _version() >= (3,) else _variants_of_keras_2()


def _variants_of_keras_3() -> list[dict[str, Any]]:
    weights = {"save_weights_only": True, "verbose": 1}
    best = dict(weights, save_best_only=True, monitor="loss", mode="min")
    return [
        _variant("whole", "m.{epoch}.keras", {"verbose": 1}, ["m.1.keras", "m.2.keras"]),
        _variant("best weights", "to/w.weights.h5", best, ["to/w.weights.h5"]),
        _variant(
            "batches",
            "b.{epoch}.weights.h5",
            dict(weights, save_freq=2),
            ["b.1.weights.h5", "b.2.weights.h5"],
        ),
    ]


def _variants_of_keras_2() -> list[dict[str, Any]]:
    weights: dict[str, Any] = {"save_weights_only": True, "verbose": 1}
    best = {"save_best_only": True, "monitor": "loss", "verbose": 1}
    restart = dict(weights, load_weights_on_restart=True)
    options = (
        {"options": {"$": "options", "t": "CheckpointOptions"}} if _version() >= (2, 3) else {}
    )
    variants = [
        _variant("whole", "m.{epoch}.h5", {"verbose": 1}, ["m.1.h5", "m.2.h5"]),
        _variant("weights", "w.{epoch}", dict(weights, **options), ["w.1", "w.2"], shared=True),
        _variant("weights in HDF5", "w.h5", weights, ["w.h5"]),
        _variant("best", "b.{epoch}.h5", best, ["b.1.h5", "b.2.h5"], shared=True),
        # After the first epoch nothing is better.
        _variant(
            "never better",
            "n.{epoch}",
            dict(best, save_weights_only=True, mode="max"),
            ["n.1"],
            True,
        ),
        _variant("batches", "b.{epoch}.h5", dict(weights, save_freq=2), ["b.1.h5", "b.2.h5"]),
    ]
    restarts = [("restart together", "r.{epoch}", True)]
    if not (2, 1) <= _version() < (2, 3):
        # TF 2.1 and 2.2 restore the training state, which then the chief alone would find: it
        # would begin an epoch later than the other, and both would wait forever.
        restarts.append(("restart", "r.{epoch}.h5", False))
    for name, template, shared in restarts:
        left = [template.format(epoch=epoch) for epoch in (1, 2)]
        variants.append(_variant(name, template, restart, left, shared, interrupts=[0, None]))
    if _version() >= (2, 12):
        variants.append(_variant("archive", "a.keras", {"verbose": 1}, ["a.keras"], shared=True))
        # The directory is made, by each worker that saves.
        variants.append(_variant("directory", "to/d.weights.h5", weights, ["to/d.weights.h5"]))
    # TF 2.0 cannot write a SavedModel under a strategy of several workers.
    fails = _version() < (2, 1)
    variants.append(_variant("saved model", "s", {"verbose": 1}, ["s"], fails=fails))
    return variants


def _variant(
    name: str,
    template: str,
    kwargs: dict[str, Any],
    left: list[str],
    shared: bool = False,
    interrupts: Any = (None,),
    fails: bool = False,
) -> dict[str, Any]:
    """A way to save.

    Args:
        name: of the variant.
        template: the path, in the directory of the run.
        kwargs: the other arguments of the callback, as `recorder.decode` takes them.
        left: the checkpoints that are left, without the endings of what a checkpoint consists of.
        shared: whether all workers write to one directory, or each to one of its own.
        interrupts: for each fit the epoch at whose end it is cut off, None if it is not.
        fails: whether the release cannot do it in a cluster.
    """
    return {
        "variant": name,
        "template": template,
        "kwargs": kwargs,
        "left": left,
        "shared": shared,
        "interrupts": list(interrupts),
        "epochs": 2,
        "fails": fails,
    }


KINDS = ["real", "replica", "to use"]
VARIANTS = {each["variant"]: each for each in _variants()}
WORKING = [name for name, each in VARIANTS.items() if not each["fails"]]


def _of(kind: str, variant: dict[str, Any]) -> dict[str, Any]:
    return dict(variant, **{"class": kind, "name": kind + "/" + variant["variant"]})


#: Those that tell one worker from another, which Keras 3 does not.
APART = KINDS if _version() < (3,) else ["to use"]


def _in_cluster(kind: str, name: str) -> dict[str, Any]:
    """A way to save, among workers that may write to one directory only if they are kept apart."""
    variant = VARIANTS[name]
    return variant if _version() < (3,) else dict(variant, shared=kind in APART)


#: Replicas of other releases than the running one, which must keep the workers apart on any.
OTHERS = ["2.0", "2.2", "2.4", "2.15"]


def _other() -> dict[str, Any]:
    """A way to save that each release of TF 2.x has."""
    kwargs = {"save_weights_only": True, "verbose": 1}
    return _variant("other", "o.{epoch}.h5", kwargs, ["o.1.h5", "o.2.h5"], shared=True)


# ---------------------------------------------------------------- processes


class Result:
    """What the processes of one strategy observed, and what was left when they had ended."""

    def __init__(self, observed: list[dict[str, Any]], directory: pathlib.Path) -> None:
        self.observed = observed
        self.directory = directory

    @property
    def problem(self) -> str | None:
        """Why the running Keras cannot fit under this strategy, None if it can."""
        problem: str | None = self.observed[0]["problem"]
        return problem

    def seen(self, name: str) -> list[dict[str, Any]]:
        """What each process saw of a run."""
        return [observed["runs"][name] for observed in self.observed]

    def left(self, name: str, index: int) -> list[str]:
        """What is left in the directory that a worker wrote to, now that all have ended."""
        home = self.directory / name
        home = home / "shared" if (home / "shared").is_dir() else home / str(index)
        return sorted(str(path.relative_to(home)) for path in home.rglob("*"))

    def temporary(self, index: int) -> list[str]:
        """What is left in the place that a process had for its temporary files."""
        found = os.listdir(str(self.directory / f"temporary{index}"))
        # Python compiles there what TensorFlow has put there.
        return sorted(set(found) - {"__pycache__"})


def _run(workers: int, runs: list[dict[str, Any]], directory: pathlib.Path) -> Result:
    """Makes the runs in one process, or in several that are a cluster."""
    for attempt in range(1, ATTEMPTS + 1):
        home = directory / str(attempt)
        home.mkdir()
        failure = _attempt(workers, runs, home)
        if failure is None:
            observed = [json.loads(_result(home, index).read_text()) for index in range(workers)]
            return Result(observed, home)
        # Another program may have taken a port before the worker did.
        if workers == 1 or not _PORT_IN_USE.search(failure):
            break
    pytest.fail(failure, pytrace=False)


def _result(directory: pathlib.Path, index: int) -> pathlib.Path:
    return directory / f"result{index}.json"


def _attempt(workers: int, runs: list[dict[str, Any]], directory: pathlib.Path) -> str | None:
    """Starts the processes and waits for them; returns what went wrong, None if nothing did."""
    ports = _free_ports(workers) if workers > 1 else []
    with contextlib.ExitStack() as stack:
        processes = []
        for index in range(workers):
            job = {
                "ports": ports,
                "index": index,
                "runs": runs,
                "directory": str(directory),
                "result": str(_result(directory, index)),
            }
            processes.append(stack.enter_context(_process(job, index, directory)))
        problem = _wait(processes)
    if problem is None:
        return None
    said = [f"{problem}, after the following was said:"]
    for index in range(workers):
        output = (directory / f"output{index}.txt").read_text(errors="replace")
        said.append(f"---- process {index}\n{output[-6000:]}")
    return "\n".join(said)


@contextlib.contextmanager
def _process(job: dict[str, Any], index: int, directory: pathlib.Path) -> Iterator[Any]:
    """A process that ends with the context, and all that it has started with it."""
    temporary = directory / f"temporary{index}"
    temporary.mkdir()
    path = directory / f"job{index}.json"
    path.write_text(json.dumps(job))
    script = pathlib.Path(__file__).resolve().parents[1] / "tools" / "worker.py"
    environment = dict(
        os.environ,
        TMPDIR=str(temporary),
        # Python may have been told to leave the directory of a script out.
        PYTHONPATH=os.pathsep.join(
            [str(script.parent)] + [path for path in [os.environ.get("PYTHONPATH")] if path]
        ),
        # Workers on one machine would fight for its GPUs.
        CUDA_VISIBLE_DEVICES="-1",
        TF_CPP_MIN_LOG_LEVEL="2",
        no_proxy="127.0.0.1,localhost",
    )
    environment.pop("TF_CONFIG", None)
    with open(str(directory / f"output{index}.txt"), "w") as output:
        # A file takes the output: a pipe would stay open as long as anyone has it.
        process = subprocess.Popen(
            [sys.executable, str(script), str(path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=str(directory),
            env=environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(processes: list[Any]) -> str | None:
    """Waits until all processes have ended; returns what went wrong, None if nothing did."""
    end = time.monotonic() + LIMIT
    while True:
        codes = [process.poll() for process in processes]
        if all(code == 0 for code in codes):
            return None
        if any(codes):
            # The others would wait for it, but may have something to say, too.
            time.sleep(1.0)
            return f"The processes ended with {[process.poll() for process in processes]}"
        if time.monotonic() > end:
            return f"The processes have not ended in {LIMIT} seconds"
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        # All are held until the last is found, so that they differ.
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="module", autouse=True)
def _strategies() -> None:
    if not runtime.has_tensorflow() or runtime.backend() != "tensorflow":
        pytest.skip("the strategies are TensorFlow's, and this Keras runs without it")


@pytest.fixture(scope="module")
def cluster(_strategies: None, tmp_path_factory: Any) -> Result:
    """Two workers."""
    runs = [_of(kind, _in_cluster(kind, name)) for kind in KINDS for name in VARIANTS]
    runs += [_of(release, _other()) for release in OTHERS]
    result = _run(2, runs, tmp_path_factory.mktemp("cluster"))
    # `fit` of Keras 3.3 and later cannot read the batches that this strategy hands out. There the
    # callbacks are called from a training loop by hand, as users' own loops do.
    assert result.problem is None or _version() >= (3, 3), result.problem
    return result


@pytest.fixture(scope="module")
def replicas(_strategies: None, tmp_path_factory: Any) -> Result:
    """One process with two replicas of the model."""
    runs = [_of(kind, dict(each, shared=False)) for kind in KINDS for each in VARIANTS.values()]
    result = _run(1, runs, tmp_path_factory.mktemp("replicas"))
    assert result.problem is None, result.problem
    return result


# ---------------------------------------------------------------- what is left


#: The endings of the files that a checkpoint consists of.
_PARTS = ["", ".index", ".data-00000-of-00001"]


def _strays(names: list[str], checkpoints: list[str]) -> list[str]:
    """The files and directories that are no part of the checkpoints."""
    # TensorFlow lists its own checkpoints in a file.
    known = {"checkpoint"} | {each + ending for each in checkpoints for ending in _PARTS}
    inside = tuple(each + "/" for each in checkpoints)
    found = [name for name in names if name not in known and not name.startswith(inside)]
    return sorted(set(found) - _parents(checkpoints))


def _parents(paths: list[str]) -> set[str]:
    return {str(parent) for path in paths for parent in pathlib.PurePosixPath(path).parents}


def _is_expected_of(kind: str, name: str) -> bool:
    """Whether the training state of TF 2.0 to 2.2 leaves it, which the class to use has not."""
    if kind == "to use" or _version() >= (2, 3):
        return False
    if name == "temp_training_states":
        # Where the other workers write theirs to.
        return True
    # TF 2.2 waits for a word of the training loop that no longer comes, nor did in TF 2.0.
    return "2.2" in (kind, ".".join(map(str, _version()[:2]))) and name.split("/")[0] == "backup"


def _all_fits_ended_well(run: dict[str, Any], variant: dict[str, Any]) -> None:
    expected = [
        None if at is None else ["Interrupted", [f"at the end of epoch {at}"]]
        for at in variant["interrupts"]
    ]
    assert [fit["raised"] for fit in run["fits"]] == expected


def _check_left(result: Result, kind: str, variant: dict[str, Any], index: int) -> None:
    """The checkpoints are there, hold what was saved, and nothing else is there."""
    name = "{}/{}".format(kind, variant["variant"])
    run = result.seen(name)[index]
    _all_fits_ended_well(run, variant)
    loaded = {path: is_same for fit in run["fits"] for path, is_same in fit["loaded"].items()}
    assert loaded == dict.fromkeys(variant["left"], True)
    left = result.left(name, index)
    assert [path for path in variant["left"] if not {path, path + ".index"} & set(left)] == []
    strays = _strays(left, variant["left"])
    assert [path for path in strays if not _is_expected_of(kind, path)] == []


# ---------------------------------------------------------------- two workers


@pytest.mark.parametrize("worker", [0, 1], ids=["chief", "other"])
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_replica_in_a_cluster(cluster: Result, variant: str, worker: int) -> None:
    real = cluster.seen("real/" + variant)[worker]
    replica = cluster.seen("replica/" + variant)[worker]
    found = recorder.differences(real, replica)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("variant", WORKING)
@pytest.mark.parametrize("kind", APART)
def test_chief_writes_and_the_other_leaves_nothing(
    cluster: Result, kind: str, variant: str
) -> None:
    _check_chief_alone_writes(cluster, kind, _in_cluster(kind, variant))


@pytest.mark.skipif(_version() < (3,), reason="only Keras 3 tells no worker from another")
@pytest.mark.parametrize("worker", [0, 1])
@pytest.mark.parametrize("variant", WORKING)
@pytest.mark.parametrize("kind", ["real", "replica"])
def test_all_workers_write(cluster: Result, kind: str, variant: str, worker: int) -> None:
    _check_left(cluster, kind, VARIANTS[variant], worker)


@pytest.mark.parametrize("release", OTHERS)
def test_replicas_of_other_releases_in_a_cluster(cluster: Result, release: str) -> None:
    _check_chief_alone_writes(cluster, release, _other())


def _check_chief_alone_writes(result: Result, kind: str, variant: dict[str, Any]) -> None:
    _check_left(result, kind, variant, 0)
    name = "{}/{}".format(kind, variant["variant"])
    chief, other = result.seen(name)
    _all_fits_ended_well(other, variant)
    assert [fit["loaded"] for fit in other["fits"]] == [{} for _ in other["fits"]]
    for fits in zip(chief["fits"], other["fits"]):
        _check_saves(*[[save for save in fit["saves"] if not _is_backup(save)] for fit in fits])
    if not variant["shared"]:
        # No more than the directory that would hold the checkpoints.
        left = set(result.left(name, 1)) - _parents(variant["left"])
        assert [path for path in left if not _is_expected_of(kind, path)] == []


def _is_backup(save: list[Any]) -> bool:
    return os.path.basename(save[1]) == "training_state"


def _check_saves(chief: list[Any], other: list[Any]) -> None:
    """Both take part in each save, and write to places of their own."""
    assert chief and other
    if _version() < (3,):
        # In Keras 3 each worker has metrics of its own, and a best of its own.
        assert [save[0] for save in chief] == [save[0] for save in other]
    temporary = re.compile(r"(^|/)(workertemp_1|<temporary>)/")
    assert not any(temporary.search(save[1]) for save in chief)
    assert all(temporary.search(save[1]) for save in other)
    # Each has made its own files by the end of the call.
    assert all(save[-1] for save in chief + other)


@pytest.mark.skipif(_version() >= (3,), reason="Keras 3 has no load_weights_on_restart")
@pytest.mark.parametrize("worker", [0, 1], ids=["chief", "other"])
@pytest.mark.parametrize("kind", KINDS)
def test_training_goes_on_after_an_interruption(cluster: Result, kind: str, worker: int) -> None:
    first, second = cluster.seen(kind + "/restart together")[worker]["fits"]
    assert second["weights at the beginning"] == first["weights at the end"]
    # TF 2.1 and 2.2 know the epoch, too; TF 2.0 removes its backup when training is cut off.
    knows = kind != "to use" and (2, 1) <= _version() < (2, 3)
    assert second["epochs"] == ([1] if knows else [0, 1])


@pytest.mark.parametrize("worker", [0, 1], ids=["chief", "other"])
def test_no_temporary_files_stay(cluster: Result, worker: int) -> None:
    assert cluster.temporary(worker) == []


# ---------------------------------------------------------------- two replicas


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_replica_on_two_devices(replicas: Result, variant: str) -> None:
    (real,), (replica,) = (replicas.seen(kind + "/" + variant) for kind in ("real", "replica"))
    found = recorder.differences(real, replica)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_from_two_devices(replicas: Result, kind: str, variant: str) -> None:
    _check_left(replicas, kind, VARIANTS[variant], 0)
