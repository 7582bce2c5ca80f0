"""Reads in an old release what `write_ours.py` wrote: ``python read_ours.py DIRECTORY``.

Prints as JSON, for each model and format, how far it came: "no", "predictions" if they are those of
Keras 3, or "training" if the next steps are, too.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import legacy_models
import numpy as np
from write_legacy import running


def _flat(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) and isinstance(value[0], (list, np.ndarray)):
        return np.concatenate([_flat(each) for each in value])
    return np.ravel(np.asarray(value, "float64"))


def _load(keras: Any, case: legacy_models.Case, path: str, kind: str) -> Any:
    if kind == "saved_model":
        return _Served(path)
    if "model" in kind:
        return keras.models.load_model(path, custom_objects=case.custom_objects)
    case.model.load_weights(path)
    return case.model


class _Served:
    """A SavedModel that is served by its graph."""

    def __init__(self, path: str) -> None:
        import tensorflow

        self._constant = tensorflow.constant
        self._loaded = tensorflow.saved_model.load(path)
        self._serve = self._loaded.signatures["serving_default"]

    def predict(self, x: Any, verbose: int = 0) -> Any:
        tensors = sorted(self._serve.structured_input_signature[1].items())
        given = x if isinstance(x, list) else [x]
        feed = {
            name: self._constant(each, spec.dtype) for (name, spec), each in zip(tensors, given)
        }
        found = self._serve(**feed)
        every = [found[name].numpy() for name in sorted(found)]
        return every if len(every) > 1 else every[0]


def read(keras: Any, name: str, kind: str, directory: str, told: Any) -> str:
    """How far the release comes with a file."""
    keras.backend.clear_session()
    path = os.path.join(directory, legacy_models.file_name(name, kind))
    try:
        case = legacy_models.MODELS[name](keras)
        model = _load(keras, case, path, kind)
        predictions = _flat(model.predict(case.x, verbose=0))
    except Exception:
        return "no"
    near = legacy_models.NEAR.get(name, 1e-6)
    if not np.allclose(predictions, _flat(told["predictions"]), rtol=near, atol=near):
        return "no"
    try:
        losses = [float(np.ravel(model.train_on_batch(case.x, case.y))[0]) for _ in range(3)]
    except (AttributeError, RuntimeError, TypeError):
        return "predictions"  # It is served, or the release cannot train what it has loaded.
    near = legacy_models.NEAR_LOSSES.get(name, 1e-5)
    return "training" if np.allclose(losses, told["losses"], rtol=near) else "predictions"


def main(directory: str) -> None:
    keras, _ = running()
    with open(os.path.join(directory, "expected.json")) as file:
        expected = json.load(file)
    found = {
        name: {kind: read(keras, name, kind, directory, told) for kind in legacy_models.KINDS}
        for name, told in expected.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
