"""KC602: other endings for the paths of whole models that are read, with what writes them."""

from __future__ import annotations

from keras_ckpt.migrate.call_sites import CallSite
from keras_ckpt.migrate.rewrite.native import Native
from keras_ckpt.migrate.rewrite.results import Answer
from keras_ckpt.migrate.rule import Problem

LATE = True


def fix(problem: Problem, native: Native) -> Answer:
    assert isinstance(problem.site, CallSite)
    return native.endings.answer(problem.site)
