"""KC401: `acc` and `accuracy`, `auc` and `AUC`."""

from __future__ import annotations

import re
from typing import Iterator

from keras_ckpt.engine import filepath, monitor
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    Answer,
    Fix,
    Plan,
    Problem,
    Refusal,
    Rule,
    bound,
    monitored,
    register,
)
from keras_ckpt.migrate.sites.metrics import compiled
from keras_ckpt.migrate.sites.site import Checkpoint, Site


def metrics_of(site: Checkpoint, as_written: bool = True) -> dict[str, str] | None:
    """Returns names and directions of the metrics that a callback finds compiled.

    Args:
        site: the call that makes the callback.
        as_written: whether a class that is compiled by its name is called so, as in Keras 3.

    Returns:
        None if there is no training, or a metric is not known.
    """
    result: dict[str, str] = {}
    trainings = site.trainings()
    for training in trainings:
        names = None if training.metrics is None else compiled(training.metrics, as_written)
        if names is None:
            return None
        result.update(names)
    return result if trainings else None


def misnamed(name: str, names: dict[str, str] | None) -> str | None:
    """Returns the other name that a metric is compiled by, if it is by that alone."""
    if names is None or monitor.without_val(name) in names:
        return None
    val = name[: len(name) - len(monitor.without_val(name))]
    return monitor.alias(name, [val + each for each in names])


@register
class MetricName(Rule):
    code = "KC401"
    name = "metric-name"
    what = (
        "Finds metrics in `monitor` and in the path that were compiled under another name: `acc` "
        "for `accuracy`, `mae` for `mean_absolute_error`, `auc` for `AUC`, and vice versa."
    )
    why = (
        "Before TF 2.0, `accuracy` was `acc` in the logs. Since then a metric has the name that "
        "it was compiled with. `metrics=['AUC']` is called `auc` in most releases of TF 2, and "
        "`AUC` in Keras 3. If the name is not in the logs, saves of the best model are skipped up "
        "to Keras 3.9 and all made from 3.10 on, so the last model replaces the best. With "
        "`mode='auto'`, Keras 3.11 and later raise a ValueError when the first epoch ends. In the "
        "path, such a name raises a KeyError at the first save."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
checkpoint = ModelCheckpoint("best.keras", monitor="val_acc", mode="max", save_best_only=True)
model.fit(x, y, validation_split=0.1, callbacks=[checkpoint])
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
checkpoint = ModelCheckpoint("best.keras", monitor="val_accuracy", mode="max", save_best_only=True)
model.fit(x, y, validation_split=0.1, callbacks=[checkpoint])
"""

    def concerns(self, old: Release, new: Release) -> bool:
        # In none of the releases is it found.
        return True

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Checkpoint):
            return
        names = metrics_of(site, new.is_keras_3)
        arguments = site.bound(old)
        name = monitored(arguments)
        other = misnamed(name, names) if name is not None else None
        mode = arguments.value("mode", Str(("auto",)))
        auto = isinstance(mode, Str) and mode.known not in ("min", "max", None)
        raises = auto and new.profile.direction == "metric"
        if name and other and (arguments.flag("save_best_only") or raises):
            if raises:
                happens = "raises ValueError when the first epoch ends"
            elif new.profile.missing == "saved":
                happens = "saves every time, over the best model"
            else:
                happens = "saves nothing"
            yield self.problem(
                site,
                f"There is no `{name}` in the logs, where the metric is called `{other}`: "
                f"{new.title} {happens}.",
                f'Write `monitor="{other}"`.',
                arguments.named.get("monitor"),
            )
        path = arguments.value("filepath")
        for placeholder in _placeholders(path):
            other = misnamed(placeholder, names)
            if other:
                yield self.problem(
                    site,
                    f"There is no `{placeholder}` in the logs, where the metric is called "
                    f"`{other}`: {new.title} raises KeyError at the first save.",
                    f"Write `{{{other}}}` in the path.",
                    arguments.named["filepath"],
                )

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        site, argument = problem.site, problem.argument
        assert isinstance(site, Checkpoint)
        arguments = bound(site, plan.old)
        if argument is None or arguments is None:
            return Refusal(problem.advice, needs_keras_ckpt=False)
        names = metrics_of(site)
        if argument is not arguments.named.get("monitor"):
            return self._fix_in_path(problem, plan, names)
        name = monitored(arguments)
        other = misnamed(name, names) if name else None
        text = argument.node
        if not other or not plan.is_text(text) or not plan.is_alone(text):
            return self._elsewhere(problem)

        def changed(written: str) -> str | None:
            return other if written == name else None

        return Fix(lambda: plan.change_text(text, changed))

    def _fix_in_path(self, problem: Problem, plan: Plan, names: dict[str, str] | None) -> Answer:
        assert problem.argument is not None
        text = plan.end_of(problem.argument.node)
        if text is None:
            return self._elsewhere(problem)
        found = text

        def one(match: re.Match[str]) -> str:
            return match[1] + (misnamed(match[2], names) or match[2])

        def changed(written: str) -> str:
            return re.sub(r"(\{)(\w+)(?=[:!}])", one, written)

        return Fix(lambda: plan.change_texts(found, changed))

    @staticmethod
    def _elsewhere(problem: Problem) -> Refusal:
        return Refusal(
            f"the name is written elsewhere, or used for more. {problem.advice} Change it by hand.",
            needs_keras_ckpt=False,
        )


def _placeholders(path: object) -> list[str]:
    found: list[str] = []
    for part in path.parts if isinstance(path, Str) else ():
        try:
            found += [each.name for each in filepath.placeholders(part or "")]
        except ValueError:
            continue
    return found
