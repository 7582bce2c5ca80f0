"""KC702: files and descriptions of Keras 2 that mean something else to Keras 3."""

from __future__ import annotations

from typing import Iterable

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites.site import Site


@register
class ReadOtherwise(Rule):
    code = "KC702"
    name = "read-otherwise"
    needs_run = True
    what = (
        "Finds loads of what Keras 2 wrote, which Keras 3 reads otherwise or not at all, as only "
        "the content shows: `keras-ckpt run --report FILE`."
    )
    why = (
        "Some of what a file or a description of Keras 2 says means something else to Keras 3: "
        "arguments of layers, the state of optimizers. keras_ckpt reads it as the release meant "
        "it that wrote it."
    )
    before = """
import keras

model = keras.models.model_from_json(text)
"""
    after = """
import keras_ckpt

model = keras_ckpt.model_from_json(text)
"""
    advice = (
        "Write the function of that name in keras_ckpt, or write it anew once: "
        '`keras_ckpt.convert(path, "model.keras")`, `model.to_json()`.'
    )

    def concerns(self, old: Release, new: Release) -> bool:
        return new.is_keras_3 and not old.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterable[Problem]:
        return ()
