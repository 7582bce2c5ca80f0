"""KC603: Keras 3 has nothing that finds the newest checkpoint."""

from __future__ import annotations

from keras_ckpt.migrate.rewrite.native import Native
from keras_ckpt.migrate.rewrite.results import WITH_US, Answer, Refusal
from keras_ckpt.migrate.rule import Problem


def fix(problem: Problem, native: Native) -> Answer:
    return Refusal("Keras 3 has nothing that finds the newest checkpoint. " + WITH_US)
