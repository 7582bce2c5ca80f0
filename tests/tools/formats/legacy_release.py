"""The files that an old release has written, and what it said of them."""

from __future__ import annotations

import json
import pathlib
import tarfile
import zipfile
from typing import Any

import legacy_models
import numpy as np
import pytest
from page import KEEPING, KERAS_3

from keras_ckpt import runtime

HOME = pathlib.Path(__file__).resolve().parents[2] / "data" / "legacy"
WHOLE = ["model.h5", "saved_model", "model.keras"]
# The loss that these gave for a step was the mean of it and those before.
MEANS = KERAS_3[:15]


class Release:
    """The files of a release."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.name = name
        self.directory = directory
        with tarfile.open(str(HOME / (name + ".tar.xz"))) as archive:
            archive.extractall(str(directory))
        self.expected = json.loads((directory / "expected.json").read_text())

    def version(self) -> tuple[int, ...]:
        """The release of Keras, 2 for all before Keras 3."""
        numbers = tuple(int(part) for part in self.name.split(".") if part.isdigit())
        return numbers if self.name in KERAS_3 else (2,)

    def keeps_the_optimizer(self, kind: str, path: str) -> bool:
        """Whether a file has the optimizer, and the state of it."""
        if kind == "model.keras":
            # Keras 3 forgets it once it has written the model as HDF5.
            with zipfile.ZipFile(path) as archive:
                return "optimizer" in json.loads(archive.read("config.json"))["compile_config"]
        return kind in ("checkpoint", *WHOLE) or (kind == "weights.h5" and self.name in KEEPING)

    def losses(self, model: str) -> Any:
        """The losses of the next steps, None if there were none."""
        told = self.expected[model]["losses"]
        if told is None or self.name not in MEANS:
            return told
        steps = np.arange(1, len(told) + 1)
        return np.diff(told * steps, prepend=0)

    def path(self, model: str, kind: str) -> str:
        """The path of a file, for which a test is skipped if the release did not write it."""
        if model not in self.expected:
            pytest.skip("the release has no such layer")
        if kind not in self.expected[model]["written"]:
            pytest.skip(self.expected[model]["not written"].get(kind, "the release has no such"))
        return str(self.directory / legacy_models.file_name(model, kind))


def case_of(name: str) -> legacy_models.Case:
    keras = runtime.keras()
    keras.utils.set_random_seed(1)  # Not the weights that were saved.
    return legacy_models.MODELS[name](keras)


def flat(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], (list, np.ndarray)):
        return np.concatenate([flat(each) for each in value])
    return np.ravel(np.asarray(value, "float64"))
