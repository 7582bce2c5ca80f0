"""KC607: training of models that come from HDF5 files."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.names import visible
from keras_ckpt.migrate.code.scopes import Binding, Call, Position, Scope, dotted_text
from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register, rename_path
from keras_ckpt.migrate.sites.site import LOAD_MODEL, CallSite, Site

_TRAINS = ("fit", "fit_generator", "train_on_batch")
#: Functions of Python that do nothing to a model which they are given.
_HARMLESS = ("id", "isinstance", "len", "print", "repr", "str", "type")


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
        if argument is None or (compiles is not None and compiles.value != Constant(True)):
            return
        paths = [each.value for each in argument.possible if isinstance(each.value, Str)]
        if not any(each.ends_in((".h5", ".hdf5")) for each in paths):
            return
        trained = next(_trainings(site), None)
        if trained is not None:
            yield self.problem(
                site,
                f"The model is trained on with the optimizer from the file, by "
                f"`{dotted_text(trained.node.func)}`: {new.title} raises ValueError: Unknown "
                "variable.",
                "Write `keras_ckpt.load_model(path)`, or compile the model anew after it is "
                "loaded, or save to `.keras`.",
                argument,
            )

    fix = rename_path


def _trainings(site: CallSite) -> Iterator[Call]:
    """Returns the calls that train the model which a call loads, with what it was compiled."""
    for scope, name, binding in _bindings(site):
        for call in site.module.calls:
            function = call.node.func
            if not isinstance(function, ast.Attribute) or function.attr not in _TRAINS:
                continue
            if dotted_text(function.value) != name or _scope_of(name, call.at) is not scope:
                continue
            if not any(each is binding for each in visible(scope, name, call.at)):
                continue
            calls = [each for each in site.module.calls if _is_between(each, binding, call)]
            if not any(
                _may_compile(each, name)
                and _scope_of(name, each.at) is scope
                and any(one is binding for one in visible(scope, name, each.at))
                for each in calls
            ):
                yield call


def _bindings(site: CallSite) -> Iterator[tuple[Scope, str, Binding]]:
    """Returns the names that the result of a call is given."""
    for scope in (site.at.scope, site.at.scope.owner()):
        if scope is None:
            continue
        for name, bindings in scope.bindings.items():
            for binding in bindings:
                if binding.kind == "assign" and binding.node is site.node:
                    yield scope, name, binding


def _scope_of(name: str, at: Position) -> Scope | None:
    return at.scope.owner() if name.startswith("self.") else at.scope.find(name)


def _is_between(call: Call, loaded: Binding, trained: Call) -> bool:
    """Returns whether a call may be made after a model is loaded, and before it is trained."""
    at = call.at
    if at.scope is loaded.at.scope and at.step < loaded.at.step:
        return False
    return at.scope is not trained.at.scope or at.step < trained.at.step


def _may_compile(call: Call, name: str) -> bool:
    """Returns whether a call compiles a model, or a function that is given it may do so."""
    function = call.node.func
    if isinstance(function, ast.Attribute) and dotted_text(function.value) == name:
        return function.attr == "compile"
    if dotted_text(function) in _HARMLESS:
        return False
    given = (*call.node.args, *(each.value for each in call.node.keywords))
    return any(dotted_text(each) == name for each in given)
