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
        return units.count("samples") == 1 and "epochs" not in units

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        arguments = bound(site, old)
        if arguments is None or frequency(arguments) is None or beyond_epoch(site, old, new):
            return
        argument = arguments.named["save_freq"]
        count = shown(argument.value)
        if old.profile.frequency_unit == "samples":
            was, now, write = "samples", "batches", f"save_freq={count} // batch_size"
        else:
            was, now, write = "batches", "samples", f"save_freq={count} * batch_size"
        yield self.problem(
            site,
            f"`save_freq={count}` counts {was} in {old.title}, and {now} in {new.title}.",
            f"Write `{write.replace('…', 'save_freq')}`, with the batch size of `fit`.",
            argument,
        )
