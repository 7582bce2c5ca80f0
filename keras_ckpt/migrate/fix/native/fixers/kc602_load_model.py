"""KC602: other endings for the paths of whole models that are read, with what writes them."""

from __future__ import annotations

from keras_ckpt.migrate.fix.answers import Answer
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem
from keras_ckpt.migrate.sites.site import CallSite

LATE = True


def fix(problem: Problem, native: Native) -> Answer:
    assert isinstance(problem.site, CallSite)
    return native.endings.answer(problem.site)
