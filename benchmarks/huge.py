"""What a model that is large for the machine takes, as weights in several files of Keras 3.

The model is saved and loaded again in a process of its own. Its peak of memory is to be below 1.2
times that of the model; Linux reports it. Nothing is random, so that it costs little to make.

    python benchmarks/huge.py [--gibibytes 8] [--max-shard-size 2] [--directory DIRECTORY]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LAYERS = 64
LIMIT = 1.2


def model_of(gibibytes: float) -> Any:
    """A model whose variables take so many gibibytes."""
    import keras

    units = int((gibibytes * 2**30 / 4 / LAYERS) ** 0.5)
    layers = [
        keras.layers.Dense(units, kernel_initializer="zeros", name=f"dense_{number:02d}")
        for number in range(LAYERS)
    ]
    return keras.Sequential([keras.Input((units,)), *layers])


def gibibytes(name: str) -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 2**20 for line in file if line.startswith(name + ":"))


def fill(model: Any, first: float) -> None:
    """Gives each variable a number of its own."""
    import numpy as np

    for number, variable in enumerate(model.variables):
        variable.assign(np.full(variable.shape, first + number, "float32"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gibibytes", type=float, default=8)
    parser.add_argument("--max-shard-size", type=float, default=2)
    parser.add_argument("--directory")
    given = parser.parse_args()
    directory = given.directory or tempfile.mkdtemp()
    try:
        return report(given.gibibytes, given.max_shard_size, directory)
    finally:
        if not given.directory:
            shutil.rmtree(directory)


def report(size: float, max_shard_size: float, directory: str) -> int:
    """Prints the time and the peak of both; returns 1 if one takes more than the limit."""
    import keras
    import numpy as np

    import keras_ckpt

    print(f"Keras {keras.__version__}, {keras.backend.backend()} backend, {size:g} GiB")
    empty = gibibytes("VmRSS")
    model = model_of(size)
    fill(model, 1.0)
    path = os.path.join(directory, "huge.weights.json")
    failed = False
    for doing in ("saved", "loaded"):
        # To fill it took more than it has: the peak begins anew here.
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        start = time.perf_counter()
        if doing == "saved":
            keras_ckpt.save_weights(model, path, max_shard_size=max_shard_size)
        else:
            keras_ckpt.load_weights(model, path)
        seconds = time.perf_counter() - start
        peak = (gibibytes("VmHWM") - empty) / size
        failed |= peak > LIMIT
        print(
            f"  {doing:6} in {seconds:6.1f} s, {size / seconds:5.2f} GiB/s; peak {peak:4.2f} of it "
            f"(at most {LIMIT})",
            flush=True,
        )
        if doing == "saved":
            fill(model, -1000.0)
    for number, variable in enumerate(model.variables):
        assert float(np.asarray(variable.value).max()) == 1.0 + number, variable.path
    print(f"  {len(os.listdir(directory)) - 1} files of weights, and all values are back")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
