"""KC103: `load_weights_on_restart=False` is what it is without. True no argument of Keras 3 is."""

from __future__ import annotations

from keras_ckpt.migrate.code.values.infer import Constant
from keras_ckpt.migrate.fix.answers import WITH_US, Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem


def fix(problem: Problem, native: Native) -> Answer:
    assert problem.argument is not None
    if problem.argument.value == Constant(False):
        return native.drop(problem.argument)
    return Refusal(
        "`load_weights_on_restart` needs keras_ckpt: Keras 3 has nothing that loads the newest "
        "checkpoint when training begins. " + WITH_US
    )
