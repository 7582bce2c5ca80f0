"""A process that saves a model again and again, until it is killed; and what it may leave.

    python tests/tools/writer.py PATH {weights,model} [--kills N]

It starts another process N times, kills it at a random moment each time, and looks whether the
checkpoint at PATH is there, whole and of one save. All values of one save are the same number.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import select
import signal
import subprocess
import sys
import time
import traceback
import warnings
from typing import Any, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402

import keras_ckpt  # noqa: E402
from keras_ckpt import endings, formats, runtime  # noqa: E402
from keras_ckpt.storage import commit, temporary  # noqa: E402


def model() -> Any:
    keras = runtime.keras()
    layers = [keras.Input((64,)), keras.layers.Dense(128), keras.layers.Dense(64)]
    made = keras.Sequential(layers)
    made.compile("sgd", "mse")
    made.optimizer.build(made.trainable_variables)
    return made


def snapshots(path: str, weights_only: bool, count: int = 4) -> list[Any]:
    """Returns snapshots of a model, whose values are all 1, all 2, and so on."""
    made, found = model(), []
    for number in range(1, count + 1):
        made.set_weights([np.full_like(value, number) for value in made.get_weights()])
        found.append(formats.snapshot(made, path, weights_only))
    return found


def value(path: str, weights_only: bool, into: Any) -> float:
    """Returns the number that all values of the checkpoint are.

    Raises:
        AssertionError: if they are not the same.
        CheckpointError, FileNotFoundError: if it cannot be loaded.
    """
    if weights_only:
        keras_ckpt.load_weights(into, path)
    else:
        into = keras_ckpt.load_model(path)
    found = {float(number) for each in into.get_weights() for number in np.unique(each)}
    assert len(found) == 1, f"{path} is of several saves: {sorted(found)}"
    return found.pop()


@contextlib.contextmanager
def limited(size: int) -> Iterator[None]:
    """Has the system refuse to make a file larger than that."""
    import resource  # Which Windows has not.

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write() -> None:
    """Saves where a line on the standard input says, until the next line."""
    taken: list[Any] = []
    path, number = "", 0
    while True:
        if not taken or select.select([sys.stdin], [], [], 0)[0]:
            kind, _, path = sys.stdin.readline().strip().partition(" ")
            if not path:
                return
            taken, number = snapshots(path, kind == "weights"), 0
        taken[number % len(taken)].write(path)
        if number == 0:
            print("saved", flush=True)
        number += 1


class Writer:
    """A process that saves."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def save(self, path: str, weights_only: bool) -> None:
        """Has it save to another path from now on, and waits until it has done so once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{'weights' if weights_only else 'model'} {path}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "saved\n"

    def lives(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()


class Forked:
    """A process that saves, forked from this one so that it need not import TensorFlow.

    Args:
        taken: snapshots, which it saves by turns.
    """

    def __init__(self, taken: list[Any]) -> None:
        self._taken, self._process = taken, 0

    def save(self, path: str, weights_only: bool) -> None:
        """Has it save to a path, and waits until it has done so once."""
        begun, begins = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            self._save_until_killed(path, begins)
        os.close(begins)
        assert os.read(begun, 1), "the process has saved nothing"
        os.close(begun)

    def _save_until_killed(self, path: str, begins: int) -> None:
        try:
            for number in itertools.count():
                self._taken[number % len(self._taken)].write(path)
                if number == 0:
                    os.write(begins, b"x")
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *error: object) -> None:
        os.kill(self._process, signal.SIGKILL)
        status = os.waitpid(self._process, 0)[1]
        assert os.WIFSIGNALED(status), f"the process ended by itself: {status}"


def killed(path: str, weights_only: bool, kills: int) -> None:
    """Kills a process that saves at random moments, and looks at what it leaves each time."""
    into, taken = model(), snapshots(path, weights_only)
    for number in range(kills):
        # The threads of TensorStore are not there after a fork.
        with Writer() if path.endswith(endings.ORBAX) else Forked(taken) as process:
            process.save(path, weights_only)
            time.sleep(random.uniform(0, 0.2))
        try:
            value(path, weights_only, into)
        except Exception as error:
            raise SystemExit(f"kill {number}: {type(error).__name__}: {error}") from error
    directory = os.path.dirname(path) or "."
    commit.remove_left_behind(directory)  # As a callback does when training begins.
    left = [each for each in os.listdir(directory) if temporary.is_one(each)]
    assert not left, f"temporary files stay: {left}"
    print(f"{path}: {kills} kills, and a whole checkpoint of one save after each", flush=True)


def main() -> None:
    if len(sys.argv) == 1:
        write()
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("kind", choices=["weights", "model"])
    parser.add_argument("--kills", type=int, default=100)
    given = parser.parse_args()
    killed(given.path, given.kind == "weights", given.kills)


if __name__ == "__main__":
    main()
