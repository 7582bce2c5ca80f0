"""`Sites` finds the places that matter in a module, and what is known of the models beside them."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.code.names import Meaning, keras_name, library, meaning, visible
from keras_ckpt.migrate.code.scopes import Call, Class, Module, Position, dotted_text
from keras_ckpt.migrate.code.values.infer import (
    UNKNOWN,
    Constant,
    Element,
    Mapping,
    Sequence,
    Value,
    value,
)
from keras_ckpt.migrate.sites import libraries, references
from keras_ckpt.migrate.sites.classes import derivation, is_any, is_checkpoint, is_keras_ckpt
from keras_ckpt.migrate.sites.forwarding import Arguments, forwarded
from keras_ckpt.migrate.sites.methods import Methods
from keras_ckpt.migrate.sites.receivers import is_imported
from keras_ckpt.migrate.sites.site import (
    CHECKPOINT,
    CLASS,
    CODE,
    HANDED_ON,
    KERAS,
    LATEST,
    LIBRARY,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    REFERENCE,
    SAVE,
    SAVE_WEIGHTS,
    SUBCLASS,
    UNKNOWN_RECEIVER,
    Argument,
    CallSite,
    Checkpoint,
    Compilation,
    ModuleFacts,
    Reference,
    Site,
    Subclass,
    Training,
)

_PARTIAL = "functools.partial"
_FITS = ("fit", "fit_generator")
_METHODS = (LOAD_WEIGHTS, SAVE, SAVE_WEIGHTS)


class Sites:
    """All sites of a module.

    Args:
        module: the module.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.facts = ModuleFacts()
        #: The calls that make the callback of keras_ckpt.
        self.from_keras_ckpt: list[Checkpoint] = []
        self._subclasses: dict[ast.AST, str] = {}
        self._compiled: dict[str, list[Call]] = {}
        self._fits: list[Call] = []
        self._methods = Methods(module, self.facts)
        self.uses_keras = self._methods.uses_keras
        self._defines_fit = any("fit" in each.scope.bindings for each in module.classes)
        for each in module.classes:
            self._class(each)
        self.facts.homes = {library(each) for each in module.imports if keras_name(each + "._")}
        self.facts.is_legacy = _sets_legacy(module.tree)
        for call in module.calls:
            self._facts(call)
        self.facts.compilations = [
            Compilation(name, call.at, self._loss(call))
            for name, calls in self._compiled.items()
            for call in calls
        ]
        self.facts.trainings = [self._training(call) for call in self._fits]
        for call in module.calls:
            self._call(call)
            self._handed_on(call)

    @property
    def found(self) -> list[Site]:
        """All sites, except calls that make the callback of keras_ckpt."""
        return self.facts.sites

    # Classes

    def _class(self, found: Class) -> None:
        derived = derivation(found.node, found.at)
        if derived is None:
            return
        self._subclasses[found.node] = derived.name
        if is_keras_ckpt(derived.name):
            return
        methods = {each.name: each for each in found.node.body if isinstance(each, ast.FunctionDef)}
        self.found.append(
            Subclass(SUBCLASS, found.node, found.at, derived.name, self.module, self.facts, methods)
        )

    def _around(self, at: Position) -> tuple[ast.AST, str] | None:
        """Returns the subclass that a place is in, and the name that it derives from."""
        owner = at.scope.owner()
        if owner is None or owner.node not in self._subclasses:
            return None
        return owner.node, self._subclasses[owner.node]

    # Calls

    def _call(self, call: Call) -> None:
        node, at = call
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "__init__":
            self._super(call, function)
            return
        means = meaning(function, at)
        if means == Meaning():
            means = self._chosen(call)
        last = means.name.rpartition(".")[2]
        if keras_name(means.name):
            self.facts.homes.add(library(means.name))
        if library(means.name) == "keras_ckpt" or last == "OrbaxCheckpoint":
            self.facts.others.add(last)
            if is_keras_ckpt(means.name):
                self._add_checkpoint(call, means.name, "call")
            return
        if is_checkpoint(means.name):
            self._add_checkpoint(call, means.name, "call")
            return
        of_library = libraries.checkpoint(means.name)
        if of_library is not None:
            self._add_checkpoint(call, means.name, "subclass", skip=of_library.skip)
            return
        derived = derivation(means.node, means.at)
        if derived is not None:
            if not derived.own:
                self._add_checkpoint(call, derived.name, "subclass")
            elif derived.initializer is not None:
                given = forwarded(derived.initializer, Arguments(*self._arguments(call)))
                self._append(call, derived.name, "subclass", *given)
        elif isinstance(means.node, ast.Call) and means.at is not None:
            self._partial_called(call, means.node, means.at)
        elif means.name == _PARTIAL and node.args:
            target = meaning(node.args[0], at)
            if is_checkpoint(target.name):
                # The call of the result has all arguments; this one counts if there is none.
                self._add_checkpoint(call, target.name, "partial", skip=1)
        elif last in (LOAD_MODEL, "save_model") and keras_name(means.name):
            kind = LOAD_MODEL if last == LOAD_MODEL else SAVE
            self._add(kind, call, means.name)
        elif means.name in _LATEST:
            self._add(LATEST, call, means.name)
        elif last == "methodcaller" and self.uses_keras and references.by_name(call, _METHODS):
            kind = references.by_name(call, _METHODS)
            self._add(kind, call, "", UNKNOWN_RECEIVER, 1, ast.unparse(function))
        elif libraries.saver(means.name) is not None:
            self._add(LIBRARY, call, means.name)
        elif isinstance(function, ast.Attribute) and function.attr in _METHODS:
            if isinstance(means.node, ast.FunctionDef):
                return  # A function of a module among the files.
            if not library(means.name):
                of = self._methods.receiver(call, function)
                if of is not None:
                    self._add(function.attr, call, "", of)
            elif references.is_method_of_class(means.name) and node.args:
                self._add(function.attr, call, "", skip=1, by_way_of=ast.unparse(function))
        elif means == Meaning():
            method = references.method(function, at, _METHODS)
            of = self._methods.receiver(call, method.node, method.at) if method else None
            if method is not None and of is not None:
                self._add(method.node.attr, call, "", of, by_way_of=ast.unparse(function))

    # What is got by another way than its name

    def _chosen(self, call: Call) -> Meaning:
        """Returns which class is called that is taken out of several, if that is known."""
        found = references.chosen(call.node.func, call.at)
        if not found:
            return Meaning()
        sure = [each for each in found if each.sure]
        if len(found) == len(sure) == 1:
            return sure[0].means
        if any(is_checkpoint(each.means.name) for each in found):
            self._add_reference(call, ast.unparse(call.node.func), CLASS)
        return Meaning()

    def _handed_on(self, call: Call) -> None:
        """Finds functions and methods that are handed on to be called by something else."""
        code = references.run_as_text(call)
        if self.uses_keras and references.SAVING.search(code):
            if meaning(call.node, call.at) == Meaning():
                self._add_reference(call, code, CODE)
        for each in references.handed_on(call):
            name = meaning(each, call.at).name
            last = name.rpartition(".")[2]
            if is_keras_ckpt(name) and references.is_given_to_gin(call):
                self.facts.others.add(references.GIN)
            is_class = is_checkpoint(name) and meaning(call.node.func, call.at).name != _PARTIAL
            if is_class or (last in (LOAD_MODEL, "save_model") and keras_name(name)):
                self._add_reference(call, ast.unparse(each))
            elif isinstance(each, ast.Attribute) and each.attr in _METHODS and not library(name):
                one = Call(ast.Call(each, [], []), call.at)
                if self._methods.receiver(one, each) == KERAS:
                    self._add_reference(call, ast.unparse(each))

    def _add_reference(self, call: Call, of: str, how: str = HANDED_ON) -> None:
        made = REFERENCE, call.node, call.at, "", self.module, self.facts
        self.found.append(Reference(*made, of=of, how=how))

    def _super(self, call: Call, function: ast.Attribute) -> None:
        node, at = call
        around = self._around(at)
        of = function.value
        if isinstance(of, ast.Call) and isinstance(of.func, ast.Name) and of.func.id == "super":
            if around is not None:
                self._add_checkpoint(call, around[1], "super")
        elif is_any(meaning(of, at).name) and node.args:
            self._add_checkpoint(call, meaning(of, at).name, "super", skip=1)

    def _partial_called(self, call: Call, partial: ast.Call, at: Position) -> None:
        target = meaning(partial.args[0], at) if partial.args else Meaning()
        if is_checkpoint(target.name):
            made = self._arguments(Call(partial, at), skip=1)
            later = self._arguments(call)
            keywords = dict(made[1], **later[1])
            positional = made[0] + later[0]
            self._append(call, target.name, "call", positional, keywords, made[2] and later[2])

    def _add(
        self,
        kind: str,
        call: Call,
        name: str,
        of: str = KERAS,
        skip: int = 0,
        by_way_of: str = "",
    ) -> None:
        arguments = self._arguments(call, skip)
        status = self._methods.status(call.node)
        made = kind, call.node, call.at, name, self.module, self.facts
        found = CallSite(*made, *arguments, receiver=of, status=status, by_way_of=by_way_of)
        self.found.append(found)

    def _add_checkpoint(self, call: Call, name: str, how: str, skip: int = 0) -> None:
        positional, keywords, complete = self._arguments(call, skip)
        self._append(call, name, how, positional, keywords, complete and how != "partial")

    def _append(
        self,
        call: Call,
        name: str,
        how: str,
        positional: list[Argument],
        keywords: dict[str, Argument],
        complete: bool,
    ) -> None:
        node, at = call
        into = self.from_keras_ckpt if is_keras_ckpt(name) else self.found
        made = (name, self.module, self.facts, positional, keywords, complete)
        into.append(Checkpoint(CHECKPOINT, node, at, *made, how=how))

    def _arguments(
        self, call: Call, skip: int = 0
    ) -> tuple[list[Argument], dict[str, Argument], bool]:
        node, at = call
        positional: list[Argument] = []
        keywords: dict[str, Argument] = {}
        complete = True
        for each in node.args[skip:]:
            if isinstance(each, ast.Starred):
                row = value(each.value, at)
                known = isinstance(row, Sequence) and row.complete
                if not known or not isinstance(row, Sequence):
                    # Where the next ones go is not known either.
                    complete = False
                    break
                positional += [Argument(item.node, item.at, None, item.sure) for item in row.items]
            else:
                positional.append(Argument(each, at))
        for keyword in node.keywords:
            if keyword.arg is not None:
                keywords[keyword.arg] = Argument(keyword.value, at, keyword)
                continue
            table = value(keyword.value, at)
            if isinstance(table, Mapping):
                for name, part in table.items.items():
                    keywords[name] = Argument(part.node, part.at, None, part.sure)
            complete = complete and isinstance(table, Mapping) and table.complete
        return positional, keywords, complete

    # What else is known of models

    def _facts(self, call: Call) -> None:
        node, at = call
        function = node.func
        if not isinstance(function, ast.Attribute):
            return
        self._methods.note(call)
        if function.attr not in (*_FITS, "compile"):
            return
        called = dotted_text(function.value)
        if not called or not self.uses_keras:
            return
        if function.attr == "compile":
            names = {each.arg for each in node.keywords}
            if not node.args and not names:
                return  # Nobody compiles a model of Keras without an optimizer.
            # It may be `re.compile(…)`; a model that is imported is recognised by the arguments.
            if names & {"loss", "optimizer", "metrics"} or not is_imported(called, at):
                self.facts.models.add(called)
                self._compiled.setdefault(called, []).append(call)
        else:
            self._fits.append(call)

    def _loss(self, call: Call) -> Argument | None:
        positional, keywords, _ = self._arguments(call)
        return keywords.get("loss") or (positional[1] if len(positional) > 1 else None)

    def _training(self, call: Call) -> Training:
        positional, keywords, complete = self._arguments(call)
        function = call.node.func
        called = dotted_text(function.value) if isinstance(function, ast.Attribute) else ""
        given = [keywords[name] for name in _VALIDATION if name in keywords]
        validation: bool | None = None
        if any(not _is_nothing(each.value) for each in given):
            validation = True
        elif complete and len(positional) <= _BEFORE_VALIDATION and not self._defines_fit:
            # A call without any data gets it elsewhere.
            has_data = bool(positional) or bool({"x", "generator"} & set(keywords))
            validation = False if has_data else None
        callbacks = keywords.get("callbacks")
        calls = () if callbacks is None else tuple(_calls(callbacks.node, callbacks.at))
        unknown = Argument(call.node, call.at)
        compiled = self._compiled.get(called, [])
        metrics, steps_per_execution = self._metrics(compiled)
        return Training(
            call.node,
            called,
            call.at,
            validation,
            calls,
            keywords.get("steps_per_epoch", unknown).value,
            keywords.get("epochs", unknown).value,
            metrics,
            steps_per_execution,
        )

    def _metrics(self, compiled: list[Call]) -> tuple[tuple[Element, ...] | None, Value]:
        if len(compiled) != 1:
            return None, UNKNOWN
        positional, keywords, complete = self._arguments(compiled[0])
        steps = keywords["steps_per_execution"].value if "steps_per_execution" in keywords else None
        if not complete or len(positional) > 2:
            return None, UNKNOWN
        metrics: tuple[Element, ...] | None = ()
        for name in ("metrics", "weighted_metrics"):
            if name in keywords and metrics is not None:
                row = keywords[name].value
                known = isinstance(row, Sequence) and row.complete
                metrics = metrics + row.items if known and isinstance(row, Sequence) else None
        return metrics, Constant(1) if steps is None else steps


def sites_of(module: Module) -> Sites:
    """Returns all sites of a module, which are found once."""
    if "sites" not in module.known:
        module.known["sites"] = Sites(module)
    found = module.known["sites"]
    assert isinstance(found, Sites)
    return found


_LEGACY = "TF_USE_LEGACY_KERAS"
_VALIDATION = ("validation_data", "validation_split")
#: `fit(x, y, batch_size, epochs, verbose, callbacks, …)`: those after may be validation data.
_BEFORE_VALIDATION = 6
_LATEST = (
    "tensorflow.train.latest_checkpoint",
    "tensorflow.compat.v1.train.latest_checkpoint",
    "tensorflow.compat.v2.train.latest_checkpoint",
    "tensorflow.python.training.checkpoint_management.latest_checkpoint",
)


def _sets_legacy(tree: ast.Module) -> bool:
    """Returns whether a module sets the variable by which TensorFlow takes tf_keras."""
    for node in tree.body:
        key: ast.AST
        found: ast.AST
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            key, found = node.targets[0].slice, node.value
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if getattr(node.value.func, "attr", "") not in ("putenv", "setdefault"):
                continue
            key, found = (*node.value.args, node, node)[:2]
        else:
            continue
        if getattr(key, "value", "") == _LEGACY:
            return str(getattr(found, "value", "")).lower() in ("1", "true")
    return False


def _is_nothing(found: Value) -> bool:
    return isinstance(found, Constant) and not found.value


def _calls(node: ast.AST, at: Position, depth: int = 0) -> Iterator[ast.AST]:
    """Returns the calls that an expression is, or has in it as a list, through variables."""
    if isinstance(node, ast.Call):
        yield node
    if depth > 5:
        return
    if isinstance(node, ast.Name):
        scope = at.scope.find(node.id)
        for binding in visible(scope, node.id, at) if scope is not None else ():
            if binding.kind == "assign" and binding.node is not None:
                yield from _calls(binding.node, binding.at, depth + 1)
            elif isinstance(binding.node, ast.Call) and binding.kind in ("append", "insert"):
                for each in binding.node.args[-1:]:
                    yield from _calls(each, binding.at, depth + 1)
            elif isinstance(binding.node, ast.AugAssign):
                yield from _calls(binding.node.value, binding.at, depth + 1)
        return
    found = value(node, at)
    if isinstance(found, Sequence):
        for part in found.items:
            yield from _calls(part.node, part.at, depth + 1)
