"""KC105: arguments from the first on that moved are passed by name, `options` not at all."""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.values.infer import Constant
from keras_ckpt.migrate.fix.answers import WITH_US, Answer, Fix, Refusal
from keras_ckpt.migrate.fix.edits.edits import index_of
from keras_ckpt.migrate.fix.native.planner import Native
from keras_ckpt.migrate.rules.definition import Problem
from keras_ckpt.migrate.sites.site import Checkpoint


def fix(problem: Problem, native: Native) -> Answer:
    site, old, new = problem.site, native.old.parameters, native.new.parameters
    assert isinstance(site, Checkpoint)
    call = site.node
    assert isinstance(call, ast.Call)
    same = next((i for i, pair in enumerate(zip(old, new)) if pair[0] != pair[1]), len(old))
    told = ""
    dropped, named = [], {}
    for place, argument in enumerate(site.positional):
        if place < same:
            if argument is problem.argument:
                return Refusal(
                    "in stand-alone Keras this was `period`, in epochs. If it is, it needs "
                    "keras_ckpt, as `period=`: Keras 3 counts batches."
                )
            continue
        index = index_of(call, argument.node)
        if index is None or place >= len(old):
            return Refusal("the arguments by position are not known. " + WITH_US)
        if old[place] == "period" and argument.value != Constant(1):
            return Refusal("`period` needs keras_ckpt: Keras 3 counts batches. " + WITH_US)
        if old[place] in new:
            named[index] = old[place]
            continue
        dropped.append(index)
        if old[place] != "period" and argument.value != Constant(None):
            told = "`%s` is left out: %s has none." % (old[place], native.new.title)

    def apply() -> None:
        edit = native.edits.call(call)
        edit.dropped.update(dropped)
        edit.named.update(named)

    return Fix(apply, told)
