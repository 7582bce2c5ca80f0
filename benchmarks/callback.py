"""What the callback costs beside Keras's own, and what importing it costs.

Each row is timed on both callbacks by turns, in short rounds, and the fastest round of each counts:
the ratio is that of keras_ckpt to Keras, below 1 where keras_ckpt is faster. Nothing is saved, so
that only what the callback itself does is timed.

    python benchmarks/callback.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import timeit
from typing import Any, Callable

import keras

import keras_ckpt
from keras_ckpt import compat

ROUNDS = 60
CALLS = 2000
EPOCH_CALLS = 200


class Model:
    """A stand-in whose saves cost nothing."""

    metrics: list[Any] = []

    def save(self, *args: Any, **kwargs: Any) -> None:
        pass

    save_weights = save


def batches(kind: Any, save_freq: Any) -> Callable[[], None]:
    callback = kind("model.keras", save_freq=save_freq)
    callback.set_model(Model())
    callback.on_epoch_begin(0)
    hook = callback.on_train_batch_end
    logs = {"loss": 0.5, "accuracy": 0.9}

    def run() -> None:
        for batch in range(CALLS):
            hook(batch, logs)

    return run


def epochs(kind: Any, monitored: list[float]) -> Callable[[], None]:
    callback = kind("model.keras", save_best_only=True, mode="min")
    callback.set_model(Model())
    callback.on_epoch_begin(0)
    every = [{"loss": 0.5, "accuracy": 0.9, "val_loss": value} for value in monitored]

    def run() -> None:
        for epoch in range(EPOCH_CALLS):
            callback.on_epoch_end(epoch, every[epoch % len(every)])

    return run


ROWS: dict[str, Callable[[Any], Callable[[], None]]] = {
    "batch hook, save_freq='epoch'": lambda kind: batches(kind, "epoch"),
    "batch hook, save_freq=10**9": lambda kind: batches(kind, 10**9),
    "epoch end, not improved": lambda kind: epochs(kind, [0.1, 0.5, 0.6]),
}


def compare(first: Callable[[], None], second: Callable[[], None]) -> tuple[float, float]:
    """Returns the fastest round of each, in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for run, found in zip((first, second), times):
            found.append(timeit.timeit(run, number=1))
    return min(times[0]), min(times[1])


IMPORT = """
import json, sys, time
start = time.perf_counter()
import keras_ckpt
print(json.dumps(time.perf_counter() - start))
"""


def import_seconds() -> float:
    """Returns the fastest of several imports, each in a fresh interpreter."""
    command = [sys.executable, "-c", IMPORT]
    return min(json.loads(subprocess.check_output(command)) for _ in range(10))


def main() -> int:
    classes = {
        "keras_ckpt.ModelCheckpoint": keras_ckpt.ModelCheckpoint,
        "the replica": compat.for_version(keras.__version__),
    }
    print(f"Keras {keras.__version__}, {keras.backend.backend()} backend")
    slow = False
    for name, kind in classes.items():
        print(f"\n{name} to keras.callbacks.ModelCheckpoint")
        for row, make in ROWS.items():
            tried, native = compare(make(kind), make(keras.callbacks.ModelCheckpoint))
            slow |= kind is keras_ckpt.ModelCheckpoint and tried > native
            print(f"  {row:32} {tried / native:5.2f}")
    seconds = import_seconds()
    print(f"\nimport keras_ckpt: {1000 * seconds:.1f} ms")
    return int(slow or seconds > 0.05)


if __name__ == "__main__":
    sys.exit(main())
