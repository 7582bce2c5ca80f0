"""`--to-keras-ckpt`: the same calls, of `keras_ckpt`. Arguments stay as they are.

What is taken from keras_ckpt:

- `ModelCheckpoint`, where a rule finds something in a call or subclass, or cannot follow it: by the
  name that these have it by, in whichever file (`needs`); with `--all` wherever it is imported,
  called, derived from or named;
- what saves and loads, where Keras 3 refuses the file or may, and what goes with that (`choice`).

What comes of `tf_keras` stays, unless it is asked for: it runs as it stands.
"""

from __future__ import annotations

import ast

from keras_ckpt.migrate.code.names import library
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.answers import Kind, Note, note, note_on
from keras_ckpt.migrate.fix.edits.edits import Edits, index_of
from keras_ckpt.migrate.fix.edits.imports import Imports
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.planner import problems_of
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.fix.to_keras_ckpt import call_arguments
from keras_ckpt.migrate.fix.to_keras_ckpt.choice import WRITES, Choice
from keras_ckpt.migrate.fix.to_keras_ckpt.needs import Needs
from keras_ckpt.migrate.fix.to_keras_ckpt.partial_loads import may_be_partial
from keras_ckpt.migrate.rules.definition import Problem
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
    Checkpoint,
    Subclass,
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
_BY_WAY_OF = "it is called as `%s`. Write `keras_ckpt.%s` with the model and the path by hand."
_NOT_KNOWN = (
    "neither the file nor the model is known. If it is a file that Keras 3 refuses, write "
    "`keras_ckpt.%s(model, path)`."
)


class Redirection:
    """What is taken from keras_ckpt in a source.

    Args:
        source: the source.
        sites: its sites.
        edits: gets the changes.
        target: what it is rewritten to.
        others: what is known of the other files.

    Attributes:
        changed: how many changes are made.
        notes: what is said of what is left, and of changes.
        written: the paths that keras_ckpt writes to.
        taken: what has to be taken from keras_ckpt in other files.
    """

    def __init__(
        self, source: Source, sites: Sites, edits: Edits, target: Target, others: Others
    ) -> None:
        names = sites.module
        assert isinstance(names, Names)
        self._source, self._names, self._edits = source, names, edits
        self._sites, self._target, self._others = sites, target, others
        found = list(problems_of(source, sites, *target[1:5]))
        self._problems = [each for each in found if not each.rule.informs]
        self._tf_keras = target.tf_keras
        self._imports = Imports(names, edits)
        self._needs = Needs(names)
        self._needs.add(
            each.site.node for each in found if isinstance(each.site, (Checkpoint, Subclass))
        )
        self._needs.add_names(others.taken)
        self._choice = Choice(sites, found, target, others)
        # A name of its own, where the module calls something else `keras_ckpt`.
        taken = [full for _, full in names.imports_of(_PACKAGE) if library(full) != _PACKAGE]
        self._package = "_" + _PACKAGE if taken or names.binds(_PACKAGE) else _PACKAGE
        self._chosen: list[CallSite] = []
        self._has_tf_keras = False
        self.notes: list[Note] = []
        self.written: list[Path] = []
        self.taken: list[tuple[str, str]] = []
        self.changed = 0

    def plan(self) -> None:
        """Notes what is to be changed."""
        self._classes()
        self.taken += self._needs.elsewhere
        checkpoints = [each for each in self._sites.facts.checkpoints() if self._is_needed(each)]
        self._chosen = self._choice.made(checkpoints)
        for site in self._chosen:
            self._function(site)
        for site, code in self._choice.left:
            self._note(site.node, code, _NOT_KNOWN % _FUNCTIONS[site.kind])
        for site in (*self._chosen, *checkpoints):
            self._tell_others(site)
        for problem in self._problems:
            self._stays(problem)
        self._imports.plan()

    def _tell_others(self, site: CallSite) -> None:
        argument = site.path(self._target.old)
        path = argument.value if argument is not None else None
        if isinstance(path, Str) and (site.kind in WRITES or isinstance(site, Checkpoint)):
            line = self._source.place(getattr(site.node, "lineno", 1)).line
            self.written.append(Path(self._source.path, line, path.shown))

    # The class

    def _is_needed(self, site: CallSite) -> bool:
        """Returns whether a callback is taken from keras_ckpt."""
        if site.stays and not self._tf_keras:
            return False
        if self._target.everything:
            return True
        one = Needs(self._names)
        one.add([site.node])
        return bool(one.roots & self._needs.roots or one.elsewhere.keys() & self._needs.elsewhere)

    def _classes(self) -> None:
        for node in self._names.nodes:
            if isinstance(node, ast.ImportFrom) and self._is_asked(node, node.module or ""):
                self._import(node)
        free = self._is_free(_CLASS)
        for node in self._names.nodes:
            star = isinstance(node, ast.Name) and node.id == _CLASS and self._is_of_star(node)
            dotted = isinstance(node, ast.Attribute) and node.attr == _CLASS
            if not (star or dotted) or not isinstance(getattr(node, "ctx", None), ast.Load):
                continue
            name = self._names.full_name(node)
            if not self._is_asked(node, name) and not self._is_compared(node):
                continue
            if isinstance(node, ast.Attribute) and self._needs.place_of(node) is not None:
                continue  # It is taken there.
            if not self._is_taken(name, node):
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

    def _is_asked(self, node: ast.AST, name: str) -> bool:
        """Returns whether something is to be done about a use of the class, or to be said."""
        if self._target.everything or node in self._needs.roots:
            return True
        return library(name) == _TF_KERAS and not self._tf_keras

    def _is_compared(self, node: ast.AST) -> bool:
        """Returns whether a callback that is taken from keras_ckpt may be asked for its class."""
        if not self._needs.roots and not self._needs.elsewhere:
            return False
        parent = self._names.parents.get(node)
        is_called = isinstance(parent, ast.Call) and parent.func is node
        return not is_called and not isinstance(parent, (ast.Assign, ast.ClassDef))

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
        if site.by_way_of:
            self._note(call, code, _BY_WAY_OF % (site.by_way_of, name))
            return
        partial = site.kind == LOAD_WEIGHTS and may_be_partial(site, self._target.old)
        why = call_arguments.translate(site, method, self._edits, partial)
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

    def _stays(self, problem: Problem) -> None:
        text = problem.rule.with_keras_ckpt
        if not text:
            return
        if isinstance(problem.rule, Positional) and problem.argument is not None:
            places = [each.node for each in getattr(problem.site, "positional", ())]
            if places.index(problem.argument.node) != SEVENTH:
                return
            if len(places) == SEVENTH + 1 and self._is_made_period(problem):
                return
        reason = " ".join((problem.message, text, problem.advice))
        self.notes.append(note_on(self._source, problem, reason))

    def _is_made_period(self, problem: Problem) -> bool:
        """Passes the seventh argument as `period`, if it is that in stand-alone Keras."""
        call, argument, old = problem.site.node, problem.argument, self._target.old
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
