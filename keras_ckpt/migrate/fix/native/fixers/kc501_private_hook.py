"""KC501: what a private method of a subclass does in another form is for its author to say."""

from __future__ import annotations

from keras_ckpt.migrate.fix.answers import Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem


def fix(problem: Problem, native: Native) -> Answer:
    return Refusal("private methods are not rewritten. " + problem.advice)
