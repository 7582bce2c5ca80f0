"""`--to-keras-ckpt`: the same calls, of `keras_ckpt`. Arguments stay as they are.

What is taken from keras_ckpt:

- `ModelCheckpoint`, wherever it is imported, called, derived from or named;
- `load_weights`, `load_model` and `latest_checkpoint` where Keras 3 refuses the file (KC601, KC602,
  KC603);
- `load_weights` and `load_model` where the name of the file is not known: it may be one that Keras
  3 refuses, and those of keras_ckpt read what Keras 3 reads, too. If it is not known either whether
  it is a method of a model, it stays, with a note;
- `save_weights` and `save` where Keras 3 refuses the name (KC604). Where the name is not known they
  stay: no old file has to be read, and Keras 3 says what it refuses. In a subclass of
  `ModelCheckpoint` they do not, where they are methods of `self.model`: the name is mostly made of
  `self.filepath`, which keras_ckpt takes whatever it ends in.

What comes of `tf_keras` stays, unless it is asked for: it runs as it stands.
"""

from __future__ import annotations

import ast
from typing import Callable, Iterator

from keras_ckpt.migrate.code.names import library
from keras_ckpt.migrate.code.scopes import dotted_text
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.answers import Kind, Note, note, note_on
from keras_ckpt.migrate.fix.edits.edits import Edits, index_of
from keras_ckpt.migrate.fix.edits.imports import Imports
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.to_keras_ckpt import call_arguments, subclasses
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Group, Problem, rules
from keras_ckpt.migrate.rules.kc105_positional import SEVENTH, Positional
from keras_ckpt.migrate.sites.classes import is_checkpoint
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import (
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    CallSite,
)

_CLASS = "ModelCheckpoint"
_PACKAGE = "keras_ckpt"
_FUNCTIONS: dict[str, str] = {
    LATEST: "latest_checkpoint",
    LOAD_MODEL: "load_model",
    LOAD_WEIGHTS: "load_weights",
    SAVE: "save_model",
    SAVE_WEIGHTS: "save_weights",
}
_TF_KERAS = "tf_keras"
_RUNS = "tf_keras runs this as it stands. `--from tf_keras` rewrites it all the same."
_OF_KERAS_3 = (
    "keras_ckpt is for the Keras that runs, which is Keras 3 unless TF_USE_LEGACY_KERAS=1 is set: "
    "without it models of tf_keras do not take the callback."
)
_WAS_PERIOD = (
    "the seventh argument is passed as `period`, in epochs: so Keras before 2.4 takes it. If the "
    "code is younger, write `save_freq`, in batches."
)


class Redirection:
    """What is taken from keras_ckpt in a source.

    Args:
        source: the source.
        names: its module.
        problems: what is wrong with it.
        edits: gets the changes.
        tf_keras: whether what comes of tf_keras is taken from keras_ckpt, too.
    """

    def __init__(
        self,
        source: Source,
        names: Names,
        problems: list[Problem],
        edits: Edits,
        tf_keras: bool = False,
    ) -> None:
        self._source, self._names, self._edits = source, names, edits
        self._problems = problems
        self._tf_keras = tf_keras
        self._imports = Imports(names, edits)
        self._sites = Sites(names)
        # A name of its own, where the module calls something else `keras_ckpt`.
        taken = [full for _, full in names.imports_of(_PACKAGE) if library(full) != _PACKAGE]
        self._package = "_" + _PACKAGE if taken or names.binds(_PACKAGE) else _PACKAGE
        self._chosen: list[CallSite] = []
        self._has_tf_keras = False
        self.notes: list[Note] = []
        self.changed = 0

    def plan(self, old: Release, new: Release, selected: Callable[[str], bool]) -> None:
        """Notes what is to be changed."""
        self._classes()
        self._chosen = list(self._functions(old, new, selected))
        for site in self._chosen:
            self._function(site, old)
        for problem in self._problems:
            self._stays(problem, old)
        self._imports.plan()

    # The class

    def _classes(self) -> None:
        for node in ast.walk(self._names.tree):
            if isinstance(node, ast.ImportFrom):
                self._import(node)
        free = self._is_free(_CLASS)
        for node in ast.walk(self._names.tree):
            star = isinstance(node, ast.Name) and node.id == _CLASS and self._is_of_star(node)
            dotted = isinstance(node, ast.Attribute) and node.attr == _CLASS
            if not (star or dotted) or not isinstance(getattr(node, "ctx", None), ast.Load):
                continue
            if not self._is_taken(self._names.full_name(node), node):
                continue
            self.changed += 1
            if star:
                self._imports.need(f"from keras_ckpt import {_CLASS}", node)
                continue
            code = _CLASS if free else f"{self._package}.{_CLASS}"
            self._edits.replace(node, code)
            self._imports.need(
                f"from keras_ckpt import {_CLASS}" if free else self._import_line(), node
            )

    def _import_line(self) -> str:
        renamed = "" if self._package == _PACKAGE else " as " + self._package
        return f"import {_PACKAGE}{renamed}"

    def _is_taken(self, name: str, node: ast.AST) -> bool:
        """Returns whether a full name is one of Keras's class, which is taken from keras_ckpt."""
        if not is_checkpoint(name):
            return False
        if library(name) == _TF_KERAS:
            text = _OF_KERAS_3 if self._tf_keras else _RUNS
            if not self._has_tf_keras:
                self._has_tf_keras = True
                kind = Kind.CHANGED if self._tf_keras else Kind.LEFT
                self.notes.append(note(self._source, node, "", text, kind))
            return self._tf_keras
        return True

    def _is_of_star(self, node: ast.Name) -> bool:
        at = self._names.places.get(node)
        return at is not None and at.scope.find(node.id) is None

    def _is_free(self, name: str) -> bool:
        """Returns whether a name can be used for what keras_ckpt has."""
        others = [
            full
            for _, full in self._names.imports_of(name)
            if not is_checkpoint(full) and library(full) != "keras_ckpt"
        ]
        return not others and not self._names.binds(name)

    def _import(self, node: ast.ImportFrom) -> None:
        if node.level:
            return
        for index, each in enumerate(node.names):
            name = f"{node.module}.{each.name}"
            if each.name != "*" and self._is_taken(name, node):
                self._edits.take_import(node, index)
                self.changed += 1

    # The functions and methods

    def _functions(
        self, old: Release, new: Release, selected: Callable[[str], bool]
    ) -> Iterator[CallSite]:
        refused = {
            id(each.site.node): each
            for each in self._problems
            if each.rule.group is Group.FILES and isinstance(each.site, CallSite)
        }
        mine = [each for each in self._sites.found if isinstance(each, CallSite)]
        for site in (*mine, *subclasses.saves(self._sites, {each.node for each in mine})):
            if site.kind not in _FUNCTIONS or (site.stays and not self._tf_keras):
                continue
            asked = site, old, new, selected
            if (
                id(site.node) in refused
                or self._is_of_subclass(*asked)
                or self._may_be_legacy(*asked)
            ):
                yield site

    def _is_of_subclass(
        self, site: CallSite, old: Release, new: Release, selected: Callable[[str], bool]
    ) -> bool:
        """Returns whether a subclass saves its model by a name that Keras 3 may refuse."""
        rule = next((each for each in rules().values() if site.kind in each.writes), None)
        if rule is None or not subclasses.is_of_model(self._sites, site):
            return False
        code, endings = rule.code, new.saving.function(site.kind).endings
        path = site.path(old)
        if path is None or not selected(code) or not rule.concerns(old, new):
            return False
        found = path.value
        return not isinstance(found, Str) or not found.ends_in(endings)

    def _may_be_legacy(
        self, site: CallSite, old: Release, new: Release, selected: Callable[[str], bool]
    ) -> bool:
        """Returns whether a call reads a file of which it is not known whether Keras 3 can."""
        rule = next((each for each in rules().values() if site.kind in each.reads), None)
        if rule is None or self._sites.facts.others & {_CLASS, "OrbaxCheckpoint"}:
            return False
        code, endings = rule.code, new.saving.function(site.kind).endings
        path = site.path(old)
        if path is None or not selected(code) or not rule.concerns(old, new):
            return False
        found = path.value
        if isinstance(found, Str) and found.ends_in(endings) is not None:
            return False
        function = site.node.func if isinstance(site.node, ast.Call) else None
        if site.name or self._is_latest(path.node):
            return True
        receiver = dotted_text(function.value) if isinstance(function, ast.Attribute) else ""
        if receiver in self._sites.facts.models:
            return True
        self._note(
            site.node,
            code,
            "neither the file nor the model is known. If it is a file that Keras 3 refuses, write "
            "`keras_ckpt.load_weights(model, path)`.",
        )
        return False

    def _is_latest(self, node: ast.AST) -> bool:
        found = {each.node for each in self._sites.found if each.kind == LATEST}
        if isinstance(node, ast.Name):
            return any(each.node in found for each in self._names.bindings(node))
        return node in found

    def _function(self, site: CallSite, old: Release) -> None:
        call = site.node
        assert isinstance(call, ast.Call)
        function, name = call.func, _FUNCTIONS[site.kind]
        method = isinstance(function, ast.Attribute) and not site.name
        code = next((each.rule.code for each in self._problems if each.site.node is call), "")
        if method and isinstance(function, ast.Attribute):
            receiver = function.value
            if isinstance(receiver, ast.Call) and getattr(receiver.func, "id", "") == "super":
                self._note(call, code, "`super()` is no model to hand on. Change it by hand.")
                return
        outer = self._names.parents.get(call)
        partial = isinstance(outer, ast.Attribute) and outer.attr == "expect_partial"
        why = call_arguments.translate(
            site, method, self._edits, partial and site.kind == LOAD_WEIGHTS
        )
        if why:
            self._note(call, code, why)
            return
        self.changed += 1
        if isinstance(function, ast.Name) and self._taken_with_import(function, name, site):
            return
        edit = self._edits.call(call)
        edit.function, edit.receiver = f"{self._package}.{name}", method
        self._imports.need(self._import_line(), call)

    def _taken_with_import(self, function: ast.Name, name: str, site: CallSite) -> bool:
        """Takes the import of a function from keras_ckpt, if that is all that it needs."""
        binding = self._names.binding(function)
        if binding is None or not isinstance(binding.node, ast.ImportFrom):
            return False
        for other in self._sites.found:
            # Keras's own calls may have arguments that keras_ckpt does not take.
            if other.name == site.name and not any(each is other for each in self._chosen):
                return False
        for index, each in enumerate(binding.node.names):
            if (each.asname or each.name) == function.id and each.name == name:
                if len(self._names.imports_of(function.id)) == 1:
                    self._edits.take_import(binding.node, index)
                    return True
        return False

    # Notes

    def _stays(self, problem: Problem, old: Release) -> None:
        text = problem.rule.with_keras_ckpt
        if not text:
            return
        if isinstance(problem.rule, Positional) and problem.argument is not None:
            places = [each.node for each in getattr(problem.site, "positional", ())]
            if places.index(problem.argument.node) != SEVENTH:
                return
            if len(places) == SEVENTH + 1 and self._is_made_period(problem, old):
                return
        reason = " ".join((problem.message, text, problem.advice))
        self.notes.append(note_on(self._source, problem, reason))

    def _is_made_period(self, problem: Problem, old: Release) -> bool:
        """Passes the seventh argument as `period`, if it is that in stand-alone Keras."""
        call, argument = problem.site.node, problem.argument
        was_period = problem.site.library == "keras" or "period" in old.parameters[SEVENTH:][:1]
        if argument is None or not isinstance(call, ast.Call) or not was_period:
            return False
        index = index_of(call, argument.node)
        if index is None:
            return False
        self._edits.call(call).named[index] = "period"
        self.changed += 1
        self.notes.append(note_on(self._source, problem, _WAS_PERIOD, Kind.CHANGED))
        return True

    def _note(self, node: ast.AST, code: str, text: str) -> None:
        self.notes.append(note(self._source, node, code, text))
