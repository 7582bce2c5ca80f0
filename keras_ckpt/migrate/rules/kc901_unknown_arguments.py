"""KC901: arguments that are not known."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.values.infer import Mapping, Sequence, value
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, register
from keras_ckpt.migrate.sites.site import (
    CLASS,
    CODE,
    HANDED_ON,
    LATEST,
    LIBRARY,
    UNKNOWN_RECEIVER,
    CallSite,
    Checkpoint,
    Reference,
    Site,
)

_BY_HAND = (
    "See by hand whether there is a `period`, a `save_format`, `options`, or a path that {} "
    "refuses."
)
_REFERENCES = {
    CLASS: "What `{}` is here may be ModelCheckpoint: its arguments are not checked.",
    CODE: "Code in a text is run here, and not checked: `{}`.",
    HANDED_ON: (
        "`{}` is handed on here, and what calls it is not followed: its arguments are not checked."
    ),
}


@register
class UnknownArguments(Rule):
    code = "KC901"
    name = "unknown-arguments"
    informs = True
    what = (
        "Says where a ModelCheckpoint, a save or a load gets arguments from a `**` dict or a `*` "
        "list of which not everything is known, where one is handed on for something else to call "
        "it, where a class is called that may be ModelCheckpoint, by a name or key that is not "
        "known, and where `exec` or `eval` runs a text that saves or loads."
    )
    why = (
        "Nothing is found in such arguments, and that does not mean that there is nothing to do. "
        "A dict that is written in the same code is followed, and so are files in YAML, JSON, TOML "
        "and gin beside the code, and templates of them, if they have a `filepath`."
    )
    before = """
import json

import keras

with open("config.json") as file:
    config = json.load(file)
checkpoint = keras.callbacks.ModelCheckpoint(**config["checkpoint"])
"""
    after = """
import keras

config = {"checkpoint": {"filepath": "best.keras"}}
checkpoint = keras.callbacks.ModelCheckpoint(**config["checkpoint"])
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return new.is_keras_3 and not old.is_keras_3

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if isinstance(site, Reference):
            yield self._of_reference(site, new)
            return
        if not isinstance(site, CallSite) or site.kind in (LATEST, LIBRARY) or site.complete:
            return
        if isinstance(site, Checkpoint) and site.how not in ("call", "subclass"):
            return
        if site.receiver != UNKNOWN_RECEIVER and not site.may_be_keras(None):
            return
        node = site.node
        for each in _unknown(node, site) if isinstance(node, ast.Call) else ():
            stars = "*" if isinstance(each, ast.Starred) else "**"
            inner = each.value
            yield self.problem(
                site,
                f"The arguments come from `{stars}{ast.unparse(inner)}`, which is not known: they "
                "are not checked.",
                _BY_HAND.format(new.title),
                node=inner,
            )
            return

    def _of_reference(self, site: Reference, new: Release) -> Problem:
        message = _REFERENCES[site.how].format(site.of)
        return self.problem(site, message, _BY_HAND.format(new.title))


def _unknown(node: ast.Call, site: Site) -> Iterator[ast.keyword | ast.Starred]:
    for keyword in node.keywords:
        if keyword.arg is None:
            table = value(keyword.value, site.at)
            if not isinstance(table, Mapping) or not table.complete:
                yield keyword
    for each in node.args:
        if isinstance(each, ast.Starred):
            row = value(each.value, site.at)
            if not isinstance(row, Sequence) or not row.complete:
                yield each
