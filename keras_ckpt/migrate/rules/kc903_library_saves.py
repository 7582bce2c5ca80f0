"""KC903: what other libraries save by themselves."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites import libraries
from keras_ckpt.migrate.sites.site import LIBRARY, CallSite, Site


@register
class LibrarySaves(Rule):
    code = "KC903"
    name = "library-saves"
    informs = True
    what = "Says where callbacks and functions of other libraries save or load models themselves."
    why = (
        "What is installed of a library is not read, so their calls are not checked. Most of these "
        "libraries have a release for Keras 3, and the older ones fail with it."
    )
    before = """
from wandb.keras import WandbCallback

callbacks = [WandbCallback()]
"""
    after = """
from wandb.integration.keras import WandbMetricsLogger

callbacks = [WandbMetricsLogger()]
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return new.is_keras_3 and not old.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind != LIBRARY:
            return
        package, _, last = site.name.partition(".")
        last = last.rpartition(".")[2]
        advice = libraries.saver(site.name)
        if advice is not None:
            message = f"`{last}` of {package} saves or loads models itself, which is not checked."
            yield self.problem(site, message, advice)
