"""KC202: paths of whole models."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import KERAS_CKPT, Problem, bound, register
from keras_ckpt.migrate.rules.kc201_weights_ending import WeightsEnding
from keras_ckpt.migrate.sites.paths import shown
from keras_ckpt.migrate.sites.site import Checkpoint, Site


@register
class ModelEnding(WeightsEnding):
    code = "KC202"
    name = "model-ending"
    what = "Finds paths for whole models (without `save_weights_only`) that Keras 3 refuses."
    why = (
        "Up to TF 2.15 the ending determines the format: `.h5` and `.hdf5` mean HDF5, `.keras` an "
        "archive from TF 2.12 on, anything else a SavedModel. Keras 3 writes whole models only to "
        "paths that end in `.keras` or, from 3.8 on, in `.h5`. For any other it raises a "
        "ValueError when the callback is made."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("weights.{epoch:02d}-{val_loss:.2f}.hdf5")
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("weights.{epoch:02d}-{val_loss:.2f}.keras")
"""
    index, weights_only, text = 0, False, "ending of model"

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        yield from super().check(site, old, new)
        arguments = bound(site, old)
        if (
            not isinstance(site, Checkpoint)
            or arguments is None
            or arguments.flag("save_weights_only") is not None
        ):
            return
        # Whether the weights alone are saved is not known, and may not matter.
        endings = [ending for each in new.profile.endings for ending in each]
        if any(old.profile.endings) or "filepath" not in arguments.named:
            return
        for found in site.possible_paths():
            if not isinstance(found.value, Str) or found.value.ends_in(tuple(endings)) is not False:
                continue
            of_model, of_weights = new.profile.endings
            yield self.problem(
                site,
                f"{new.title} raises ValueError: the filepath must end in `{of_model[0]}`, or in "
                f"`{of_weights[0]}` with `save_weights_only=True`. "
                f"Received: filepath={shown(found)}",
                f"Let the path end so. To keep the files as they are, write {KERAS_CKPT}.",
                arguments.named["filepath"],
            )
            return
