"""KC402: metrics of the validation without any."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, frequency, monitored, register
from keras_ckpt.migrate.sites.site import Checkpoint, Site


@register
class NoValidation(Rule):
    code = "KC402"
    name = "no-validation"
    what = (
        "Finds `save_best_only=True` with a metric of the validation, such as the default "
        "`val_loss`, where `fit` gets no validation data."
    )
    why = (
        "The monitored value never exists. Up to Keras 3.9 nothing is saved then. From 3.10 on "
        "the model is saved after every epoch, with a warning, so the file holds the last model "
        "and not the best."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", save_best_only=True)
model.fit(x, y, epochs=20, callbacks=[checkpoint])
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", save_best_only=True)
model.fit(x, y, epochs=20, validation_split=0.1, callbacks=[checkpoint])
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return (old.profile.missing, new.profile.missing) == ("skipped", "saved")

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Checkpoint):
            return
        arguments = site.bound(old)
        name = monitored(arguments)
        if not arguments.flag("save_best_only") or not (name or "").startswith("val_"):
            return
        trainings = site.trainings()
        # At batches there is none in any case, which is another rule.
        if frequency(arguments) is not None or not trainings:
            return
        if all(training.validation is False for training in trainings):
            yield self.problem(
                site,
                f"There is no `{name}`, since `fit` is given no validation data. {old.title} saves "
                f"nothing then, {new.title} saves after every epoch, over the best model.",
                f"Give `fit` validation data, or monitor `{str(name)[len('val_') :]}`.",
                arguments.named.get("monitor"),
            )
