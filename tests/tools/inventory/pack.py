"""Packs what `write.py` has written for the repository.

    python tests/tools/inventory/pack.py DIRECTORY

Of each model it keeps the HDF5 file, and of those of `kinds.py` all files: in the other formats the
same is said of a class in other words.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import tarfile

HOME = pathlib.Path(__file__).resolve().parents[2] / "data" / "inventory"
#: Files that are large and tell nothing new.
LEFT_OUT = ("kinds/layers_900",)


def main(directory: str) -> None:
    with open(os.path.join(directory, "index.json")) as file:
        index = json.load(file)
    HOME.mkdir(exist_ok=True)
    target = HOME / (index["release"] + ".tar.xz")
    for number, told in list(index["cases"].items()):
        if told["name"] in LEFT_OUT:
            del index["cases"][number]
            continue
        every = told["name"].startswith(("kinds/", "compiled/"))
        told["written"] = {
            kind: None
            for kind, problem in told["written"].items()
            if problem is None and (every or kind == "model.h5")
        }
    del index["unknown"]
    os.makedirs(os.path.join(directory, "packed"), exist_ok=True)
    with open(os.path.join(directory, "packed", "index.json"), "w") as file:
        json.dump(index, file)
    with tarfile.open(str(target), "w:xz", preset=9) as archive:
        archive.add(os.path.join(directory, "packed", "index.json"), "index.json")
        for number, told in index["cases"].items():
            for name in sorted(os.listdir(os.path.join(directory, number))):
                kind = name.split(".data-")[0].split(".index")[0]
                if kind in told["written"] or name == "told.npz" or name == kind == "checkpoint":
                    archive.add(os.path.join(directory, number, name), f"{number}/{name}")
    print(target, os.path.getsize(str(target)), len(index["cases"]))


if __name__ == "__main__":
    main(sys.argv[1])
