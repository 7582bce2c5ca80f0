"""KC103: `load_weights_on_restart`."""

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
    given,
    refused_keyword,
    register,
)
from keras_ckpt.migrate.sites.site import Site


@register
class LoadWeightsOnRestart(Rule):
    code = "KC103"
    name = "load-weights-on-restart"
    what = "Finds `load_weights_on_restart=`, which loads the newest checkpoint before training."
    why = (
        "Up to TF 2.15 it is accepted, with a warning that it is deprecated. Keras 3 raises a "
        "TypeError when the callback is made."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint(
    "best.weights.h5", save_weights_only=True, load_weights_on_restart=True
)
"""
    after = """
import os

from tensorflow.keras.callbacks import ModelCheckpoint

if os.path.exists("best.weights.h5"):
    model.load_weights("best.weights.h5")
checkpoint = ModelCheckpoint("best.weights.h5", save_weights_only=True)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        name = "load_weights_on_restart"
        return old.takes(name) and not new.takes(name)

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        argument = given(site, "load_weights_on_restart")
        if argument is None:
            return
        if argument.value == Constant(False):
            advice = "Leave `load_weights_on_restart` out: False is what it is without."
        else:
            advice = (
                "Write `model.load_weights(path)` before `model.fit()` where the file exists, or "
                f"{KERAS_CKPT}, which takes `load_weights_on_restart`."
            )
        message = refused_keyword(new, "load_weights_on_restart")
        yield self.problem(site, message, advice, argument)

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        assert problem.argument is not None
        if problem.argument.value == Constant(False):
            return plan.drop(problem.argument)
        return Refusal(
            "`load_weights_on_restart` needs keras_ckpt: Keras 3 has nothing that loads the newest "
            f"checkpoint when training begins. {WITH_KERAS_CKPT}"
        )
