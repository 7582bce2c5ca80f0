"""KC201: paths of weights."""

from __future__ import annotations

import functools
from typing import Iterator

from keras_ckpt.engine import messages
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import Release, every
from keras_ckpt.migrate.rules.definition import (
    KERAS_CKPT,
    Clue,
    Problem,
    Rule,
    bound,
    register,
    rename_path,
)
from keras_ckpt.migrate.sites.paths import shown, write_ending
from keras_ckpt.migrate.sites.site import Checkpoint, Site


@register
class WeightsEnding(Rule):
    code = "KC201"
    name = "weights-ending"
    is_late = True
    what = "Finds paths that Keras 3 refuses together with `save_weights_only=True`."
    why = (
        "Up to TF 2.15 the ending determines the format: `.h5` and `.hdf5` mean HDF5, anything "
        "else a TensorFlow checkpoint. Keras 3 writes weights only to paths that end in "
        "`.weights.h5`. For any other it raises a ValueError when the callback is made."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("training_1/cp-{epoch:04d}.ckpt", save_weights_only=True)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("training_1/cp-{epoch:04d}.weights.h5", save_weights_only=True)
"""
    #: Which of a profile's endings, and of its messages.
    index, weights_only, text = 1, True, "ending of weights"

    def concerns(self, old: Release, new: Release) -> bool:
        was, now = old.profile.endings[self.index], new.profile.endings[self.index]
        return bool(now) and not (was and set(was) <= set(now))

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        arguments = bound(site, old)
        if arguments is None or "filepath" not in arguments.named:
            return
        assert isinstance(site, Checkpoint)
        argument = arguments.named["filepath"]
        if arguments.flag("save_weights_only") is not self.weights_only:
            return
        was, now = old.profile.endings[self.index], new.profile.endings[self.index]
        for found in site.possible_paths():
            path = found.value
            if not isinstance(path, Str) or path.ends_in(now) is not False:
                continue
            if was and not path.ends_in(was):
                continue
            said = messages.TEXTS[new.profile.texts][self.text].format(filepath=shown(found))
            yield self.problem(
                site,
                f"{new.title} raises ValueError: {said}",
                f"{write_ending(path, now[0])} To keep the files as they are, write {KERAS_CKPT}.",
                argument,
            )
            return

    fix = rename_path

    def clues(self, site: Site) -> Iterator[Clue]:
        if not isinstance(site, Checkpoint):
            return
        arguments = site.bound(every()[0])
        path = arguments.value("filepath")
        if isinstance(path, Str) and arguments.flag("save_weights_only") is self.weights_only:
            yield Clue(f"`{path.shown}` is saved to", functools.partial(self._takes, path))

    def _takes(self, path: Str, release: Release) -> bool:
        endings = release.profile.endings[self.index]
        return not endings or path.ends_in(endings) is not False
