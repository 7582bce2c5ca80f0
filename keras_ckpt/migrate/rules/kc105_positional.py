"""KC105: positional arguments that moved."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    KERAS_CKPT,
    WITH_KERAS_CKPT,
    Answer,
    Clue,
    Fix,
    Plan,
    Problem,
    Refusal,
    Rule,
    ordinal,
    register,
    shown,
)
from keras_ckpt.migrate.sites.site import Argument, Checkpoint, Site

#: Stand-alone Keras up to 2.3 had `period` in this place.
SEVENTH = 6


@register
class Positional(Rule):
    code = "KC105"
    name = "positional"
    with_keras_ckpt = "It is `save_freq` with keras_ckpt, too."
    asks_keras_ckpt = True
    what = "Finds positional arguments that mean another argument, or none, in the new release."
    why = (
        "The eighth is `options` in TF 2.3 to 2.15 and `initial_value_threshold` in Keras 3, "
        "where there is no ninth. Making the callback gives no error: options in the place of the "
        "threshold fail when the first value is compared with them. The seventh is `save_freq` in "
        "all of these releases. In stand-alone Keras up to 2.3 it was `period`, so `5` there now "
        "means a save every five batches. The callback of keras_ckpt takes it for `period` only "
        "where it makes no sense as `save_freq`."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint(
    "best.keras", "val_loss", 0, True, False, "auto", "epoch", save_options
)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint(
    "best.keras", monitor="val_loss", verbose=0, save_best_only=True, initial_value_threshold=0.5
)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        moved = old.parameters != new.parameters[: len(old.parameters)]
        return moved or (old.takes("period") and not new.takes("period"))

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Checkpoint):
            return
        # keras_ckpt takes the others as any release has them.
        is_keras_ckpt = site.library == "keras_ckpt"
        for index, argument in enumerate(site.positional):
            if is_keras_ckpt and index != SEVENTH:
                continue
            place = ordinal(index + 1)
            was = old.parameters[index] if index < len(old.parameters) else ""
            now = new.parameters[index] if index < len(new.parameters) else ""
            if was and not now:
                yield self.problem(
                    site,
                    f"{new.title} raises TypeError: the {place} argument by position, `{was}` in "
                    f"{old.title}, is one too many.",
                    f"Pass `{was}` by name, if the release has it.",
                    argument,
                )
            elif index == SEVENTH and (was == "period" or is_period(site)):
                # What TF 2 takes, too, was written for it.
                old_only = now == "save_freq" and not isinstance(argument.value, Str)
                if old_only and (was == "period" or not new.takes("period")):
                    yield self._of_period(site, argument)
            elif was != now and was and argument.value != Constant(None):
                yield self.problem(
                    site,
                    f"The {place} argument by position is `{was}` in {old.title} and `{now}` in "
                    f"{new.title}.",
                    f"Pass arguments by name: `{now}=…`. {KERAS_CKPT} takes both.",
                    argument,
                )

    def _of_period(self, site: Checkpoint, argument: Argument) -> Problem:
        value = argument.value
        count = shown(value) if isinstance(value, Constant) else "period"
        advice = f"`save_freq=…` in batches, or `period={count}` with {KERAS_CKPT}."
        if site.library == "keras_ckpt":
            advice = f"`period={count}`, in epochs, or `save_freq={count}`, in batches."
        return self.problem(
            site,
            "The seventh argument by position is `save_freq`, in batches. In Keras before 2.4 it "
            "was `period`, in epochs.",
            f"Pass it by name: {advice}",
            argument,
        )

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        site, old, new = problem.site, plan.old.parameters, plan.new.parameters
        assert isinstance(site, Checkpoint)
        call = site.node
        assert isinstance(call, ast.Call)
        same = next((i for i, pair in enumerate(zip(old, new)) if pair[0] != pair[1]), len(old))
        note = ""
        dropped: list[int] = []
        named: dict[int, str] = {}
        for place, argument in enumerate(site.positional):
            if place < same:
                if argument is problem.argument:
                    return Refusal(
                        "in stand-alone Keras this was `period`, in epochs. If it is, it needs "
                        "keras_ckpt, as `period=`: Keras 3 counts batches."
                    )
                continue
            index = plan.index_of(call, argument.node)
            if index is None or place >= len(old):
                return Refusal(f"the arguments by position are not known. {WITH_KERAS_CKPT}")
            if old[place] == "period" and argument.value != Constant(1):
                return Refusal(
                    f"`period` needs keras_ckpt: Keras 3 counts batches. {WITH_KERAS_CKPT}"
                )
            if old[place] in new:
                named[index] = old[place]
                continue
            dropped.append(index)
            if old[place] != "period" and argument.value != Constant(None):
                note = f"`{old[place]}` is left out: {plan.new.title} has none."
        return Fix(lambda: plan.change_call(call, dropped, named), note)

    def clues(self, site: Site) -> Iterator[Clue]:
        if isinstance(site, Checkpoint):
            count = len(site.positional)
            yield Clue(
                f"{count} arguments are passed by position",
                lambda release: count <= len(release.parameters),
            )

    def is_of_stand_alone_keras(self, site: Site) -> bool:
        return isinstance(site, Checkpoint) and is_period(site)


def is_period(site: Checkpoint) -> bool:
    """Returns whether the seventh by position may be the `period` of stand-alone Keras."""
    if len(site.positional) <= SEVENTH:
        return False
    argument = site.positional[SEVENTH]
    value = argument.value
    number = isinstance(value, Constant) and type(value.value) is int
    named = getattr(argument.node, "id", "") == "period"
    return named or (number and site.library in ("keras", "keras_ckpt"))
