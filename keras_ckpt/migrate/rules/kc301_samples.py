"""KC301: `save_freq` in samples."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, bound, frequency, register, shown
from keras_ckpt.migrate.rules.kc302_epoch import beyond_epoch
from keras_ckpt.migrate.sites.site import Site


@register
class Samples(Rule):
    code = "KC301"
    name = "samples"
    examples = "2.0", "2.4"
    with_keras_ckpt = "keras_ckpt counts batches, too."
    what = "Finds an integer `save_freq` in code for TF 2.0 and 2.1, where it counts samples."
    why = (
        "From TF 2.2 on it counts batches, and nothing warns about it. The model is saved less "
        "often by a factor of the batch size, or never."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("model.{epoch:02d}.keras", save_freq=10000)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("model.{epoch:02d}.keras")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        units = old.profile.frequency_unit, new.profile.frequency_unit
        return units.count("samples") == 1

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        arguments = bound(site, old)
        if arguments is None or frequency(arguments) is None or beyond_epoch(site, old, new):
            return
        argument = arguments.named["save_freq"]
        count = shown(argument.value)
        if old.profile.frequency_unit == "samples":
            now, write = "batches", "save_freq=%s // batch_size" % count
        else:
            now, write = "samples", "save_freq=%s * batch_size" % count
        yield self.problem(
            site,
            "`save_freq=%s` counts %s in %s, and %s in %s."
            % (
                count,
                "samples" if now == "batches" else "batches",
                old.title,
                now,
                new.title,
            ),
            "Write `%s`, with the batch size of `fit`." % write.replace("…", "save_freq"),
            argument,
        )
