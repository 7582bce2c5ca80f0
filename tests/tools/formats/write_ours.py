"""Writes on Keras 3 what old releases are to read: ``python write_ours.py DIRECTORY``."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import legacy_models
import numpy as np
from write_legacy import as_lists

import keras_ckpt
from keras_ckpt import runtime

KINDS = {
    "weights.hdf5": keras_ckpt.save_weights,
    "weights.h5": keras_ckpt.save_weights,
    "checkpoint": keras_ckpt.save_weights,
    "model.h5": keras_ckpt.save_model,
    "saved_model": keras_ckpt.save_model,
    "model.keras": keras_ckpt.save_model,
}


def write(name: str, directory: str) -> dict[str, Any]:
    """Saves a trained model in each format; returns what its reader must come to."""
    runtime.keras().utils.set_random_seed(3)
    case = legacy_models.MODELS[name](runtime.keras())
    case.model.fit(case.x, case.y, epochs=2, verbose=0, shuffle=False)
    predictions = as_lists(case.model.predict(case.x, verbose=0))
    for kind, save in KINDS.items():
        if case.whole or "model" not in kind:
            save(case.model, os.path.join(directory, legacy_models.file_name(name, kind)))
    losses = [float(np.ravel(case.model.train_on_batch(case.x, case.y))[0]) for _ in range(3)]
    return {"predictions": predictions, "losses": losses}


def main(directory: str) -> None:
    os.makedirs(directory, exist_ok=True)
    expected = {name: write(name, directory) for name in legacy_models.MODELS}
    with open(os.path.join(directory, "expected.json"), "w") as file:
        json.dump(expected, file)


if __name__ == "__main__":
    main(sys.argv[1])
