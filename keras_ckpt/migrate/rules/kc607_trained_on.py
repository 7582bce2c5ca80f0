"""KC607: training of models that come from HDF5 files."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.scopes import dotted_text
from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register, rename_path
from keras_ckpt.migrate.sites.flow import used
from keras_ckpt.migrate.sites.site import LOAD_MODEL, CallSite, Site

_TRAINS = ("fit", "fit_generator", "train_on_batch")


@register
class TrainedOn(Rule):
    code = "KC607"
    name = "trained-on"
    what = (
        "Finds `load_model` of `.h5` and `.hdf5` files whose model is trained on without being "
        "compiled anew."
    )
    why = (
        "From an HDF5 file Keras 3 makes the optimizer before the model has its variables. "
        "`load_model` succeeds, and the next `fit` or `train_on_batch` raises `ValueError: Unknown "
        "variable`. It does so whether Keras 2 or Keras 3 wrote the file. `.keras` files are not "
        "affected."
    )
    before = """
import keras

model = keras.models.load_model("last.h5")
model.fit(x, y, initial_epoch=10, epochs=20)
"""
    after = """
import keras_ckpt

model = keras_ckpt.load_model("last.h5")
model.fit(x, y, initial_epoch=10, epochs=20)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return not old.is_keras_3 and new.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind != LOAD_MODEL or not site.complete:
            return
        argument = site.path(old)
        compiles = site.bound(old).named.get("compile")
        if not isinstance(site.node, ast.Call) or argument is None:
            return
        if compiles is not None and compiles.value != Constant(True):
            return
        paths = [each.value for each in argument.possible if isinstance(each.value, Str)]
        if not any(each.ends_in((".h5", ".hdf5")) for each in paths):
            return
        trained = next(used(site.node, site.at, _TRAINS, "compile"), None)
        if trained is not None:
            there = trained.at.scope.within()
            where = f" in {there.path}" if there and there is not site.module else ""
            yield self.problem(
                site,
                f"The model is trained on with the optimizer from the file, by "
                f"`{_shown(trained.node)}`{where}: {new.title} raises ValueError: Unknown "
                "variable.",
                "Write `keras_ckpt.load_model(path)`, or compile the model anew after it is "
                "loaded, or save to `.keras`.",
                argument,
            )

    fix = rename_path


def _shown(call: ast.Call) -> str:
    """Returns what is called, as messages show it."""
    name = getattr(call.func, "attr", "")
    return dotted_text(call.func) or f"(…).{name}"
