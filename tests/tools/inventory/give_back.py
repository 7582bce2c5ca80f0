"""Writes the models of an inventory for the release that made them, on the running Keras 3.

    python tests/tools/inventory/give_back.py DIRECTORY [PATTERN]

Each model that comes back from its `model.h5` is saved again, in a folder `back` beside it.
`take_back.py` reads that in the environment of the release.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import re
import shutil
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import replay

import keras_ckpt
from keras_ckpt import runtime


def give_back(case: replay.Case) -> dict[str, str | None]:
    """Writes a model in the formats of its release; returns why one could not be, or None."""
    folder = case.path("back")
    shutil.rmtree(folder, ignore_errors=True)
    runtime.keras().backend.clear_session()
    found: dict[str, str | None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = case.load("model.h5")
        for kind, save in {
            "model.h5": lambda path: keras_ckpt.save_model(model, path, format="h5", verbose=0),
            "weights.h5": lambda path: keras_ckpt.save_weights(model, path, "h5", verbose=0),
            "checkpoint": lambda path: keras_ckpt.save_weights(model, path, "tf", verbose=0),
        }.items():
            try:
                save(os.path.join(folder, kind))
                found[kind] = None
            except Exception as error:
                found[kind] = f"{type(error).__name__}: {str(error)[:300]}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("pattern", nargs="?", default="")
    given = parser.parse_args()
    for path in sorted(glob.glob(os.path.join(given.directory, "index*.json"))):
        with open(path) as file:
            cases = json.load(file)["cases"]
        results = {}
        for number, told in cases.items():
            if "model.h5" not in replay.kinds(told) or not re.search(given.pattern, told["name"]):
                continue
            case = replay.Case(os.path.join(given.directory, number), told)
            # What it cannot read, or reads otherwise for a reason, it cannot give back.
            if replay.result(case, "model.h5") == replay.SAME:
                results[number] = give_back(case)
        with open(path.replace("index", "back"), "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
