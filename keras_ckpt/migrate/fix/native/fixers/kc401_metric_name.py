"""KC401: metrics by the name that they are compiled by, in `monitor` and in the path."""

from __future__ import annotations

import ast
import re

from keras_ckpt.migrate.fix.answers import Answer, Fix, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.fix.native.renames import literals
from keras_ckpt.migrate.rules.definition import Problem, bound, monitored
from keras_ckpt.migrate.rules.kc401_metric_name import metrics_of, misnamed
from keras_ckpt.migrate.sites.site import Checkpoint

_ELSEWHERE = "the name is written elsewhere, or used for more. %s Change it by hand."


def fix(problem: Problem, native: Native) -> Answer:
    site, argument = problem.site, problem.argument
    assert isinstance(site, Checkpoint)
    arguments = bound(site, native.old)
    if argument is None or arguments is None:
        return Refusal(problem.advice, needs_us=False)
    names = metrics_of(site)
    if argument is not arguments.named.get("monitor"):
        return _in_path(problem, native, names)
    name = monitored(arguments)
    other = misnamed(name, names) if name else None
    if not other or not literals.is_text(argument.node) or not native.paths.is_alone(argument.node):
        return Refusal(_ELSEWHERE % problem.advice, needs_us=False)
    text = argument.node

    def changed(written: str) -> str | None:
        return other if written == name else None

    return Fix(lambda: native.edits.text(text, changed))


def _in_path(problem: Problem, native: Native, names: dict[str, str] | None) -> Answer:
    assert problem.argument is not None
    found = native.endings.end_of(problem.argument.node)
    if found is None or isinstance(found, ast.JoinedStr):
        # In an f-string the braces of a template are written twice.
        if found is None:
            return Refusal(_ELSEWHERE % problem.advice, needs_us=False)
    text = found

    def one(match: re.Match[str]) -> str:
        return match[1] + (misnamed(match[2], names) or match[2])

    def changed(written: str) -> str:
        return re.sub(r"(\{)(\w+)(?=[:!}])", one, written)

    return Fix(lambda: native.edits.texts(text, changed))
