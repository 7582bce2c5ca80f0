"""Which loads of weights TensorFlow let leave something over, where keras_ckpt asks for all.

TensorFlow matched what it could of a checkpoint. Code relies on that where it says so, and where
the model is not the one that was trained: `build(training=False)` beside `build(training=True)`.
"""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.names import meaning, visible
from keras_ckpt.migrate.code.scopes import Call, dotted_text
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.code.values.parameters import calls_of
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.sites.site import CHECKPOINT, SAVE_WEIGHTS, CallSite

#: The methods of a checkpoint's status that take a load of which not all was matched.
_TAKING = ("assert_existing_objects_matched", "assert_nontrivial_match", "expect_partial")
#: What a module that has it loads is what it saved itself.
_SAVING = (CHECKPOINT, SAVE_WEIGHTS)
_HDF5 = (".h5", ".hdf5", ".keras")


def may_be_partial(site: CallSite, old: Release) -> bool:
    """Returns whether not all variables and values need to have each other in a load of weights."""
    if site.status:
        return site.status in _TAKING
    path = site.path(old)
    of_hdf5 = path is not None and isinstance(path.value, Str) and path.value.ends_in(_HDF5)
    saves = any(each.kind in _SAVING for each in site.facts.sites)
    return not (of_hdf5 or saves) and any(_is_made_otherwise(call) for call in _makers(site))


def _makers(site: CallSite) -> Iterator[Call]:
    """Returns the calls that make the model whose weights are loaded."""
    function = getattr(site.node, "func", None)
    name = dotted_text(function.value) if isinstance(function, ast.Attribute) else ""
    scope = site.at.scope.find(name)
    for each in visible(scope, name, site.at) if scope is not None else ():
        if each.kind == "assign" and isinstance(each.node, ast.Call):
            yield Call(each.node, each.at)


def _is_made_otherwise(call: Call) -> bool:
    """Returns whether the code makes another model by the same function or class as well."""
    made = meaning(call.node.func, call.at).node
    module = call.at.scope.within()
    if not isinstance(made, (ast.ClassDef, ast.FunctionDef)) or module is None:
        return False
    modules = module.project.mentioning(made.name + "(") if module.project is not None else [module]
    others = (each for other in modules for each in calls_of(other).get(made.name, ()))
    known = _constants(call.node)
    for other in others:
        if meaning(other.node.func, other.at).node is made:
            there = _constants(other.node)
            if any(there[name] != known[name] for name in known.keys() & there.keys()):
                return True
    return False


def _constants(call: ast.Call) -> dict[str, str]:
    """Returns the flags and words that a call passes: what it makes, and not how large."""
    return {
        each.arg: ast.dump(each.value)
        for each in call.keywords
        if each.arg not in (None, "name")
        and isinstance(each.value, ast.Constant)
        and isinstance(each.value.value, (bool, str, type(None)))
        and each.arg is not None
    }
