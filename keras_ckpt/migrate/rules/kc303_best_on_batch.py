"""KC303: best-only saves at the end of batches."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    KERAS_CKPT,
    WITH_KERAS_CKPT,
    Answer,
    Plan,
    Problem,
    Refusal,
    Rule,
    bound,
    frequency,
    monitored,
    register,
    shown,
)
from keras_ckpt.migrate.sites.site import Site


@register
class BestOnBatch(Rule):
    code = "KC303"
    name = "best-on-batch"
    what = "Finds `save_best_only=True` together with an integer `save_freq`."
    why = (
        "At the end of a batch no values of the validation exist yet. Up to Keras 3.9, nothing is "
        "saved without the monitored value. From 3.10 on every such save is made, with a warning, "
        "so the file holds the last model and not the best. For a metric of the training, Keras "
        "3.11 and later do not know which direction is better before the first epoch ends, and "
        "raise a TypeError at the second save in it."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", save_best_only=True, save_freq=500)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", save_best_only=True)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        a, b = old.profile, new.profile
        return (a.missing, b.missing) == ("skipped", "saved") or self._undecided(old, new)

    @staticmethod
    def _undecided(old: Release, new: Release) -> bool:
        return (old.profile.direction, new.profile.direction) == ("name", "metric")

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        arguments = bound(site, old)
        if arguments is None or not arguments.flag("save_best_only"):
            return
        count, monitor = frequency(arguments), monitored(arguments)
        if count is None or monitor is None:
            return
        argument = arguments.named["save_freq"]
        written = f"`save_freq={shown(argument.value)}`"
        if monitor.startswith("val_"):
            if (old.profile.missing, new.profile.missing) != ("skipped", "saved"):
                return
            yield self.problem(
                site,
                f"At the end of a batch there is no `{monitor}`. {old.title} saves nothing then, "
                f"{new.title} saves every time, over the best model.",
                f'Write `save_freq="epoch"`, or monitor a metric of the training with '
                f"{KERAS_CKPT}.",
                argument,
            )
        elif self._undecided(old, new):
            yield self.problem(
                site,
                f"{new.title} raises TypeError: 'NoneType' object is not callable, at the second "
                f"save of the first epoch: it is not known before its end whether less `{monitor}` "
                f"is better.",
                f'Write `save_freq="epoch"`, or {KERAS_CKPT}, which knows it with {written}.',
                argument,
            )

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        arguments = bound(problem.site, plan.old)
        name = monitored(arguments) if arguments is not None else None
        if (name or "").startswith("val_"):
            return Refusal(
                f"at the end of a batch there is no `{name}`, so that {plan.old.title} never saved "
                f"anything. {problem.advice}",
                needs_keras_ckpt=False,
            )
        return Refusal(
            "best-only saves at the end of batches need keras_ckpt: Keras 3 does not know then "
            f"what is better. {WITH_KERAS_CKPT}"
        )
