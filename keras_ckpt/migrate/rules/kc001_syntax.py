"""KC001: code that cannot be parsed."""

from __future__ import annotations

from typing import Iterable

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites.site import Site


@register
class Syntax(Rule):
    code = "KC001"
    name = "syntax"
    what = (
        "Finds files and notebook cells that are not valid code for the Python that runs the "
        "check, among those that contain one of the names that the rules look for."
    )
    why = (
        "Nothing else can be found in them. Most are written for Python 2, on which neither "
        "TensorFlow from 2.2 on nor Keras 3 runs. If the code is too new for this Python, run the "
        "check with a newer one."
    )
    before = """
from keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras")
print "saving to best.keras"
"""
    after = """
from keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras")
print("saving to best.keras")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return True

    def check(self, site: Site, old: Release, new: Release) -> Iterable[Problem]:
        # It is found before there are sites.
        return ()
