"""KC603: `tf.train.latest_checkpoint`."""

from __future__ import annotations

import ast
import posixpath
from typing import Iterator

from keras_ckpt.endings import ANY
from keras_ckpt.migrate.code.names import visible
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import WITH_KERAS_CKPT, Problem, Rule, register
from keras_ckpt.migrate.sites.site import LATEST, LOAD_WEIGHTS, CallSite, Site


@register
class LatestCheckpoint(Rule):
    code = "KC603"
    name = "latest-checkpoint"
    refusal = f"Keras 3 has nothing that finds the newest checkpoint. {WITH_KERAS_CKPT}"
    what = (
        "Finds `tf.train.latest_checkpoint(directory)` if its result is passed to `load_weights`, "
        "or if a `ModelCheckpoint` writes to the directory."
    )
    why = (
        "It finds only TensorFlow checkpoints, by the file `checkpoint` beside them. Keras 3 "
        "writes none, so it returns None, and `load_weights` of Keras 3 refuses those that an "
        "older release left there. Uses of `tf.train.Checkpoint` are not affected."
    )
    before = """
import tensorflow as tf

model.load_weights(tf.train.latest_checkpoint("training_1"))
"""
    after = """
import keras_ckpt

keras_ckpt.load_weights(model, keras_ckpt.latest_checkpoint("training_1"))
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return old.saving.save_weights.endings == ANY != new.saving.save_weights.endings

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind != LATEST:
            return
        # The callback of keras_ckpt writes what it finds; Keras 3 does not load that either.
        is_beside = not site.facts.others & {"ModelCheckpoint"} and self._is_beside(site, old)
        if not (is_beside or self._is_loaded(site, old)):
            return
        yield self.problem(
            site,
            f"{new.title} writes no TensorFlow checkpoints and reads none: this finds nothing new, "
            f"and `load_weights` refuses what it finds, and None.",
            "Write `keras_ckpt.load_weights(model, keras_ckpt.latest_checkpoint(directory))`.",
        )

    @staticmethod
    def _is_loaded(site: CallSite, old: Release) -> bool:
        for other in site.facts.sites:
            if not isinstance(other, CallSite) or other.kind != LOAD_WEIGHTS:
                continue
            if other.stays and not old.is_tf_keras:
                continue
            argument = other.path(old)
            if argument is None:
                continue
            if argument.node is site.node:
                return True
            if isinstance(argument.node, ast.Name):
                scope = argument.at.scope.find(argument.node.id)
                for each in visible(scope, argument.node.id, argument.at) if scope else ():
                    if each.node is site.node:
                        return True
        return False

    @staticmethod
    def _is_beside(site: CallSite, old: Release) -> bool:
        directory = site.path(old)
        path = directory.value if directory is not None else None
        if not isinstance(path, Str) or path.known is None:
            return False
        for other in site.facts.checkpoints():
            if other.stays and not old.is_tf_keras:
                continue
            argument = other.path(old)
            saved = argument.value if argument is not None else None
            if isinstance(saved, Str) and saved.known is not None:
                if posixpath.normpath(posixpath.dirname(saved.known)) == posixpath.normpath(
                    path.known
                ):
                    return True
        return False
