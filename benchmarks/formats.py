"""What reading and writing checkpoints costs beside what there is, on a model with 1 GiB of state.

What Keras and TensorFlow write is not on the disk when they return, so that they are compared with
`durable=False`; a durable save is compared with the same bytes written and flushed to the disk.

Each row is timed on both by turns, and the fastest round of each counts: the ratio is that of
keras_ckpt to the other's. The peak of memory is that of a process of its own, beyond what it had
when the model was there, in layers of the model; Linux reports it.

    python benchmarks/formats.py [--mebibytes 1024] [--rounds 5] [--directory DIRECTORY]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, NamedTuple

LAYERS = 16


class Row(NamedTuple):
    """What keras_ckpt does beside what another does, and how many times as long it may take.

    ``layers`` is how many layers' worth of memory it may take, where that is promised.
    """

    name: str
    tried: Callable[[], Any]
    other: Callable[[], Any]
    limit: float
    layers: float | None = None


def model_of(mebibytes: int) -> Any:
    """A model whose variables take so many mebibytes."""
    import keras

    units = int((mebibytes * 2**20 / 4 / LAYERS) ** 0.5)
    layers = [keras.layers.Dense(units, name=f"dense_{number:02d}") for number in range(LAYERS)]
    return keras.Sequential([keras.Input((units,)), *layers])


def rows(model: Any, directory: str) -> list[Row]:
    """The comparisons, in such an order that each reads what one before it has written."""
    import numpy as np

    import keras_ckpt

    def path(name: str) -> str:
        return os.path.join(directory, name)

    def tensorflow_reads() -> None:
        import tensorflow

        reader = tensorflow.train.load_checkpoint(path("cp"))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)

    def plain(durable: bool) -> None:
        values = [np.asarray(variable) for variable in model.variables]
        with open(path("plain"), "wb") as file:
            for value in values:
                file.write(value.data)
            if durable:
                file.flush()
                os.fsync(file.fileno())

    def durable(name: str, save: Callable[..., object]) -> Row:
        return Row(
            f"{name}, written and flushed (the same bytes)",
            lambda: save(model, path(name), verbose=0),
            lambda: plain(durable=True),
            1.1,
        )

    def bare_load(name: str) -> None:
        model.load_weights(path(name))

    quiet: dict[str, Any] = {"verbose": 0}
    save = functools.partial(keras_ckpt.save_weights, durable=False)
    save_model = functools.partial(keras_ckpt.save_model, durable=False)
    load = keras_ckpt.load_weights
    return [
        Row(
            "TF checkpoint, written (Keras's .weights.h5)",
            lambda: save(model, path("cp"), **quiet),
            lambda: model.save_weights(path("b.weights.h5")),
            1.2,
        ),
        Row(
            "TF checkpoint, read (tf.train.load_checkpoint)",
            lambda: load(model, path("cp"), **quiet),
            tensorflow_reads,
            1.2,
        ),
        Row(
            ".weights.h5, written (Keras)",
            lambda: save(model, path("a.weights.h5"), **quiet),
            lambda: model.save_weights(path("b.weights.h5")),
            1.0,
            1,
        ),
        Row(
            ".weights.h5, read (Keras)",
            lambda: load(model, path("a.weights.h5"), **quiet),
            lambda: bare_load("a.weights.h5"),
            1.0,
            1,
        ),
        Row(
            ".h5 of Keras 2, written (Keras 3's .weights.h5)",
            lambda: save(model, path("a.h5"), **quiet),
            lambda: model.save_weights(path("b.weights.h5")),
            1.0,
            1,
        ),
        Row(
            ".h5 of Keras 2, read (Keras)",
            lambda: load(model, path("a.h5"), **quiet),
            lambda: bare_load("a.h5"),
            1.0,
            1,
        ),
        Row(
            ".keras, written (the same bytes to a plain file)",
            lambda: save_model(model, path("a.keras"), **quiet),
            lambda: plain(durable=False),
            1.2,
        ),
        Row(
            ".keras, written (Keras)",
            lambda: save_model(model, path("a.keras"), **quiet),
            lambda: model.save(path("b.keras")),
            1.0,
        ),
        durable("cp", keras_ckpt.save_weights),
        durable("a.weights.h5", keras_ckpt.save_weights),
        durable("a.h5", keras_ckpt.save_weights),
        durable("a.keras", keras_ckpt.save_model),
    ]


def compare(tried: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Returns the fastest round of each, in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, found in zip((tried, other), times):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
    return min(times[0]), min(times[1])


def peak(row: str, mebibytes: int, directory: str) -> float:
    """Returns the memory that a row takes in a process of its own, in mebibytes."""
    command = [sys.executable, __file__, "--mebibytes", str(mebibytes), "--directory", directory]
    done = subprocess.check_output(command + ["--peak-of", row])
    return float(json.loads(done.decode().splitlines()[-1]))


def print_peak(name: str, mebibytes: int, directory: str) -> None:
    """Prints by how much the peak of this process grows."""
    model = model_of(mebibytes)
    row = next(row for row in rows(model, directory) if row.name == name)
    # To make the model took more than it has: the peak begins anew here.
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = _mebibytes("VmRSS")
    row.tried()
    print(json.dumps(_mebibytes("VmHWM") - before))


def _mebibytes(name: str) -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(name + ":"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory")
    parser.add_argument("--peak-of")
    given = parser.parse_args()
    directory = given.directory or tempfile.mkdtemp()
    try:
        if given.peak_of:
            print_peak(given.peak_of, given.mebibytes, directory)
            return 0
        return report(given, directory)
    finally:
        if not given.directory:
            shutil.rmtree(directory)


def print_checksums(rounds: int) -> None:
    """Prints how fast the checksums are taken."""
    import zlib

    from keras_ckpt.storage import checksum

    data = os.urandom(1 << 24)
    taken = {
        "CRC-32C by NumPy": checksum.numpy_crc32c,
        "CRC-32C by google-crc32c": checksum.of_library(),
        "CRC-32 by zlib": zlib.crc32,
    }
    for name, crc in taken.items():
        if crc is not None:
            run = functools.partial(crc, data)
            seconds, _ = compare(run, run, rounds)
            print(f"  {name:52} {len(data) / seconds / 1e9:5.2f} GB/s")


def report(given: Any, directory: str) -> int:
    """Prints all rows; returns 1 if one is over its limit."""
    import keras

    import keras_ckpt

    print(f"Keras {keras.__version__}, {keras.backend.backend()} backend")
    model = model_of(given.mebibytes)
    failed = 0
    for row in rows(model, directory):
        tried, other = compare(row.tried, row.other, given.rounds)
        taken = ""
        if row.layers is not None:
            layer = given.mebibytes / LAYERS
            layers = peak(row.name, given.mebibytes, directory) / layer
            taken = f"  peak {layers:.1f} layers"
            failed |= layers > row.layers + 0.5
        failed |= tried / other > row.limit
        print(f"  {row.name:52} {tried / other:5.2f} (at most {row.limit:.1f}){taken}")
    print_checksums(given.rounds)
    for name in ("a.keras", "a.weights.h5", "a.h5", "cp"):
        inspect = functools.partial(keras_ckpt.inspect, os.path.join(directory, name))
        inspect()
        seconds, _ = compare(inspect, inspect, given.rounds)
        failed |= seconds > 0.3
        print(f"  inspect {name:44} {seconds:5.3f} s (at most 0.3)")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
