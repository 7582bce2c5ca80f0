"""KC403: `mode="auto"` becomes what the name of the metric means."""

from __future__ import annotations

from keras_ckpt.engine import monitor
from keras_ckpt.migrate.fix.answers import Answer, Fix, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem, bound, monitored
from keras_ckpt.migrate.rules.kc401_metric_name import metrics_of
from keras_ckpt.migrate.sites.metrics import BY_NAME
from keras_ckpt.migrate.sites.site import Checkpoint


def fix(problem: Problem, native: Native) -> Answer:
    site = problem.site
    assert isinstance(site, Checkpoint)
    arguments = bound(site, native.old)
    name = monitored(arguments) if arguments is not None else None
    if arguments is None or not name:
        return Refusal(problem.advice)
    was = monitor.mode_from_name(name)
    known = dict(
        BY_NAME,
        **{each: way for each, way in (metrics_of(site) or {}).items() if way in ("up", "down")},
    )
    mode = "max" if was == "max" else monitor.direction_of(monitor.without_val(name), known)
    if mode is None:
        return Refusal(
            "whether more or less `%s` is better is not known. %s took less for better: write "
            '`mode="min"` if that is so, else `mode="max"`.' % (name, native.old.title),
            needs_us=False,
        )
    told = ""
    if mode != was:
        told = "more `%s` is better now. %s took less for better." % (name, native.old.title)
    argument = arguments.named.get("mode")
    code = '"%s"' % mode
    answer = (
        native.add(site, "mode", code) if argument is None else native.set_value(argument, code)
    )
    return Fix(answer.apply, told) if isinstance(answer, Fix) else answer
