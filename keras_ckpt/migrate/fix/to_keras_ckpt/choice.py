"""Which calls that save and load are taken from keras_ckpt.

- Those that Keras 3 refuses the file of (KC6), or may, since its name is not known (KC902). If it
  is not known either whether it is a method of a model, it stays, with a note.
- In a subclass of `ModelCheckpoint` what saves `self.model`, unless Keras 3 takes the name.
- What goes with one of these: a load of what keras_ckpt writes, in whichever file, and a save or
  load of the same expression, such as in the other branch of an `if`.
"""

from __future__ import annotations

import ast
from typing import Iterable

from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.native.renames.across_files import Others, alike
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.fix.to_keras_ckpt import subclasses
from keras_ckpt.migrate.rules.definition import Group, Problem, Rule, rules
from keras_ckpt.migrate.rules.kc902_unknown_path import UnknownPath
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import (
    KERAS,
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    Argument,
    CallSite,
)

READS = (LOAD_MODEL, LOAD_WEIGHTS)
WRITES = (SAVE, SAVE_WEIGHTS)


class Choice:
    """The calls of a module that are taken from keras_ckpt.

    Args:
        sites: the sites of the module.
        found: what the rules find in it, and cannot follow.
        target: what it is rewritten to.
        others: what is known of the other files.

    Attributes:
        left: the calls of which neither the file nor the model is known, with the code of the rule.
    """

    def __init__(self, sites: Sites, found: list[Problem], target: Target, others: Others) -> None:
        self._sites, self._target, self._others = sites, target, others
        self._refused = {
            id(each.site.node)
            for each in found
            if each.rule.group is Group.FILES and isinstance(each.site, CallSite)
        }
        self._unknown = {
            id(each.site.node): each for each in found if isinstance(each.rule, UnknownPath)
        }
        mine = [each for each in sites.found if isinstance(each, CallSite)]
        every = (*mine, *subclasses.saves(sites, {each.node for each in mine}))
        self._every = [
            each
            for each in every
            if each.kind in (*READS, *WRITES, LATEST) and (target.tf_keras or not each.stays)
        ]
        self.left: list[tuple[CallSite, str]] = []

    def made(self, checkpoints: Iterable[CallSite]) -> list[CallSite]:
        """Returns the calls.

        Args:
            checkpoints: the callbacks that are taken from keras_ckpt.
        """
        chosen = {id(each.node) for each in self._every if self._is_by_itself(each)}
        writers = list(checkpoints)
        while True:
            begun = len(chosen)
            now = [each for each in self._every if id(each.node) in chosen]
            chosen |= {
                id(each.node)
                for each in self._every
                if id(each.node) not in chosen and self._goes_with(each, now, writers)
            }
            if len(chosen) == begun:
                break
        for site in self._every:
            if id(site.node) in self._unknown and id(site.node) not in chosen:
                rule = self._rule(site)
                if rule is not None and self._target.selected(rule.code):
                    self.left.append((site, UnknownPath.code))
        return [each for each in self._every if id(each.node) in chosen]

    # By itself

    def _is_by_itself(self, site: CallSite) -> bool:
        if id(site.node) in self._refused:
            return True
        rule = self._rule(site)
        if rule is None or not self._is_asked(rule):
            return False
        if id(site.node) in self._unknown:
            return site.receiver == KERAS
        return self._is_of_subclass(site, rule) or self._is_of_latest(site)

    @staticmethod
    def _rule(site: CallSite) -> Rule | None:
        """Returns the rule that finds files of such a call that Keras 3 refuses."""
        return next((r for r in rules().values() if site.kind in (*r.reads, *r.writes)), None)

    def _is_asked(self, rule: Rule) -> bool:
        target = self._target
        return target.selected(rule.code) and rule.concerns(target.old, target.new)

    def _is_of_subclass(self, site: CallSite, rule: Rule) -> bool:
        """Returns whether a subclass saves its model by a name that Keras 3 may refuse."""
        if site.kind not in WRITES or not subclasses.is_of_model(self._sites, site):
            return False
        endings = self._target.new.saving.function(site.kind).endings
        path = site.path(self._target.old)
        if path is None:
            return False
        found = path.value
        return not isinstance(found, Str) or not found.ends_in(endings)

    def _is_of_latest(self, site: CallSite) -> bool:
        """Returns whether a call reads what `latest_checkpoint` returns, which is refused."""
        path = site.path(self._target.old)
        if path is None or site.kind not in READS:
            return False
        latest = {each.node for each in self._every if each.kind == LATEST}
        refused = {each for each in latest if id(each) in self._refused}
        node = path.node
        if not isinstance(node, ast.Name):
            return node in refused
        scope = path.at.scope.find(node.id)
        return scope is not None and any(
            each.node in refused for each in scope.bindings.get(node.id, ())
        )

    # With others

    def _goes_with(self, site: CallSite, chosen: list[CallSite], writers: list[CallSite]) -> bool:
        path = site.path(self._target.old)
        rule = self._rule(site)
        if path is None or rule is None or not self._is_asked(rule):
            return False
        if id(site.node) in self._unknown:
            return any(self._is_same(path, each) for each in chosen)
        found = path.value
        if site.kind not in READS or not isinstance(found, Str) or not site.may_be_keras(found):
            return False
        if self._others.has(found.shown):
            return True
        every = [*writers, *(each for each in chosen if each.kind in WRITES)]
        return any(self._is_written(found, each) for each in every)

    def _is_same(self, path: Argument, other: CallSite) -> bool:
        """Returns whether a call has the same expression for its path, of the same names."""
        known = other.path(self._target.old)
        if known is None or isinstance(path.node, ast.Constant):
            return False
        if ast.dump(path.node) != ast.dump(known.node):
            return False
        # Names of two functions are two names.
        return path.at.scope is known.at.scope or path.at.scope.owner() is known.at.scope.owner()

    def _is_written(self, path: Str, writer: CallSite) -> bool:
        argument = writer.path(self._target.old)
        written = argument.value if argument is not None else None
        return isinstance(written, Str) and alike(written.shown, path.shown)
