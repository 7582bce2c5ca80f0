"""KC403: `mode="auto"`."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.engine import messages, monitor
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import (
    KERAS_CKPT,
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
from keras_ckpt.migrate.rules.kc401_metric_name import metrics_of, misnamed
from keras_ckpt.migrate.sites.metrics import BY_NAME
from keras_ckpt.migrate.sites.site import Checkpoint, Site

_MODES = {"up": "max", "down": "min"}


@register
class AutoMode(Rule):
    code = "KC403"
    name = "auto-mode"
    what = (
        "Finds `mode='auto'`, the default, with metrics for which Keras 3.11 and later determine "
        "another direction than earlier releases, or none."
    )
    why = (
        "Up to Keras 3.10 the name decides: a name that contains `acc` or begins with `fmeasure` "
        "is maximized, anything else is minimized, even `val_auc`. From 3.11 on the metric "
        "decides, and one without a direction raises a ValueError when the first epoch ends, even "
        "without `save_best_only`. Functions, classes of your own, and the metrics of one of "
        "several outputs have no direction."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", monitor="val_auc", save_best_only=True)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.keras", monitor="val_auc", mode="max", save_best_only=True)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return (old.profile.direction, new.profile.direction) == ("name", "metric")

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Checkpoint):
            return
        arguments = site.bound(old)
        name = monitored(arguments)
        mode = arguments.value("mode", Str(("auto",)))
        if not name or not isinstance(mode, Str) or mode.known in ("min", "max", None):
            return
        metric = monitor.without_val(name)
        names = metrics_of(site, new.is_keras_3)
        if metric == "loss" or misnamed(name, names):
            return
        was = monitor.mode_from_name(name)
        argument = arguments.named.get("mode") or arguments.named.get("monitor")
        if names is None:
            direction = BY_NAME.get(metric, "?")
            unless = ", unless the metric itself has a direction" if direction == "?" else ""
        else:
            direction, unless = names.get(metric, ""), ""
        now = _MODES.get(direction)
        if now is not None:
            if now != was and arguments.flag("save_best_only"):
                yield self.problem(
                    site,
                    f"`mode='auto'` means '{was}' for `{name}` in {old.title} and '{now}' in "
                    f"{new.title}, which saves other models as the best.",
                    'Write `mode="max"` if more of it is better, `mode="min"` if less.',
                    argument,
                )
            return
        said = messages.TEXTS[new.profile.texts]["direction"]
        said = said.format(class_name="ModelCheckpoint", monitor=name).partition(". ")[0]
        write = '`mode="max"`'
        if was == "min":
            write += ' if more of it is better, `mode="min"` if less'
        yield self.problem(
            site,
            f"{new.title} raises ValueError when the first epoch ends{unless}: {said}.",
            f"Write {write}, which {old.title} took for granted. {KERAS_CKPT} takes it from the "
            "name, with a warning.",
            argument,
        )

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        site = problem.site
        assert isinstance(site, Checkpoint)
        arguments = bound(site, plan.old)
        name = monitored(arguments) if arguments is not None else None
        if arguments is None or not name:
            return Refusal(problem.advice)
        was = monitor.mode_from_name(name)
        compiled = (metrics_of(site) or {}).items()
        known = {**BY_NAME, **{each: way for each, way in compiled if way in ("up", "down")}}
        mode = "max" if was == "max" else monitor.direction_of(monitor.without_val(name), known)
        if mode is None:
            return Refusal(
                f"whether more or less `{name}` is better is not known. {plan.old.title} took less "
                'for better: write `mode="min"` if that is so, else `mode="max"`.',
                needs_keras_ckpt=False,
            )
        note = ""
        if mode != was:
            note = f"more `{name}` is better now. {plan.old.title} took less for better."
        argument, code = arguments.named.get("mode"), f'"{mode}"'
        if argument is None:
            answer = plan.add(site, "mode", code)
        else:
            answer = plan.set_value(argument, code)
        return Fix(answer.apply, note) if isinstance(answer, Fix) else answer
