"""KC604: names that Keras 3 does not save to."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Possible, Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    Problem,
    Rule,
    clue_of_keras_2,
    register,
    rename_path,
)
from keras_ckpt.migrate.sites.paths import first_lost, shown, write_ending
from keras_ckpt.migrate.sites.site import SAVE, SAVE_WEIGHTS, CallSite, Site


@register
class Save(Rule):
    code = "KC604"
    name = "save"
    is_late = True
    writes = (SAVE, SAVE_WEIGHTS)
    what = (
        "Finds `model.save(path)` and `model.save_weights(path)` with a file name that Keras 3 "
        "refuses."
    )
    why = (
        "Up to TF 2.15 any path is accepted, for a SavedModel or a TensorFlow checkpoint. Keras 3 "
        "raises a ValueError unless a whole model ends in `.keras`, `.h5` or `.hdf5` and weights "
        "end in `.weights.h5`."
    )
    before = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights("checkpoints/my_checkpoint")
"""
    after = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights("checkpoints/my_checkpoint.weights.h5")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return any(
            old.saving.function(kind).loses_paths(new.saving.function(kind))
            for kind in (SAVE, SAVE_WEIGHTS)
        )

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind not in (SAVE, SAVE_WEIGHTS):
            return
        taken = new.saving.function(site.kind)
        # Directories of Keras 3, and its weights in several files.
        if {"zipped", "max_shard_size"} & set(site.keywords) & set(taken.arguments):
            return
        argument = site.path(old)
        if argument is None:
            return
        weights = site.kind == SAVE_WEIGHTS
        found = first_lost(argument, old.saving.function(site.kind), taken)
        ends = isinstance(argument.value, Str) and argument.value.ends_in(tuple(taken.endings))
        if found is None and self._is_of_tensorflow(site) and not weights and not ends:
            found = Possible(Str(("…",)))
        if found is None or not site.may_be_keras(found.value):
            return
        path = found.value
        assert isinstance(path, Str)
        said = (
            "The filename must end in `.weights.h5`."
            if weights
            else "Invalid filepath extension for saving."
        )
        function = "save_weights" if weights else "save_model"
        yield self.problem(
            site,
            f"{new.title} raises ValueError: {said} Received: filepath={shown(found)}",
            f"{write_ending(path, taken.endings[0])} To keep the format as it is, write "
            f"`keras_ckpt.{function}(model, path)`.",
            argument,
        )

    @staticmethod
    def _is_of_tensorflow(site: CallSite) -> bool:
        """Returns whether a format is asked for whose names Keras 3 refuses."""
        asked = site.keywords.get("save_format")
        return asked is not None and asked.value == Str(("tf",))

    fix = rename_path
    clues = clue_of_keras_2
