"""KC701: calls that Keras 3 refuses for a reason that the code does not show."""

from __future__ import annotations

from typing import Iterable

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites.site import Site


@register
class Refused(Rule):
    code = "KC701"
    name = "refused"
    needs_run = True
    what = (
        "Finds calls that Keras 3 refuses for a reason that only a run shows: `keras-ckpt run "
        "--report FILE`."
    )
    why = (
        "Keras 3 was asked, and raised an error, which the message has; keras_ckpt then did what "
        "the call means. Among them are functions that Keras 3 removed, such as "
        "`model_from_yaml`, and files with layers that it does not know."
    )
    before = """
import keras

model = keras.models.model_from_yaml(text)
"""
    after = """
import keras_ckpt

model = keras_ckpt.model_from_yaml(text)
"""
    advice = (
        "Write the function of that name in keras_ckpt, or convert the file once with "
        "`keras-ckpt convert`."
    )

    def concerns(self, old: Release, new: Release) -> bool:
        return new.is_keras_3 and not old.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterable[Problem]:
        return ()
