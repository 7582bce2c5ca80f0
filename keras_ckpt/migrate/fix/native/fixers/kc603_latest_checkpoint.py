"""KC603: Keras 3 has nothing that finds the newest checkpoint."""

from __future__ import annotations

from keras_ckpt.migrate.fix.answers import WITH_US, Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem


def fix(problem: Problem, native: Native) -> Answer:
    return Refusal("Keras 3 has nothing that finds the newest checkpoint. " + WITH_US)
