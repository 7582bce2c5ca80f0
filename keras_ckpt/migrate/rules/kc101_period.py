"""KC101: `period`."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Constant
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
    given,
    monitored,
    refused_keyword,
    register,
    shown,
)
from keras_ckpt.migrate.sites.site import Site


@register
class Period(Rule):
    code = "KC101"
    name = "period"
    what = "Finds `period=`, the number of epochs between saves."
    why = (
        "Up to TF 2.15 it is accepted, with a warning that it is deprecated. Keras 3 raises a "
        "TypeError when the callback is made. `save_freq` counts batches, so to write it instead "
        "one has to know the number of batches in an epoch. At the end of a batch no values of "
        "the validation exist yet, neither to monitor nor for the name of the file."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("model.{epoch:02d}.keras", period=5)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("model.{epoch:02d}.keras", save_freq=5 * steps_per_epoch)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return old.takes("period") and not new.takes("period")

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        argument = given(site, "period")
        arguments = bound(site, old)
        if argument is None or arguments is None:
            return
        period = argument.value
        number = repr(period.value) if isinstance(period, Constant) else "period"
        path = arguments.named.get("filepath")
        of_validation = (monitored(arguments) or "").startswith("val_")
        if period == Constant(1):
            advice = "Leave `period` out: without it the model is saved after every epoch, too."
        elif frequency(arguments) is not None:
            advice = "Leave `period` out: beside an integer `save_freq` it has no effect."
        elif arguments.flag("save_best_only") is not False and of_validation:
            advice = (
                f"Write {KERAS_CKPT}, which takes `period`. A `save_freq` of batches cannot do it: "
                f"`{monitored(arguments)}` is not known before the epoch ends."
            )
        elif path is not None and "{val_" in _shown(path.value):
            advice = (
                f"Write {KERAS_CKPT}, which takes `period`. A `save_freq` of batches cannot do it: "
                f"the values of the validation in the path are not known before the epoch ends."
            )
        else:
            advice = (
                f"Write `save_freq={number} * steps_per_epoch`, which counts batches, or "
                f"{KERAS_CKPT}, which takes `period`."
            )
        yield self.problem(site, refused_keyword(new, "period"), advice, argument)

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        assert problem.argument is not None
        period = problem.argument.value
        arguments = bound(problem.site, plan.old)
        if period == Constant(1):
            return plan.drop(problem.argument)
        if arguments is not None and frequency(arguments) is not None:
            # Beside an integer `save_freq` it has no effect.
            return plan.drop(problem.argument)
        return Refusal(
            f"`period={shown(period)}` needs keras_ckpt: `save_freq` of Keras 3 counts batches, "
            f"and has no value of the validation when it saves. {WITH_KERAS_CKPT}"
        )


def _shown(value: object) -> str:
    return str(getattr(value, "shown", ""))
