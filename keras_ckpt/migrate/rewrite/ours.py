"""`--to-keras-ckpt`: the same calls, of `keras_ckpt`. Arguments stay as they are.

What is taken from us:

- `ModelCheckpoint`, wherever it is imported, called, derived from or named;
- `load_weights`, `load_model` and `latest_checkpoint` where Keras 3 refuses the file (KC601, KC602,
  KC603);
- `load_weights` and `load_model` where the name of the file is not known: it may be one that Keras
  3 refuses, and ours read what Keras 3 reads, too. If it is not known either whether it is a method
  of a model, it stays, with a note;
- `save_weights` and `save` where Keras 3 refuses the name (KC604). Where the name is not known they
  stay: no old file has to be read, and Keras 3 says what it refuses.
"""

from __future__ import annotations

import ast
from typing import Callable, Iterator

from keras_ckpt.migrate.call_sites import (
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    CallSite,
)
from keras_ckpt.migrate.names import library
from keras_ckpt.migrate.paths import READ_MODEL, READ_WEIGHTS
from keras_ckpt.migrate.releases import Release
from keras_ckpt.migrate.rewrite import arguments
from keras_ckpt.migrate.rewrite.edits import Edits
from keras_ckpt.migrate.rewrite.imports import Imports
from keras_ckpt.migrate.rewrite.native import path_of
from keras_ckpt.migrate.rewrite.results import Note, note, note_on
from keras_ckpt.migrate.rewrite.tree import Names
from keras_ckpt.migrate.rule import Problem, rules
from keras_ckpt.migrate.sites import Sites, dotted_text, is_checkpoint
from keras_ckpt.migrate.source import Source
from keras_ckpt.migrate.values import Text

_CLASS = "ModelCheckpoint"
_FUNCTIONS: dict[str, str] = {
    LATEST: "latest_checkpoint",
    LOAD_MODEL: "load_model",
    LOAD_WEIGHTS: "load_weights",
    SAVE: "save_model",
    SAVE_WEIGHTS: "save_weights",
}
_READ: dict[str, tuple[str, tuple[str, ...]]] = {
    LOAD_MODEL: ("KC602", READ_MODEL),
    LOAD_WEIGHTS: ("KC601", READ_WEIGHTS),
}
#: What means another thing with us, too.
_STAY: dict[str, str] = {
    "KC105": "It is `save_freq` with keras_ckpt, too.",
    "KC301": "keras_ckpt counts batches, too.",
    "KC302": "keras_ckpt counts batches, too.",
}


class Ours:
    """What is taken from us in a source.

    Args:
        source: the source.
        names: its module.
        problems: what is wrong with it.
        edits: gets the changes.
    """

    def __init__(self, source: Source, names: Names, problems: list[Problem], edits: Edits) -> None:
        self._source, self._names, self._edits = source, names, edits
        self._problems = problems
        self._imports = Imports(names, edits)
        self._sites = Sites(names)
        self._chosen: list[CallSite] = []
        self.notes: list[Note] = []
        self.changed = 0

    def plan(self, old: Release, new: Release, selected: Callable[[str], bool]) -> None:
        """Notes what is to be changed."""
        self._classes()
        self._chosen = list(self._functions(old, new, selected))
        for site in self._chosen:
            self._function(site)
        for problem in self._problems:
            self._stays(problem)
        self._imports.plan()

    # The class

    def _classes(self) -> None:
        for node in ast.walk(self._names.tree):
            if isinstance(node, ast.ImportFrom):
                self._import(node, is_checkpoint)
        free = self._is_free(_CLASS)
        for node in ast.walk(self._names.tree):
            star = isinstance(node, ast.Name) and node.id == _CLASS and self._is_of_star(node)
            dotted = isinstance(node, ast.Attribute) and node.attr == _CLASS
            if not (star or dotted) or not isinstance(getattr(node, "ctx", None), ast.Load):
                continue
            if not is_checkpoint(self._names.full_name(node)):
                continue
            self.changed += 1
            if star:
                self._imports.need("from keras_ckpt import %s" % _CLASS, node)
                continue
            code = _CLASS if free else "keras_ckpt.%s" % _CLASS
            self._edits.replace(node, code)
            self._imports.need(
                "from keras_ckpt import %s" % _CLASS if free else "import keras_ckpt", node
            )

    def _is_of_star(self, node: ast.Name) -> bool:
        at = self._names.places.get(node)
        return at is not None and at.scope.find(node.id) is None

    def _is_free(self, name: str) -> bool:
        """Returns whether a name can be used for ours."""
        others = [
            full
            for _, full in self._names.imports_of(name)
            if not is_checkpoint(full) and library(full) != "keras_ckpt"
        ]
        return not others and not self._names.binds(name)

    def _import(self, node: ast.ImportFrom, is_it: Callable[[str], bool]) -> None:
        if node.level:
            return
        for index, each in enumerate(node.names):
            if each.name != "*" and is_it("%s.%s" % (node.module, each.name)):
                self._edits.take_import(node, index)
                self.changed += 1

    # The functions and methods

    def _functions(
        self, old: Release, new: Release, selected: Callable[[str], bool]
    ) -> Iterator[CallSite]:
        refused = {
            id(each.site.node): each
            for each in self._problems
            if each.rule.code.startswith("KC6") and isinstance(each.site, CallSite)
        }
        for site in self._sites.found:
            if not isinstance(site, CallSite) or site.kind not in _FUNCTIONS:
                continue
            if id(site.node) in refused or self._may_be_legacy(site, old, new, selected):
                yield site

    def _may_be_legacy(
        self, site: CallSite, old: Release, new: Release, selected: Callable[[str], bool]
    ) -> bool:
        """Returns whether a call reads a file of which it is not known whether Keras 3 can."""
        if site.kind not in _READ or self._sites.others & {_CLASS, "OrbaxCheckpoint"}:
            return False
        code, endings = _READ[site.kind]
        path = path_of(site, old)
        if path is None or not selected(code) or not rules()[code].concerns(old, new):
            return False
        found = path.value
        if isinstance(found, Text) and found.ends_in(endings) is not None:
            return False
        function = site.node.func if isinstance(site.node, ast.Call) else None
        if site.name or self._is_latest(path.node):
            return True
        receiver = dotted_text(function.value) if isinstance(function, ast.Attribute) else ""
        if receiver in self._sites.models:
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

    def _function(self, site: CallSite) -> None:
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
        why = arguments.translate(site, method, self._edits, partial and site.kind == LOAD_WEIGHTS)
        if why:
            self._note(call, code, why)
            return
        self.changed += 1
        if isinstance(function, ast.Name) and self._taken_with_import(function, name, site):
            return
        edit = self._edits.call(call)
        edit.function, edit.receiver = "keras_ckpt." + name, method
        self._imports.need("import keras_ckpt", call)

    def _taken_with_import(self, function: ast.Name, name: str, site: CallSite) -> bool:
        """Takes the import of a function from us, if that is all that it needs."""
        binding = self._names.binding(function)
        if binding is None or not isinstance(binding.node, ast.ImportFrom):
            return False
        for other in self._sites.found:
            # Keras's own calls may have arguments that ours does not take.
            if other.name == site.name and not any(each is other for each in self._chosen):
                return False
        for index, each in enumerate(binding.node.names):
            if (each.asname or each.name) == function.id and each.name == name:
                if len(self._names.imports_of(function.id)) == 1:
                    self._edits.take_import(binding.node, index)
                    return True
        return False

    # What is told

    def _stays(self, problem: Problem) -> None:
        text = _STAY.get(problem.rule.code)
        if text is None:
            return
        if problem.rule.code == "KC105" and problem.argument is not None:
            site = problem.site
            place = [each.node for each in getattr(site, "positional", ())]
            if place.index(problem.argument.node) != 6:
                return
        told = " ".join((problem.message, text, problem.advice))
        self.notes.append(note_on(self._source, problem, "not changed: " + told))

    def _note(self, node: ast.AST, code: str, text: str) -> None:
        self.notes.append(note(self._source, node, code, "not changed: " + text))
