"""KC303: best-only saves at the end of batches need us, or were never made."""

from __future__ import annotations

from keras_ckpt.migrate.fix.answers import WITH_US, Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem, bound, monitored


def fix(problem: Problem, native: Native) -> Answer:
    arguments = bound(problem.site, native.old)
    name = monitored(arguments) if arguments is not None else None
    if (name or "").startswith("val_"):
        return Refusal(
            "at the end of a batch there is no `%s`, so that %s never saved anything. %s"
            % (name, native.old.title, problem.advice),
            needs_us=False,
        )
    return Refusal(
        "best-only saves at the end of batches need keras_ckpt: Keras 3 does not know then what is "
        "better. " + WITH_US
    )
