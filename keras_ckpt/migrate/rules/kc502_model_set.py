"""KC502: subclasses that set `self.model`."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import KERAS_CKPT, Problem, Rule, register
from keras_ckpt.migrate.sites.site import Site, Subclass


@register
class ModelSet(Rule):
    code = "KC502"
    name = "model-set"
    what = "Finds subclasses that assign to `self.model`, for example to save another model."
    why = (
        "Up to TF 2.15 `model` is an ordinary attribute. In Keras 3 it is a property that cannot "
        "be assigned, which raises an AttributeError when training begins or when the callback is "
        "made."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint


class OfOneDevice(ModelCheckpoint):
    def set_model(self, model):
        self.model = model.layers[-2]
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint


class OfOneDevice(ModelCheckpoint):
    def set_model(self, model):
        super().set_model(model.layers[-2])
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return old.profile.settable_model and not new.profile.settable_model

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Subclass) or _has_own_model(site):
            return
        for method in site.methods.values():
            for node in ast.walk(method):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    if node.attr == "model" and getattr(node.value, "id", "") == "self":
                        yield self.problem(
                            site,
                            f"{new.title} raises AttributeError: `model` is a property without a "
                            f"setter.",
                            "Write `super().set_model(…)` in `set_model`, or write "
                            f"{KERAS_CKPT}, where `model` can be set.",
                            node=node,
                        )


def _has_own_model(site: Subclass) -> bool:
    """Returns whether the class has a property or attribute `model` of its own."""
    found = [each for each in site.module.classes if each.node is site.node]
    return "model" in site.methods or any("model" in each.scope.bindings for each in found)
