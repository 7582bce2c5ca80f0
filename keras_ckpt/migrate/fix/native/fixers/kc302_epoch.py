"""KC302: `save_freq` times the batches that one call was. What counted samples is not mended."""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.values.infer import integer
from keras_ckpt.migrate.fix.answers import Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem, bound, frequency
from keras_ckpt.migrate.sites.site import Checkpoint


def fix(problem: Problem, native: Native) -> Answer:
    site = problem.site
    assert isinstance(site, Checkpoint) and problem.argument is not None
    arguments = bound(site, native.old)
    if native.old.profile.frequency_unit != "calls" or arguments is None:
        return Refusal(problem.advice, needs_us=False)
    count = frequency(arguments)
    known = (integer(each.steps_per_execution) for each in site.trainings())
    steps = {each for each in known if each is not None}
    if not isinstance(count, int) or len(steps) != 1:
        return Refusal(problem.advice, needs_us=False)
    if not isinstance(problem.argument.node, ast.Constant):
        return Refusal(problem.advice, needs_us=False)
    # The release to which this is native counts batches: again it would be multiplied.
    return native.set_value(problem.argument, "%d * %d" % (count, steps.pop()))
