"""KC902: paths that are not known."""

from __future__ import annotations

import ast
import functools
from typing import Iterator

from keras_ckpt.endings import ANY, FOREIGN_READ
from keras_ckpt.migrate.code.names import library, visible
from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.code.values.infer import Possible, Str
from keras_ckpt.migrate.releases.release import Release, every
from keras_ckpt.migrate.rules.definition import KERAS_CKPT, Problem, Rule, register
from keras_ckpt.migrate.sites.libraries import FOREIGN
from keras_ckpt.migrate.sites.paths import first_lost, is_undecided, shown
from keras_ckpt.migrate.sites.site import (
    ELSEWHERE,
    HANDED,
    KERAS,
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    PATH,
    SAVE,
    SAVE_WEIGHTS,
    Argument,
    CallSite,
    Checkpoint,
    Site,
)

_FUNCTIONS = {
    LOAD_MODEL: "load_model(path)",
    LOAD_WEIGHTS: "load_weights(model, path)",
    SAVE: "save_model(model, path)",
    SAVE_WEIGHTS: "save_weights(model, path)",
}


@register
class UnknownPath(Rule):
    code = "KC902"
    name = "unknown-path"
    informs = True
    what = (
        "Says where a ModelCheckpoint, a save or a load has a path of which it is not known how it "
        "ends, or an object of which it is not known whether it is a model."
    )
    why = (
        "Whether Keras 3 takes the path depends on its ending alone. Paths are followed through "
        "variables, functions, classes, options of the command line and the other checked files; "
        "what is asked of a user, or computed, is not."
    )
    before = """
import sys

import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights(sys.argv[1])
"""
    after = """
import sys

import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights(sys.argv[1] + ".weights.h5")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return new.is_keras_3 and not old.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if isinstance(site, Checkpoint):
            yield from self._check_callback(site, old, new)
            return
        if not isinstance(site, CallSite) or site.kind not in _FUNCTIONS or site.status:
            return
        if site.receiver == HANDED and not _is_with_keras(site):
            return
        if site.facts.others & {"OrbaxCheckpoint"}:
            return
        argument = site.path(old)
        was, takes = (each.saving.function(site.kind) for each in (old, new))
        if argument is None or was.endings != ANY or {"zipped"} & set(site.keywords):
            return
        if site.kind == SAVE and site.keywords.get("save_format") is not None:
            if site.keywords["save_format"].value == Str(("tf",)):
                return  # KC604 says so.
        lost = first_lost(argument, was, takes)
        if lost is not None and not site.may_be_keras(lost.value):
            yield from self._check_object(site, new, argument, lost)
            return
        if site.receiver not in (KERAS, HANDED) and not site.may_be_keras(None):
            return
        if lost is not None or _is_latest(argument, site):
            return
        if _is_foreign(argument, site) or not is_undecided(argument, takes.endings):
            return
        yield self._problem(
            site, new, takes.endings, argument, f"keras_ckpt.{_FUNCTIONS[site.kind]}"
        )

    def _check_object(
        self, site: CallSite, new: Release, argument: Argument, lost: Possible
    ) -> Iterator[Problem]:
        """Names a path that Keras 3 refuses, of an object that may be a model or not."""
        if _is_of_others(site):
            return
        yield self.problem(
            site,
            f"Whether this is a model of Keras is not known: if it is, or hands the path on to "
            f"one, {new.title} raises ValueError for {shown(lost)}.",
            f"See by hand. `keras_ckpt.{_FUNCTIONS[site.kind]}` takes any path.",
            argument,
        )

    def _check_callback(self, site: Checkpoint, old: Release, new: Release) -> Iterator[Problem]:
        arguments = site.bound(old)
        if "filepath" not in arguments.named or site.how not in ("call", "subclass"):
            return
        of_model, of_weights = new.profile.endings
        flag = arguments.flag("save_weights_only")
        taken = of_weights if flag else of_model if flag is False else (*of_model, *of_weights)
        if not taken or any(old.profile.endings):
            return
        argument = arguments.named["filepath"]
        possible = site.possible_paths()
        if any(isinstance(e.value, Str) and e.value.ends_in(taken) is False for e in possible):
            return
        # What gin binds is found in its file.
        if is_undecided(argument, taken) or any(each.bound for each in argument.possible):
            yield self._problem(site, new, taken, argument, KERAS_CKPT.strip("`"))

    def _problem(
        self,
        site: Site,
        new: Release,
        endings: tuple[str, ...],
        argument: Argument,
        instead: str,
    ) -> Problem:
        named = ", ".join(f"`{each}`" for each in endings[:-1])
        named = f"{named} or `{endings[-1]}`" if named else f"`{endings[-1]}`"
        return self.problem(
            site,
            f"How this path ends is not known: {new.title} raises ValueError unless it ends in "
            f"{named}.",
            f"See by hand, or write `{instead}`, which takes any.",
            argument,
        )


def _is_foreign(argument: Argument, site: CallSite) -> bool:
    """Returns whether the path may only be one of another library's."""
    return site.receiver != KERAS and any(
        isinstance(each.value, Str) and bool(each.value.ends_in(FOREIGN_READ))
        for each in argument.possible
    )


def _is_of_others(site: CallSite) -> bool:
    """Returns whether a method is that of another library, by what it is given and imports."""
    if set(site.keywords) - _arguments(site.kind):
        return True
    if _is_foreign_module(site.module):
        return True
    if site.receiver != ELSEWHERE:
        return False
    if not any(library(name) for name in site.module.imports):
        return True
    project = site.module.project
    found = [project.find(name, site.module.path) for name in site.module.imports if project]
    return any(_is_foreign_module(each.module) for each in found if each is not None)


def _is_foreign_module(module: Module) -> bool:
    return not {name.split(".")[0] for name in module.imports}.isdisjoint(FOREIGN)


@functools.lru_cache(maxsize=None)
def _arguments(kind: str) -> frozenset[str]:
    """Returns all arguments that a method has in any release."""
    functions = (each.saving.function(kind) for each in every())
    return frozenset((PATH, *(name for each in functions for name in each.arguments)))


def _is_with_keras(site: Site) -> bool:
    """Returns whether the checked files beside a module without Keras use it."""
    project = site.module.project
    return project is not None and any(
        library(name) for module in project.parsed() for name in module.imports
    )


def _is_latest(argument: Argument, site: CallSite) -> bool:
    """Returns whether the path is what `latest_checkpoint` returns, of which KC603 is."""
    found = {each.node for each in site.facts.sites if each.kind == LATEST}
    node = argument.node
    if isinstance(node, ast.Name):
        scope = argument.at.scope.find(node.id)
        bindings = visible(scope, node.id, argument.at) if scope is not None else []
        return any(each.node in found for each in bindings)
    return node in found
