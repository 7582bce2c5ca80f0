"""Writes an old release's files.

Run it there: ``tox exec -e tf2.9 -- python tests/tools/formats/write_legacy.py``.

With names of models it adds those to the files that there are.

Each model is trained, saved in every way of the release, and then trained for two steps more: what
a reader must come to is kept beside the files.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import sys
import tarfile
import tempfile
from typing import Any

import legacy_models
import numpy as np

HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "legacy")


def running() -> tuple[Any, str]:
    """The running Keras, and the name of its release."""
    if importlib.util.find_spec("keras") and not os.environ.get("TF_USE_LEGACY_KERAS"):
        keras = importlib.import_module("keras")
        if keras.__version__.startswith("3."):
            return keras, ".".join(keras.__version__.split(".")[:2])
    import tensorflow

    keras = tensorflow.keras
    if keras.__name__.startswith("tf_keras"):
        return keras, "tf_keras"
    return keras, ".".join(tensorflow.__version__.split(".")[:2])


def as_lists(value: Any) -> Any:
    """Predictions in a form that JSON holds."""
    if isinstance(value, (list, tuple)):
        return [as_lists(each) for each in value]
    return np.asarray(value, "float64").tolist()


def _saves(model: Any) -> dict[str, Any]:
    """Each way of the release to save a model."""
    release = running()[1]
    if release.startswith("3."):
        return {
            "weights.h5": model.save_weights,
            "model.h5": model.save,
            "model.keras": model.save,
        }
    # TF 2.12 meant HDF5 by the other name.
    archive = "keras_v3" if release == "2.12" else "keras"
    return {
        "weights.h5": model.save_weights,
        "weights.hdf5": model.save_weights,
        "checkpoint": model.save_weights,
        "model.h5": model.save,
        "saved_model": lambda path: model.save(path, save_format="tf"),
        "model.keras": lambda path: model.save(path, save_format=archive),
    }


def write(keras: Any, name: str) -> dict[str, Any]:
    """Saves a model in the working directory; returns what its reader must come to."""
    keras.backend.clear_session()
    case = legacy_models.MODELS[name](keras)
    case.model.fit(case.x, case.y, epochs=2, verbose=0, shuffle=False)
    predictions = as_lists(case.model.predict(case.x, verbose=0))
    written = {}
    for kind, save in _saves(case.model).items():
        path = legacy_models.file_name(name, kind)
        try:
            save(path)
        except Exception as error:
            written[kind] = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
        else:
            written[kind] = None
            if kind == "model.keras" and not _is_archive(path):
                # Before 2.12 it was nothing but a name.
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
                del written[kind]
    told: dict[str, Any] = {"not written": {k: v for k, v in written.items() if v}}
    told["written"] = sorted(kind for kind, error in written.items() if error is None)
    told["predictions"] = predictions
    try:
        # TF 2.2 to 2.8 go on with the mean of the last epoch in the first step.
        case.model.reset_metrics()
        told["losses"] = [
            float(np.ravel(case.model.train_on_batch(case.x, case.y))[0]) for _ in range(3)
        ]
    except TypeError:
        told["losses"] = None  # TF 2.0 cannot train some models that it has saved.
    return told


def _is_archive(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def main(names: list[str]) -> None:
    keras, release = running()
    directory = tempfile.mkdtemp()
    os.chdir(directory)
    target = os.path.join(HOME, release + ".tar.xz")
    expected = {}
    if names:
        with tarfile.open(target) as archive:
            archive.extractall()
        with open("expected.json") as file:
            expected = json.load(file)
    for name in names or legacy_models.MODELS:
        try:
            expected[name] = write(keras, name)
        except (AttributeError, TypeError, ValueError) as error:
            # A layer or a policy that came later.
            print(name, "is not in this release:", str(error).splitlines()[0], file=sys.stderr)
    with open("expected.json", "w") as file:
        json.dump(expected, file)
    os.makedirs(HOME, exist_ok=True)
    with tarfile.open(target, "w:xz") as archive:
        for name in sorted(os.listdir(".")):
            archive.add(name)
    print(target, os.path.getsize(target))


if __name__ == "__main__":
    main(sys.argv[1:])
