"""KC302: `save_freq` against the batches of an epoch."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.values.infer import integer
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    Answer,
    Plan,
    Problem,
    Refusal,
    Rule,
    bound,
    frequency,
    register,
)
from keras_ckpt.migrate.sites.site import Checkpoint, Site, Training


def beyond_epoch(site: Site, old: Release, new: Release) -> Training | None:
    """Returns the training of which an epoch has fewer batches than a `save_freq` of samples."""
    arguments = bound(site, old)
    if arguments is None or not isinstance(site, Checkpoint):
        return None
    count = frequency(arguments)
    if old.profile.frequency_unit != "samples" or new.profile.frequency_unit == "samples":
        return None
    for training in site.trainings():
        steps = integer(training.steps)
        if steps is not None and isinstance(count, int) and 0 < steps < count:
            return training
    return None


@register
class BeyondEpoch(Rule):
    code = "KC302"
    name = "beyond-epoch"
    examples = "2.1", "2.4"
    with_keras_ckpt = "keras_ckpt counts batches, too."
    what = (
        "Finds an integer `save_freq` that is longer than an epoch once it counts batches instead "
        "of samples, and one whose meaning `steps_per_execution` changes."
    )
    why = (
        "A number of samples that was part of an epoch in TF 2.0 and 2.1 is a number of batches "
        "in later releases, possibly several epochs, so there may be no save at all before "
        "training ends. With `steps_per_execution=N`, TF 2.2 counts N batches as one, and later "
        "releases as N."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("model.{epoch:02d}.keras", save_freq=10000)
model.fit(data, epochs=20, steps_per_epoch=1000, callbacks=[checkpoint])
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("model.{epoch:02d}.keras")
model.fit(data, epochs=20, steps_per_epoch=1000, callbacks=[checkpoint])
"""

    def concerns(self, old: Release, new: Release) -> bool:
        units = old.profile.frequency_unit, new.profile.frequency_unit
        if units[0] == "samples":
            return units[1] in ("calls", "batches")
        return units == ("calls", "batches")

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        arguments = bound(site, old)
        count = frequency(arguments) if arguments is not None else None
        if arguments is None or count is None or not isinstance(site, Checkpoint):
            return
        argument = arguments.named["save_freq"]
        training = beyond_epoch(site, old, new)
        steps = integer(training.steps) if training is not None else None
        if training is not None and steps is not None:
            epochs = integer(training.epochs)
            never = ""
            if epochs is not None and isinstance(count, int) and count > steps * epochs:
                never = f" In {epochs} epochs nothing is saved."
            yield self.problem(
                site,
                f"`save_freq={count}` counts samples in {old.title} and batches in {new.title}, "
                f"where an epoch has {steps}.{never}",
                f"Write `save_freq={count} // batch_size`, or leave it out to save after every "
                "epoch.",
                argument,
            )
            return
        if old.profile.frequency_unit != "calls":
            return
        for training in site.trainings():
            each = integer(training.steps_per_execution)
            if each is not None and each > 1:
                yield self.problem(
                    site,
                    f"With `steps_per_execution={each}`, `save_freq` counts {each} batches as one "
                    f"in {old.title}, and each of them in {new.title}.",
                    f"Write `save_freq={'save_freq' if count == '?' else count} * {each}`.",
                    argument,
                )
                return

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        site = problem.site
        assert isinstance(site, Checkpoint) and problem.argument is not None
        arguments = bound(site, plan.old)
        if plan.old.profile.frequency_unit != "calls" or arguments is None:
            return Refusal(problem.advice, needs_keras_ckpt=False)
        count = frequency(arguments)
        known = (integer(each.steps_per_execution) for each in site.trainings())
        steps = {each for each in known if each is not None}
        if not isinstance(count, int) or len(steps) != 1:
            return Refusal(problem.advice, needs_keras_ckpt=False)
        if not isinstance(problem.argument.node, ast.Constant):
            return Refusal(problem.advice, needs_keras_ckpt=False)
        # The release to which this is native counts batches: again it would be multiplied.
        return plan.set_value(problem.argument, f"{count} * {steps.pop()}")
