"""KC606: losses by their short names in HDF5 files."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Constant, Mapping, Sequence, Str, Value
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites.site import LOAD_MODEL, Argument, CallSite, Site

#: The names of losses that Keras 3 takes, and does not find again in an HDF5 file.
SHORT = ("bce", "kld", "mae", "mape", "mse", "msle")
#: Those that only Keras 2 takes, which fail in its files as well.
_ONLY_KERAS_2 = ("kullback_leibler_divergence", "logcosh")


@register
class ShortLoss(Rule):
    code = "KC606"
    name = "short-loss"
    what = (
        "Finds `load_model` of `.h5` and `.hdf5` files in code that compiles with the short name "
        f"of a loss: {', '.join(f'`{each}`' for each in SHORT)}."
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
        for loss in site.facts.losses:
            name = _short(loss)
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
