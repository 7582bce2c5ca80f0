"""KC102: `options`."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    KERAS_CKPT,
    Problem,
    Rule,
    bound,
    drop_argument,
    given,
    refused_keyword,
    register,
)
from keras_ckpt.migrate.sites.site import Site


@register
class Options(Rule):
    code = "KC102"
    name = "options"
    when_dropped = "`options` are left out: they are for formats that Keras 3 does not write."
    what = (
        "Finds `options=`, which takes a `tf.train.CheckpointOptions` or a "
        "`tf.saved_model.SaveOptions`."
    )
    why = (
        "TF 2.3 to 2.15 pass it on to each save. Keras 3 raises a TypeError when the callback is "
        "made, since it writes neither TensorFlow checkpoints nor SavedModels. From TF 2.13 on it "
        "raises a ValueError together with a path that ends in `.keras`."
    )
    before = """
import tensorflow as tf

checkpoint = tf.keras.callbacks.ModelCheckpoint(
    "model.keras", options=tf.saved_model.SaveOptions(experimental_io_device="/job:localhost")
)
"""
    after = """
import tensorflow as tf

checkpoint = tf.keras.callbacks.ModelCheckpoint("model.keras")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        a, b = old.profile, new.profile
        if a.options == "not":
            return False
        return b.options == "not" or (a.keras_options and not b.keras_options)

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        argument = given(site, "options")
        arguments = bound(site, old)
        if argument is None or arguments is None:
            return
        if new.profile.options != "not":
            yield from self._of_keras(site, old, new)
            return
        if new.any_keyword:
            message = f"{new.title} ignores `options` in silence."
        else:
            message = refused_keyword(new, "options")
        if argument.value == Constant(None):
            advice = "Leave `options` out: None is what it is without."
        else:
            advice = (
                f"Leave `options` out, or write {KERAS_CKPT}, which takes them for the formats "
                "that know them."
            )
        yield self.problem(site, message, advice, argument)

    def _of_keras(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        argument = given(site, "options")
        arguments = bound(site, old)
        if argument is None or arguments is None or argument.value == Constant(None):
            return
        path = arguments.value("filepath")
        if isinstance(path, Str) and path.ends_in((".keras",)):
            if arguments.flag("save_weights_only") is False:
                yield self.problem(
                    site,
                    f"{new.title} raises ValueError: a path that ends in `.keras` takes no "
                    f"`options`.",
                    "Leave `options` out.",
                    argument,
                )

    fix = drop_argument
