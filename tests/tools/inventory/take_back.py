"""Reads what `give_back.py` wrote, in the environment of the release, and compares.

    PYTHON_OF_A_RELEASE tests/tools/inventory/take_back.py DIRECTORY RESULT.json

A model predicts what it did before it went to Keras 3. Anything else is a fault.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import write  # noqa: E402

KERAS = write.KERAS
NEAR = 1e-5


def read(folder: str, told: dict[str, Any], kind: str) -> Any:
    import customs

    known = {name: getattr(customs, name) for name in told["custom"]}
    path = os.path.join(folder, "back", kind)
    if kind == "model.h5":
        return KERAS.models.load_model(path, custom_objects=known, compile=False)
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        model = KERAS.models.model_from_json(file.read(), known)
    model.load_weights(path)
    return model


def result(folder: str, told: dict[str, Any], kind: str) -> str:
    KERAS.backend.clear_session()
    arrays = dict(np.load(os.path.join(folder, "told.npz")))

    def several(prefix: str) -> list[Any]:
        found = []
        while f"{prefix}{len(found)}" in arrays:
            found.append(arrays[f"{prefix}{len(found)}"])
        return found

    inputs: Any = several("x")
    if "input_names" in told:
        inputs = dict(zip(told["input_names"], inputs))
    try:
        model = read(folder, told, kind)
        write.reset(model)
        found = write.predict(model, inputs)
    except Exception as error:
        return f"RAISES: {type(error).__name__}: {str(error)[:300]}"
    expected = several("p")
    if [each.shape for each in found] != [each.shape for each in expected]:
        return "DIFFERS: shapes"
    near = 2e-2 if "policy" in told["name"] or "float16" in told["name"] else NEAR
    for one, other in zip(found, expected):
        if one.dtype.kind in "US":
            if (one != other).any():
                return "DIFFERS: text"
            continue
        one, other = one.astype("float64"), other.astype("float64")
        scale = max(1.0, float(np.nanmax(np.abs(other)))) if other.size else 1.0
        if not np.allclose(one, other, rtol=0, atol=near * scale, equal_nan=True):
            return f"DIFFERS: {float(np.nanmax(np.abs(one - other))):.3g} apart"
    return "same"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("result")
    given = parser.parse_args()
    results: dict[str, dict[str, str]] = {}
    for path in sorted(glob.glob(os.path.join(given.directory, "back*.json"))):
        with open(path) as file:
            back = json.load(file)
        with open(path.replace("back", "index")) as file:
            cases = json.load(file)["cases"]
        for number, written in back.items():
            told, folder = cases[number], os.path.join(given.directory, number)
            results[told["name"]] = {
                kind: "NOT WRITTEN: " + problem if problem else result(folder, told, kind)
                for kind, problem in written.items()
                if kind == "model.h5" or told["written"].get("model.json", "") is None
            }
    with open(given.result, "w") as file:
        json.dump(results, file, indent=1)
    counts: dict[str, int] = {}
    for each in results.values():
        for found in each.values():
            counts[found.split(":")[0]] = counts.get(found.split(":")[0], 0) + 1
    print(write.RELEASE, counts, file=sys.stderr)


if __name__ == "__main__":
    main()
