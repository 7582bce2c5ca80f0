"""KC605: arguments of saves and loads go, since the ending of the path tells the format."""

from __future__ import annotations

from keras_ckpt.migrate.rewrite.native import Native
from keras_ckpt.migrate.rewrite.results import Answer
from keras_ckpt.migrate.rule import Problem
from keras_ckpt.migrate.values import Known, Text


def fix(problem: Problem, native: Native) -> Answer:
    assert problem.argument is not None
    says_nothing = isinstance(problem.argument.value, Text) or problem.argument.value == Known(None)
    told = "an argument is left out that is for formats that Keras 3 does not write."
    return native.drop(problem.argument, "" if says_nothing else told)
