"""Reads checkpoints in a process of its own, and prints what came of each, as a line of JSON.

A line of its input is a list: the name of a reader, the path, and a file that must not appear.
What is printed before the reader is called says which, in case it does not come back.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from typing import Any

import legacy_models
import numpy as np

from keras_ckpt import formats, runtime
from keras_ckpt.formats.inspection import inspect

keras = runtime.keras()


def small() -> Any:
    """A model with all that is saved: weights, and the state of an optimizer."""
    model = keras.Sequential(
        [
            keras.Input((4,), name="in"),
            keras.layers.Dense(5, activation="relu", name="a"),
            keras.layers.Dense(3, name="b"),
        ],
        name="small",
    )
    model.compile(optimizer="adam", loss=keras.losses.MeanSquaredError())
    model.train_on_batch(np.ones((2, 4), "float32"), np.ones((2, 3), "float32"))
    return model


def values(model: Any) -> list[bytes]:
    """The bits of all that a model holds."""
    variables = list(model.variables) + list(model.optimizer.variables)
    return [runtime.to_numpy(variable).tobytes() for variable in variables]


def model_of(name: str) -> Any:
    """The model that the checkpoints are of: `small`, or one of those of old releases."""
    if name == "small":
        return small()
    case = legacy_models.MODELS[name.split("-")[0]](keras)
    case.model.compile(optimizer="adam", loss="mse")
    case.model.train_on_batch(case.x, case.model.predict(case.x, verbose=0))
    return case.model


class Readers:
    """The readers, and the model into which one of them reads."""

    def __init__(self, model: str = "small") -> None:
        self.model = model_of(model)
        self._before = values(self.model)

    def read(self, name: str, path: str) -> None:
        {
            "format_of": formats.format_of,
            "inspect": inspect,
            "latest_checkpoint": formats.latest_checkpoint,
            "load_model": formats.load_model,
            "load_weights": lambda path: formats.load_weights(self.model, path),
        }[name](path)

    def outcome(self, name: str, path: str) -> dict[str, Any]:
        """What a reader made of a path: an error, and whether it is such as it has to be."""
        found: dict[str, Any] = {"error": None, "message": "", "advice": "", "changed": False}
        start = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.read(name, path)
        except Exception as error:
            # A test of bad files asks for no more than that it is one of those of checkpoints.
            is_own = isinstance(error, formats.CheckpointError)
            found["error"] = "CheckpointError" if is_own else type(error).__name__
            found["type"] = type(error).__name__
            found["message"] = str(error)
            found["advice"] = getattr(error, "advice", "")
        found["seconds"] = time.process_time() - start
        found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        if name == "load_weights":
            after = values(self.model)
            found["changed"] = bool(found["error"]) and after != self._before
            self._before = after
        return found


def main() -> None:
    readers = Readers()
    for line in sys.stdin:
        name, path, marker = json.loads(line)
        print(json.dumps(["begins", name, path]), flush=True)
        found = readers.outcome(name, path)
        found["ran"] = os.path.exists(marker)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
