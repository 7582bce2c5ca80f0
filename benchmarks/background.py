"""What `save_on_background` costs a training, beside a plain copy of its state and Keras's own.

A model with Adam trains, and is saved every so many batches. Measured are

- the stall: for how long the hook that saves keeps the training, in comparison with one copy of the
  same bytes into memory that has been written to before (the first save finds none);
- the steps beside the writer, in comparison with steps beside a process that does nothing but keep
  one core busy, which is what a writer may cost on a machine of two;
- the memory that the process takes at most beyond what training alone takes at most, in copies of
  the state;
- all that a checkpoint adds to the time of `fit`, whatever it was spent on.

Each row is measured in a process of its own.

    KERAS_BACKEND=jax python benchmarks/background.py [--millions 27] [--directory DIRECTORY]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LAYERS = 6
SAVES, STEPS = 5, 8
#: What the stall may be, in seconds on JAX, and in copies of the state on the others.
JAX_SECONDS, COPIES = 0.020, 1.5

ROWS = {
    "a.weights.h5": True,
    "a.h5": True,
    "cp": True,
    "a.weights.json": True,
    "a.safetensors": True,
    "m.keras": False,
    "m.h5": False,
    "m.orbax": False,
}
ORBAX = "Keras's OrbaxCheckpoint"


def model_of(millions: float) -> Any:
    """A model with so many millions of parameters, and what Adam keeps of them."""
    import keras

    units = int((millions * 1e6 / LAYERS) ** 0.5)
    layers = [keras.layers.Dense(units, name=f"dense_{number}") for number in range(LAYERS)]
    model = keras.Sequential([keras.Input((units,)), *layers])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def state(model: Any) -> list[Any]:
    from keras_ckpt import runtime

    return [runtime.readonly_view(each) for each in [*model.variables, *model.optimizer.variables]]


def copy_seconds(model: Any) -> float:
    """How long one copy of the state takes into memory that is written to again and again."""
    import numpy as np

    values = state(model)
    into = [np.array(each) for each in values]
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for target, value in zip(into, values):
            target[...] = value
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def mebibytes(name: str) -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(name + ":"))


def forget_peak() -> None:
    """Lets the most memory that the process has taken (VmHWM) be that which it takes now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def timed(kind: Any) -> Any:
    """A callback of a class, that notes how long its hooks take."""

    class Timed(kind):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            ready(self.model)
            start = time.perf_counter()
            super().on_train_batch_end(batch, logs)
            self.stalls.append(time.perf_counter() - start)

    Timed.stalls = []
    return Timed


def ready(model: Any) -> None:
    """Waits until a step is over, which JAX does later than it says."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        jax.block_until_ready([each.value for each in model.variables])


def measure(row: str, millions: float, directory: str) -> dict[str, float]:
    """Trains with saves and without, and returns what it took."""
    import keras
    import numpy as np

    import keras_ckpt

    model = model_of(millions)
    size = sum(each.nbytes for each in state(model)) / 2**20
    x = np.random.default_rng(0).normal(size=(STEPS * 32, model.input_shape[1])).astype("float32")
    times: list[tuple[float, bool]] = []
    writing = ["keras_ckpt save"]

    class Steps(keras.callbacks.Callback):  # type: ignore[misc]
        """Notes how long steps take, and whether a save was under way all along."""

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.under_way = self.is_under_way()
            self.start = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            ready(self.model)
            times.append((time.perf_counter() - self.start, self.under_way and self.is_under_way()))

        def is_under_way(self) -> bool:
            return any(each.name in writing for each in threading.enumerate())

    def fit(*callbacks: Any) -> float:
        times.clear()
        start = time.perf_counter()
        model.fit(x, x, batch_size=32, epochs=SAVES, verbose=0, callbacks=[Steps(), *callbacks])
        return time.perf_counter() - start

    fit()  # Which compiles the step.
    copy = copy_seconds(model)
    forget_peak()
    alone_fit = fit()
    alone_peak = mebibytes("VmHWM")
    alone = statistics.median(each for each, _ in times)
    other = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    fit()
    beside_busy = statistics.median(each for each, _ in times)
    other.kill()
    other.wait()
    forget_peak()
    if row == ORBAX:
        kind = timed(keras.callbacks.OrbaxCheckpoint)
        callback = kind(directory=os.path.join(directory, "orbax"), save_freq=STEPS, max_to_keep=1)
    else:
        kind = timed(keras_ckpt.ModelCheckpoint)
        path = os.path.join(directory, row)
        callback = kind(
            path, save_weights_only=ROWS[row], save_freq=STEPS, save_on_background=True, verbose=0
        )
    total = fit(callback)
    stalls = sorted(kind.stalls, reverse=True)[:SAVES]
    first = next(each for each in kind.stalls if each in stalls)
    later = [each for each in stalls if each != first]
    beside = [each for each, is_beside in times if is_beside]
    return {
        "mebibytes": size,
        "copy": copy,
        "first": first,
        "stall": statistics.median(later),
        "longest": max(later),
        "beside": statistics.median(beside) / alone if beside else 0.0,
        "busy": beside_busy / alone,
        "copies": (mebibytes("VmHWM") - alone_peak) / size,
        "added": (total - alone_fit) / SAVES,
        "steps": len(beside),
        "step": alone,
    }


def print_row(row: str, found: dict[str, float], is_jax: bool) -> bool:
    """Prints what was measured; returns whether it is within the limits, of ours."""
    limit = JAX_SECONDS if is_jax else COPIES * found["copy"]
    beside = f"{found['beside']:5.2f}" if found["steps"] else "    -"
    print(
        f"  {row:24} stall {found['stall']:6.3f} s ({found['stall'] / found['copy']:5.2f} copies), "
        f"first {found['first']:6.3f}, longest {found['longest']:6.3f}; steps {beside} "
        f"(busy core {found['busy']:4.2f}); memory {found['copies']:4.2f}; "
        f"fit +{found['added']:6.3f} s",
        flush=True,
    )
    return found["stall"] <= limit and found["copies"] <= 1.25


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--millions", type=float, default=27)
    parser.add_argument("--directory")
    parser.add_argument("--row", action="append")
    parser.add_argument("--measure")
    given = parser.parse_args()
    directory = given.directory or tempfile.mkdtemp()
    try:
        if given.measure:
            print(json.dumps(measure(given.measure, given.millions, directory)))
            return 0
        import keras

        backend = keras.backend.backend()
        print(f"Keras {keras.__version__}, {backend} backend, {given.millions:g}M parameters")
        has_orbax = importlib.util.find_spec("orbax") is not None
        has_callback = has_orbax and hasattr(keras.callbacks, "OrbaxCheckpoint")
        rows = given.row or [*ROWS, *([ORBAX] if has_callback else [])]
        failed = False
        for row in rows:
            if row.endswith(".orbax") and not has_orbax:
                continue
            command = [sys.executable, __file__, "--millions", str(given.millions)]
            inside = tempfile.mkdtemp(dir=directory)
            done = subprocess.run(
                [*command, "--measure", row, "--directory", inside], stdout=subprocess.PIPE
            )
            shutil.rmtree(inside)
            if done.returncode:
                print(f"  {row:24} failed")
                failed = True
                continue
            found = json.loads(done.stdout.decode().splitlines()[-1])
            if row == rows[0]:
                print(
                    f"  state {found['mebibytes']:.0f} MiB; one copy into warm memory "
                    f"{found['copy']:.3f} s; a step {found['step']:.3f} s"
                )
            failed |= not print_row(row, found, backend == "jax") and row != ORBAX
        return int(failed)
    finally:
        if not given.directory:
            shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
