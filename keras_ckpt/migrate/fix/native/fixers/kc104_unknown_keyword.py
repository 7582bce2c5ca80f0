"""KC104: what the old release ignored goes."""

from __future__ import annotations

from keras_ckpt.engine import arguments
from keras_ckpt.migrate.fix.answers import Answer, Refusal
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem


def fix(problem: Problem, native: Native) -> Answer:
    assert problem.argument is not None
    name = next(
        name
        for name, each in getattr(problem.site, "keywords", {}).items()
        if each.node is problem.argument.node
    )
    if name in native.old.parameters:
        return Refusal("%s has no `%s`." % (native.new.title, name), needs_us=False)
    near = arguments.unknown({name: None}).get(name, "")
    told = "`%s` is left out: %s ignored it." % (name, native.old.title)
    if near in native.new.parameters:
        told += " If `%s` was meant, write that." % near
    return native.drop(problem.argument, told)
