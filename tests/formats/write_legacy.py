"""Writes an old release's files: ``tox exec -e tf2.9 -- python tests/formats/write_legacy.py``.

Each model is trained, saved in every way of the release, and then trained for two steps more: what
a reader must come to is kept beside the files.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tarfile
import tempfile
from typing import Any

import legacy_models
import numpy as np

HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "legacy")


def running() -> tuple[Any, str]:
    """The running Keras, and the name of its release."""
    import tensorflow

    keras = tensorflow.keras
    if keras.__name__.startswith("tf_keras"):
        return keras, "tf_keras"
    return keras, ".".join(tensorflow.__version__.split(".")[:2])


def _lists(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_lists(each) for each in value]
    return np.asarray(value, "float64").tolist()


def write(keras: Any, name: str) -> dict[str, Any]:
    """Saves a model in the working directory; returns what its reader must come to."""
    keras.backend.clear_session()
    case = legacy_models.MODELS[name](keras)
    case.model.fit(case.x, case.y, epochs=2, verbose=0, shuffle=False)
    predictions = _lists(case.model.predict(case.x, verbose=0))
    # TF 2.12 meant HDF5 by the other name.
    archive = "keras_v3" if running()[1] == "2.12" else "keras"
    saves = {
        "weights.h5": lambda path: case.model.save_weights(path),
        "weights.hdf5": lambda path: case.model.save_weights(path),
        "checkpoint": lambda path: case.model.save_weights(path),
        "model.h5": lambda path: case.model.save(path),
        "saved_model": lambda path: case.model.save(path, save_format="tf"),
        "model.keras": lambda path: case.model.save(path, save_format=archive),
    }
    written = {}
    for kind, save in saves.items():
        path = name + "." + kind if "." in kind else name + "_" + kind
        try:
            save(path)
        except Exception as error:
            written[kind] = "%s: %s" % (type(error).__name__, str(error).splitlines()[0][:200])
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


def main() -> None:
    keras, release = running()
    directory = tempfile.mkdtemp()
    os.chdir(directory)
    expected = {}
    for name in legacy_models.MODELS:
        try:
            expected[name] = write(keras, name)
        except (AttributeError, TypeError, ValueError) as error:
            # A layer or a policy that came later.
            print(name, "is not in this release:", str(error).splitlines()[0], file=sys.stderr)
    with open("expected.json", "w") as file:
        json.dump(expected, file)
    os.makedirs(HOME, exist_ok=True)
    target = os.path.join(HOME, release + ".tar.xz")
    with tarfile.open(target, "w:xz") as archive:
        for name in sorted(os.listdir(".")):
            archive.add(name)
    print(target, os.path.getsize(target))


if __name__ == "__main__":
    main()
