"""KC601: weights that Keras 3 does not read."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.endings import HDF5, SHARDED_WEIGHTS, WEIGHTS
from keras_ckpt.migrate.code.values.infer import Constant, Str, Value
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    WITH_KERAS_CKPT,
    Answer,
    Fix,
    Plan,
    Problem,
    Refusal,
    Rule,
    clue_of_keras_2,
    register,
)
from keras_ckpt.migrate.sites.paths import first_lost, shown
from keras_ckpt.migrate.sites.site import LOAD_WEIGHTS, Argument, CallSite, Site

_READS = "Write `keras_ckpt.load_weights(model, path)`, which reads TensorFlow checkpoints."
_SHARDED = "Write `keras_ckpt.load_weights(model, path)`, which reads weights in several files."


@register
class LoadWeights(Rule):
    code = "KC601"
    name = "load-weights"
    is_late = True
    reads = (LOAD_WEIGHTS,)
    what = "Finds `model.load_weights(path)` with a file name that Keras 3 refuses."
    why = (
        "Up to TF 2.15 a path that does not end in `.h5`, `.hdf5` or `.keras` is the prefix of a "
        "TensorFlow checkpoint. In Keras 3, `load_weights` raises a ValueError for it, and "
        "accepts `by_name=True` only with `.h5` and `.hdf5`. The second argument by position is "
        "`by_name` up to TF 2.15 and `skip_mismatch` in Keras 3."
    )
    before = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.load_weights("training_1/cp.ckpt")
"""
    after = """
import keras

import keras_ckpt

model = keras.Sequential([keras.layers.Dense(1)])
keras_ckpt.load_weights(model, "training_1/cp.ckpt")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return old.saving.load_weights.loses_paths(new.saving.load_weights)

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind != LOAD_WEIGHTS:
            return
        if site.facts.others & {"OrbaxCheckpoint"}:
            return
        argument = site.path(old)
        if argument is None:
            return
        path = argument.value
        by_name = site.bound(old).named.get("by_name")
        found = first_lost(argument, old.saving.load_weights, new.saving.load_weights)
        if found is not None and site.may_be_keras(found.value):
            assert isinstance(found.value, Str)
            yield self.problem(
                site,
                f"{new.title} raises ValueError: File format not supported: "
                f"filepath={shown(found)}.",
                _SHARDED if found.value.ends_in(SHARDED_WEIGHTS) else _READS,
                argument,
            )
        elif site.status:
            yield self.problem(
                site,
                f"`{site.status}` is for TensorFlow checkpoints, whatever their names: "
                f"{new.title} raises ValueError: File format not supported, and its "
                "`load_weights` returns None.",
                _READS,
                argument,
            )
        elif not isinstance(path, Str) or not site.may_be_keras(path):
            return
        elif by_name is not None and by_name.value == Constant(True):
            if by_name in site.positional:
                yield self.problem(
                    site,
                    f"{new.title} takes the second argument by position for `skip_mismatch`, and "
                    "reads nothing by name.",
                    "Pass it by name: `by_name=True`, which is for `.h5` and `.hdf5` of Keras 2.",
                    by_name,
                )
            elif path.ends_in((".keras", ".weights.h5")):
                yield self.problem(
                    site,
                    f"{new.title} raises ValueError: `by_name` only supports loading legacy '.h5' "
                    f"or '.hdf5' files.",
                    "Write `skip_mismatch=True` in place of `by_name=True`, if that is meant.",
                    by_name,
                )

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        site = problem.site
        assert isinstance(site, CallSite)
        found = site.path(plan.old)
        path = found.value if found is not None else None
        by_name = site.bound(plan.old).named.get("by_name")
        if by_name is not None and problem.argument is by_name:
            return self._fix_by_name(site, by_name, path, plan)
        if isinstance(path, Str) and path.ends_in(SHARDED_WEIGHTS):
            return Refusal(f"This release reads no weights in several files. {WITH_KERAS_CKPT}")
        return plan.rename_path(site)

    @staticmethod
    def _fix_by_name(site: CallSite, by_name: Argument, path: Value | None, plan: Plan) -> Answer:
        call = site.node
        index = plan.index_of(call, by_name.node) if isinstance(call, ast.Call) else None
        is_old = isinstance(path, Str) and path.ends_in(HDF5) and not path.ends_in(WEIGHTS)
        if by_name in site.positional and is_old and index is not None:
            assert isinstance(call, ast.Call)
            return Fix(lambda: plan.change_call(call, [], {index: "by_name"}))
        return Refusal(f"Keras 3 reads by name HDF5 of Keras 2 alone. {WITH_KERAS_CKPT}")

    clues = clue_of_keras_2
