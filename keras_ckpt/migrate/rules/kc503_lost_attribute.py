"""KC503: attributes that the class no longer has."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import KERAS_CKPT, Problem, Rule, register
from keras_ckpt.migrate.sites.site import Checkpoint, Site, Subclass

#: What is called before anything that reads an attribute.
_EARLY = ("__init__", "on_train_begin", "set_model", "set_params")
_SELF = ("_samples_seen_since_last_saving", "_batches_seen_since_last_saving")


def attributes(release: Release) -> set[str]:
    """Returns the attributes that `__init__` sets in a release and not in every other."""
    profile = release.profile
    found = set()
    if profile.frequency_unit == "samples":
        found.add(_SELF[0])
    if profile.frequency_unit in ("calls", "batches"):
        found.add(_SELF[1])
    if profile.frequency_unit != "epochs":
        found.add("save_freq")
    if profile.has_period:
        found |= {"epochs_since_last_save", "period"}
    if profile.legacy_keywords:
        found.add("load_weights_on_restart")
    if profile.workers != "none":
        found |= {"_chief_worker_only"}
    if profile.frequency_unit == "batches":
        found |= {"_last_batch_seen"}
    if profile.options != "not":
        found |= {"_options", "_supports_tf_logs"}
    if profile.direction == "metric":
        found |= {"min_delta", "mode"}
    return found


@register
class LostAttribute(Rule):
    code = "KC503"
    name = "lost-attribute"
    what = (
        "Finds attributes of the callback that subclasses, or users of an instance, read and that "
        "the new release does not set."
    )
    why = (
        "Up to TF 2.15 the callback counts epochs in `epochs_since_last_save`, and keeps "
        "`period`, `load_weights_on_restart` and, from TF 2.3 on, `_options`. In Keras 3, reading "
        "one raises an AttributeError, mostly at the end of the first epoch."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint


class Announced(ModelCheckpoint):
    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if self.epochs_since_last_save == 0:
            print("saved after epoch", epoch)
"""
    after = """
from keras_ckpt import ModelCheckpoint


class Announced(ModelCheckpoint):
    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if self.epochs_since_last_save == 0:
            print("saved after epoch", epoch)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return bool(attributes(old) - attributes(new))

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        lost = attributes(old) - attributes(new)
        if isinstance(site, Subclass):
            reads = _in_class(site, lost)
        elif isinstance(site, Checkpoint) and site.how == "call":
            reads = _of_instance(site, lost)
        else:
            return
        seen = set()
        for node in reads:
            if node.attr in seen:
                continue
            seen.add(node.attr)
            advice = f"Keep it yourself, from `__init__` on, or write {KERAS_CKPT}, which has it."
            if node.attr in _SELF:
                other = _SELF[1 - _SELF.index(node.attr)]
                advice = f"`{other.split('_')[1]}` is counted instead: `{other}`."
            yield self.problem(
                site,
                f"{new.title} sets no `{node.attr}`: to read it raises AttributeError.",
                advice,
                node=node,
            )


def _in_class(site: Subclass, lost: set[str]) -> Iterator[ast.Attribute]:
    for each in site.module.classes:
        if each.node is site.node:
            own = set(each.scope.bindings)
            for name in lost:
                for binding in each.scope.bindings.get("self." + name, ()):
                    within = getattr(binding.at.scope.node, "name", "")
                    if binding.kind == "assign" and within in _EARLY:
                        own.add(name)
            yield from _reads(site.module, site.node, "self", lost - own)


def _of_instance(site: Checkpoint, lost: set[str]) -> Iterator[ast.Attribute]:
    scope = site.at.scope
    for name, bindings in scope.bindings.items():
        # Where it may be something else, too, nothing is known.
        if len(bindings) == 1 and bindings[0].node is site.node and "." not in name:
            yield from _reads(site.module, scope.node, name, lost)


def _reads(module: Module, top: ast.AST, name: str, lost: set[str]) -> Iterator[ast.Attribute]:
    first, last = getattr(top, "lineno", 0), getattr(top, "end_lineno", None)
    found = [
        node
        for node in module.attributes.get(name, ())
        if node.attr in lost and first <= node.lineno and (last is None or node.lineno <= last)
    ]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset))
