"""KC601: other endings for the paths of weights that are read, with what writes them."""

from __future__ import annotations

from keras_ckpt.endings import SHARDED_WEIGHTS
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.answers import WITH_US, Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem
from keras_ckpt.migrate.sites.site import CallSite

LATE = True


def fix(problem: Problem, native: Native) -> Answer:
    site = problem.site
    assert isinstance(site, CallSite)
    if problem.argument is site.keywords.get("by_name"):
        return Refusal("Keras 3 reads by name HDF5 of Keras 2 alone. " + WITH_US)
    path = problem.argument.value if problem.argument is not None else None
    if isinstance(path, Str) and path.ends_in(SHARDED_WEIGHTS):
        return Refusal(problem.advice, needs_us=False)
    return native.endings.answer(site)
