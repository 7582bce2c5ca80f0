"""KC605: arguments of saves and loads go, since the ending of the path tells the format."""

from __future__ import annotations

from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.fix.answers import Answer
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem


def fix(problem: Problem, native: Native) -> Answer:
    assert problem.argument is not None
    value = problem.argument.value
    says_nothing = isinstance(value, Str) or value == Constant(None)
    told = "an argument is left out that is for formats that Keras 3 does not write."
    return native.drop(problem.argument, "" if says_nothing else told)
