"""KC102: `options` go, since no format of Keras 3 has any."""

from __future__ import annotations

from keras_ckpt.migrate.code.values.infer import Constant
from keras_ckpt.migrate.fix.answers import Answer
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem


def fix(problem: Problem, native: Native) -> Answer:
    assert problem.argument is not None
    told = "`options` are left out: they are for formats that Keras 3 does not write."
    return native.drop(problem.argument, "" if problem.argument.value == Constant(None) else told)
