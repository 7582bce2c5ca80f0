"""KC104: keywords that are no arguments."""

from __future__ import annotations

import functools
from typing import Iterator

from keras_ckpt.engine import arguments
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    Answer,
    Clue,
    Plan,
    Problem,
    Refusal,
    Rule,
    refused_keyword,
    register,
)
from keras_ckpt.migrate.sites.site import Checkpoint, Site


@register
class UnknownKeyword(Rule):
    code = "KC104"
    name = "unknown-keyword"
    what = "Finds keyword arguments that `ModelCheckpoint` does not have, such as misspelt ones."
    why = (
        "Up to TF 2.15 they are silently ignored, so what they were meant to do was never done. "
        "Keras 3 raises a TypeError when the callback is made. In the other direction, earlier "
        "releases ignore an argument that only later ones have."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", save_best=True)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", save_best_only=True)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        lost = set(old.parameters) - set(new.parameters) - {"options"}
        return (old.any_keyword and not new.any_keyword) or bool(lost)

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Checkpoint):
            return
        others = {name for name in arguments.LEGACY if old.takes(name)}
        if old.profile.options != "not":
            others.add("options")
        for name, argument in site.keywords.items():
            if name in new.parameters or name in others:
                continue
            if name in old.parameters:
                if new.any_keyword:
                    message = f"{new.title} ignores `{name}` in silence."
                else:
                    message = refused_keyword(new, name)
                advice = f"Leave `{name}` out: {new.title} has no such argument."
            elif old.any_keyword and not new.any_keyword:
                message = refused_keyword(new, name)
                message += f" {old.title} ignores it in silence."
                near = arguments.unknown({name: None}).get(name, "")
                advice = f"Leave `{name}` out: it never did anything."
                if near in new.parameters:
                    advice = (
                        f"Write `{near}` if that is meant. Otherwise leave `{name}` out: it never "
                        f"did anything."
                    )
            else:
                continue
            yield self.problem(site, message, advice, argument)

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        assert isinstance(problem.site, Checkpoint) and problem.argument is not None
        name = next(
            name
            for name, each in problem.site.keywords.items()
            if each.node is problem.argument.node
        )
        if name in plan.old.parameters:
            return Refusal(f"{plan.new.title} has no `{name}`.", needs_keras_ckpt=False)
        near = arguments.unknown({name: None}).get(name, "")
        note = f"`{name}` is left out: {plan.old.title} ignored it."
        if near in plan.new.parameters:
            note += f" If `{near}` was meant, write that."
        return plan.drop(problem.argument, note)

    def clues(self, site: Site) -> Iterator[Clue]:
        for name in site.keywords if isinstance(site, Checkpoint) else ():
            yield Clue(f"`{name}` is passed", functools.partial(_takes, name))


def _takes(name: str, release: Release) -> bool:
    return name in release.parameters or release.any_keyword
