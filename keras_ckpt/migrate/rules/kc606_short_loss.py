"""KC606: losses by their short names in HDF5 files."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.scopes import Position, dotted_text
from keras_ckpt.migrate.code.values.infer import Constant, Mapping, Sequence, Str, Value
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites.site import (
    CHECKPOINT,
    LOAD_MODEL,
    SAVE,
    Argument,
    CallSite,
    Checkpoint,
    Compilation,
    Site,
)

#: The names of losses that Keras 3 takes, and does not find again in an HDF5 file.
SHORT = ("bce", "kld", "mae", "mape", "mse", "msle")
#: Those that only Keras 2 takes, which fail in its files as well.
_ONLY_KERAS_2 = ("kullback_leibler_divergence", "logcosh")


@register
class ShortLoss(Rule):
    code = "KC606"
    name = "short-loss"
    what = (
        "Finds `load_model` of `.h5` and `.hdf5` files whose model the code compiles with the "
        f"short name of a loss: {', '.join(f'`{each}`' for each in SHORT)}."
    )
    why = (
        "The file contains the name that was given to `compile`. Keras 3 accepts `loss='mse'` "
        "there, but cannot find the function when it loads an HDF5 file, whether its own or one "
        "of Keras 2: `load_model` raises a ValueError or a TypeError. Long names, metrics and "
        "`.keras` files are not affected."
    )
    before = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.compile("adam", loss="mse")
model = keras.models.load_model("best.h5")
"""
    after = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.compile("adam", loss="mean_squared_error")
model = keras.models.load_model("best.h5", compile=False)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return not old.is_keras_3 and new.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind != LOAD_MODEL:
            return
        argument = site.path(old)
        path = argument.value if argument is not None else None
        if not isinstance(path, Str) or not path.ends_in((".h5", ".hdf5")):
            return
        arguments = site.bound(old).named
        compiles = arguments.get("compile")
        if not site.complete or "custom_objects" in arguments:
            return
        if compiles is not None and compiles.value != Constant(True):
            return
        for compilation in _before(site, path, old):
            name = _short(compilation.loss) if compilation.loss is not None else ""
            if name:
                yield self.problem(
                    site,
                    f"If the model was compiled with `loss='{name}'`, as in this file, {new.title} "
                    f"does not find it again: ValueError or TypeError.",
                    "Write `keras_ckpt.load_model(path)`, or `compile=False` and compile it anew, "
                    "or save to `.keras`.",
                    argument,
                )
                return


def _before(site: CallSite, path: Str, old: Release) -> list[Compilation]:
    """Returns how the model of a file was compiled: nearest before it is saved, or before the load.

    What this code does not save may be of any model that it compiles last.
    """
    every = site.facts.compilations
    saved = [
        found
        for name, at in _saves(site, path, old)
        for found in _nearest([each for each in every if each.model == name] or every, at)
    ]
    return saved or _nearest(every, site.at)


def _nearest(compilations: list[Compilation], at: Position) -> list[Compilation]:
    """Returns the last compilation before a place; of another function, the last of all."""
    here = [each for each in compilations if each.at.scope is at.scope and each.at.step < at.step]
    ordered = sorted(here or compilations, key=lambda each: each.at.step)
    return ordered[-1:]


def _saves(site: CallSite, path: Str, old: Release) -> Iterator[tuple[str, Position]]:
    """Returns the models that are saved to a path, and where that is, or where they are fitted."""
    for other in site.facts.sites:
        if not isinstance(other, CallSite) or other.kind not in (SAVE, CHECKPOINT):
            continue
        argument = other.path(old)
        if argument is None or argument.value != path or not isinstance(other.node, ast.Call):
            continue
        if isinstance(other, Checkpoint):
            for each in other.trainings():
                yield each.model, each.at
            continue
        function = other.node.func
        if other.name:
            yield dotted_text(other.node.args[0]) if other.node.args else "", other.at
        elif isinstance(function, ast.Attribute):
            yield dotted_text(function.value), other.at


def _short(loss: Argument) -> str:
    for each in _texts(loss.value):
        if isinstance(each, Str) and each.known is not None:
            if each.known.lower() in SHORT + _ONLY_KERAS_2:
                return each.known
    return ""


def _texts(found: Value) -> Iterator[Value]:
    yield found
    parts = found.items if isinstance(found, Sequence) else ()
    if isinstance(found, Mapping):
        parts = tuple(found.items.values())
    for part in parts:
        yield Argument(part.node, part.at).value
