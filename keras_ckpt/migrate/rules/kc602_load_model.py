"""KC602: whole models that Keras 3 does not read."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    Problem,
    Rule,
    clue_of_keras_2,
    register,
    rename_path,
)
from keras_ckpt.migrate.sites.paths import first_lost, shown
from keras_ckpt.migrate.sites.site import LOAD_MODEL, CallSite, Site


@register
class LoadModel(Rule):
    code = "KC602"
    name = "load-model"
    is_late = True
    reads = (LOAD_MODEL,)
    what = "Finds `load_model(path)` with a file name that Keras 3 refuses."
    why = (
        "Up to TF 2.15 a path that does not end in `.h5`, `.hdf5` or `.keras` is a SavedModel. In "
        "Keras 3, `load_model` raises a ValueError for it."
    )
    before = """
import keras

model = keras.models.load_model("saved_model/my_model")
"""
    after = """
import keras_ckpt

model = keras_ckpt.load_model("saved_model/my_model")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return old.saving.load_model.loses_paths(new.saving.load_model)

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind != LOAD_MODEL:
            return
        if site.facts.others & {"OrbaxCheckpoint"}:
            return
        argument = site.path(old)
        if argument is None:
            return
        path = first_lost(argument, old.saving.load_model, new.saving.load_model)
        if path is not None:
            yield self.problem(
                site,
                f"{new.title} raises ValueError: File format not supported: "
                f"filepath={shown(path)}.",
                "Write `keras_ckpt.load_model(path)`, which reads SavedModels, or once "
                '`keras_ckpt.convert(path, "model.keras")`.',
                argument,
            )

    fix = rename_path
    clues = clue_of_keras_2
