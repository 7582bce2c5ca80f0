"""KC101: `period` goes where it says nothing. Elsewhere no argument of Keras 3 means the same."""

from __future__ import annotations

from keras_ckpt.migrate.code.values.infer import Constant
from keras_ckpt.migrate.fix.answers import WITH_US, Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem, bound, frequency, shown


def fix(problem: Problem, native: Native) -> Answer:
    assert problem.argument is not None
    period = problem.argument.value
    arguments = bound(problem.site, native.old)
    if period == Constant(1):
        return native.drop(problem.argument)
    if arguments is not None and frequency(arguments) is not None:
        # Beside an integer `save_freq` it has no effect.
        return native.drop(problem.argument)
    return Refusal(
        "`period=%s` needs keras_ckpt: `save_freq` of Keras 3 counts batches, and has no value of "
        "the validation when it saves. %s" % (shown(period), WITH_US)
    )
