"""What is left of checkpoints after a power cut, on real file systems in an image each.

    sudo python tests/tools/power_cut.py [--systems ext4,xfs,btrfs] [--mebibytes 20]

An image is mounted, an old checkpoint is saved and synced, and a new one is saved, to another path
or to the same. As soon as the save has returned the image is copied: the copy has what was on the
disk at that moment, and nothing of what was in memory. It is mounted, which mends the file system
as after a power cut, and the checkpoints in it are loaded.

It prints a table, and ends with 1 if a save that is durable was lost. It needs root, loop devices,
and `mkfs` of each file system.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings
from typing import Any, Callable, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import keras_ckpt
from keras_ckpt.storage import durability

#: What is saved, and how.
SAVED: dict[str, tuple[str, Callable[..., None]]] = {
    ".keras": ("{}.keras", keras_ckpt.save_model),
    ".weights.h5": ("{}.weights.h5", keras_ckpt.save_weights),
    ".weights.json": ("{}.weights.json", keras_ckpt.save_weights),
    ".h5": ("{}.h5", keras_ckpt.save_model),
    "TF checkpoint": ("{}", keras_ckpt.save_weights),
    "SavedModel": ("{}_saved", keras_ckpt.save_model),
}
SIZE = 512  # MiB of an image


def model_of(mebibytes: int, value: float) -> Any:
    width = int((mebibytes * 2**20 / 4) ** 0.5)
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(width, use_bias=False)])
    model.set_weights([np.full((width, width), value, "float32")])
    return model


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def mounted(image: pathlib.Path) -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory() as directory:
        run("mount", "-o", "loop", str(image), directory)
        try:
            yield pathlib.Path(directory)
        finally:
            run("umount", directory)


def state(model: Any, path: pathlib.Path) -> str:
    """Which of the saves is at a path."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            keras_ckpt.load_weights(model, path)
    except FileNotFoundError:
        return "none"
    except (keras_ckpt.CheckpointError, OSError):
        return "damaged"
    found = np.unique(np.asarray(model.get_weights()[0]))
    return {1.0: "old", 2.0: "new"}[float(found[0])] if len(found) == 1 else "mixed"


def cut(system: str, kind: str, same: bool, durable: bool, mebibytes: int, work: str) -> str:
    """Returns what is left after a save and a cut: the old checkpoint, and the new one."""
    name, save = SAVED[kind]
    image, copy = pathlib.Path(work, "image"), pathlib.Path(work, "copy")
    with open(image, "wb") as file:
        file.truncate(SIZE << 20)
    force = "-F" if system == "ext4" else "-f"
    run(f"mkfs.{system}", "-q", force, str(image))
    model = model_of(mebibytes, 1.0)
    with mounted(image) as directory:
        old = directory / name.format("old")
        save(model, old)
        run("sync")
        model.set_weights([model.get_weights()[0] * 2])
        with durability.durable(durable):
            save(model, old if same else directory / name.format("new"))
        shutil.copyfile(image, copy)
    with mounted(copy) as directory:
        first = state(model, directory / name.format("old"))
        return first if same else f"{first}, {state(model, directory / name.format('new'))}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", default="ext4,xfs,btrfs", help="file systems")
    parser.add_argument("--mebibytes", type=int, default=20)
    given = parser.parse_args()
    lost = 0
    print("| file system | format | new path | same path | new, not durable | same, not durable |")
    print("|---|---|---|---|---|---|")
    for system in given.systems.split(","):
        if shutil.which(f"mkfs.{system}") is None:
            print(f"| {system} | SKIPPED: there is no mkfs.{system} | | | | |")
            continue
        for kind in SAVED:
            row = []
            for durable in (True, False):
                for same in (False, True):
                    with tempfile.TemporaryDirectory() as work:
                        row.append(cut(system, kind, same, durable, given.mebibytes, work))
            lost += row[:2] != ["old, new", "new"]
            print(f"| {system} | {kind} | " + " | ".join(row) + " |", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
