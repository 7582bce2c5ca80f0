"""What subclasses of `ModelCheckpoint` save by themselves: `self.model.save(…)` and the like."""

from __future__ import annotations

import ast
from typing import Collection, Iterator

from keras_ckpt.migrate.code.scopes import Position, dotted_text
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import SAVE, SUBCLASS, Argument, CallSite

_MODEL = "self.model"


def saves(sites: Sites, known: Collection[ast.AST]) -> Iterator[CallSite]:
    """Returns the calls of `self.model.save` in subclasses that are not among the sites.

    Args:
        sites: all sites of a module.
        known: the nodes of its calls.
    """
    for node, at in sites.module.calls:
        function = node.func
        if node in known or not isinstance(function, ast.Attribute) or function.attr != SAVE:
            continue
        if dotted_text(function.value) != _MODEL or not _is_within(sites, at):
            continue
        starred = any(isinstance(each, ast.Starred) for each in node.args)
        yield CallSite(
            SAVE,
            node,
            at,
            "",
            sites.module,
            sites.facts,
            [Argument(each, at) for each in node.args],
            {each.arg: Argument(each.value, at, each) for each in node.keywords if each.arg},
            not starred and all(each.arg for each in node.keywords),
        )


def is_of_model(sites: Sites, site: CallSite) -> bool:
    """Returns whether a call is a method of `self.model` in a subclass."""
    function = site.node.func if isinstance(site.node, ast.Call) else None
    if not isinstance(function, ast.Attribute) or dotted_text(function.value) != _MODEL:
        return False
    return _is_within(sites, site.at)


def _is_within(sites: Sites, at: Position) -> bool:
    owner = at.scope.owner()
    return owner is not None and any(
        each.kind == SUBCLASS and each.node is owner.node for each in sites.found
    )
