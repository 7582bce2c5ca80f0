"""`Sites` finds the places that matter in a module, and what is told of the models beside them."""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.call_sites import (
    CHECKPOINT,
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    SUBCLASS,
    Argument,
    CallSite,
    Checkpoint,
    Site,
    Subclass,
    Training,
)
from keras_ckpt.migrate.names import Meaning, keras_name, library, meaning, visible
from keras_ckpt.migrate.scopes import At, Call, Class, Module
from keras_ckpt.migrate.values import UNKNOWN, Known, Part, Row, Table, Value, value

_FITS = ("fit", "fit_generator")


class Sites:
    """All sites of a module.

    Args:
        module: the module.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.found: list[Site] = []
        #: What is called for a model of Keras: names that are compiled, fitted or made by Keras.
        self.models: set[str] = set()
        self.trainings: list[Training] = []
        #: What of others the module calls, by its full name: ours, and what writes other formats.
        self.others: set[str] = set()
        self._subclasses: dict[ast.AST, tuple[str, bool]] = {}
        self._compiled: dict[str, list[Call]] = {}
        self._fits: list[Call] = []
        # What classes of the module define is theirs, and not Keras's.
        self._own = {name for each in module.classes for name in each.scope.bindings}
        for each in module.classes:
            self._class(each)
        #: Whether methods such as `load_weights` can be those of a model of Keras.
        self.uses_keras = any(library(each) for each in module.imports)
        for call in module.calls:
            self._facts(call)
        self.trainings = [self._training(call) for call in self._fits]
        for call in module.calls:
            self._call(call)

    def checkpoints(self) -> list[Checkpoint]:
        """Returns the calls that make a `ModelCheckpoint`."""
        return [each for each in self.found if isinstance(each, Checkpoint)]

    # Classes

    def _class(self, found: Class) -> None:
        name = ""
        own = any(
            isinstance(each, ast.FunctionDef) and each.name == "__init__"
            for each in found.node.body
        )
        for base in found.node.bases:
            means = meaning(base, found.at)
            if is_checkpoint(means.name):
                name = means.name
            elif means.node in self._subclasses:
                name, inherited = self._subclasses[means.node]
                own = own or inherited
        if not name:
            return
        self._subclasses[found.node] = (name, own)
        methods = {each.name: each for each in found.node.body if isinstance(each, ast.FunctionDef)}
        self.found.append(
            Subclass(SUBCLASS, found.node, found.at, name, self.module, self, methods)
        )

    def _around(self, at: At) -> tuple[ast.AST, str] | None:
        """Returns the subclass that a place is in, and the name that it derives from."""
        owner = at.scope.owner()
        if owner is None or owner.node not in self._subclasses:
            return None
        return owner.node, self._subclasses[owner.node][0]

    # Calls

    def _call(self, call: Call) -> None:
        node, at = call
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "__init__":
            self._super(call, function)
            return
        means = meaning(function, at)
        last = means.name.rpartition(".")[2]
        if library(means.name) == "keras_ckpt" or last == "OrbaxCheckpoint":
            self.others.add(last)
            return
        if is_checkpoint(means.name):
            self._add_checkpoint(call, means.name, "call")
        elif means.node in self._subclasses and isinstance(means.node, ast.ClassDef):
            name, own = self._subclasses[means.node]
            if not own:
                self._add_checkpoint(call, name, "subclass")
        elif isinstance(means.node, ast.Call) and means.at is not None:
            self._partial_called(call, means.node, means.at)
        elif means.name == "functools.partial" and node.args:
            target = meaning(node.args[0], at)
            if is_checkpoint(target.name):
                # A call of it has all arguments. This one counts where there is none.
                self._add_checkpoint(call, target.name, "partial", skip=1)
        elif last in (LOAD_MODEL, "save_model") and keras_name(means.name):
            kind = LOAD_MODEL if last == LOAD_MODEL else SAVE
            self._add(kind, call, means.name)
        elif means.name in _LATEST:
            self._add(LATEST, call, means.name)
        elif isinstance(function, ast.Attribute) and self.uses_keras:
            self._method(call, function, means)

    def _method(self, call: Call, function: ast.Attribute, means: Meaning) -> None:
        if function.attr in self._own:
            return
        if function.attr in (LOAD_WEIGHTS, SAVE_WEIGHTS):
            if not library(means.name):
                self._add(function.attr, call, "")
        elif function.attr == "save" and (
            dotted_text(function.value) in self.models or _is_made(function.value, call.at)
        ):
            self._add(SAVE, call, "")

    def _super(self, call: Call, function: ast.Attribute) -> None:
        node, at = call
        around = self._around(at)
        of = function.value
        if isinstance(of, ast.Call) and isinstance(of.func, ast.Name) and of.func.id == "super":
            if around is not None:
                self._add_checkpoint(call, around[1], "super")
        elif is_checkpoint(meaning(of, at).name) and node.args:
            self._add_checkpoint(call, meaning(of, at).name, "super", skip=1)

    def _partial_called(self, call: Call, partial: ast.Call, at: At) -> None:
        target = meaning(partial.args[0], at) if partial.args else Meaning()
        if is_checkpoint(target.name):
            made = self._arguments(Call(partial, at), skip=1)
            later = self._arguments(call)
            keywords = dict(made[1], **later[1])
            self.found.append(
                Checkpoint(
                    CHECKPOINT,
                    call.node,
                    call.at,
                    target.name,
                    self.module,
                    self,
                    made[0] + later[0],
                    keywords,
                    made[2] and later[2],
                )
            )

    def _add(self, kind: str, call: Call, name: str) -> None:
        arguments = self._arguments(call)
        self.found.append(CallSite(kind, call.node, call.at, name, self.module, self, *arguments))

    def _add_checkpoint(self, call: Call, name: str, how: str, skip: int = 0) -> None:
        positional, keywords, complete = self._arguments(call, skip)
        complete = complete and how != "partial"
        self.found.append(
            Checkpoint(
                CHECKPOINT,
                call.node,
                call.at,
                name,
                self.module,
                self,
                positional,
                keywords,
                complete,
                how,
            )
        )

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
                known = isinstance(row, Row) and row.complete
                if not known or not isinstance(row, Row):
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
            if isinstance(table, Table):
                for name, part in table.items.items():
                    keywords[name] = Argument(part.node, part.at, None, part.sure)
            complete = complete and isinstance(table, Table) and table.complete
        return positional, keywords, complete

    # What else is told of models

    def _facts(self, call: Call) -> None:
        node, at = call
        function = node.func
        if not isinstance(function, ast.Attribute) or function.attr not in (*_FITS, "compile"):
            return
        receiver = dotted_text(function.value)
        if not receiver or not self.uses_keras:
            return
        if function.attr == "compile":
            names = {each.arg for each in node.keywords}
            # `re.compile(…)` is none; a model that is imported is told by the arguments.
            if names & {"loss", "optimizer", "metrics"} or not _is_imported(receiver, at):
                self.models.add(receiver)
                self._compiled.setdefault(receiver, []).append(call)
        else:
            self._fits.append(call)
            if any(each.arg in ("callbacks", "epochs") for each in node.keywords):
                self.models.add(receiver)

    def _training(self, call: Call) -> Training:
        positional, keywords, complete = self._arguments(call)
        function = call.node.func
        receiver = dotted_text(function.value) if isinstance(function, ast.Attribute) else ""
        given = [keywords[name] for name in _VALIDATION if name in keywords]
        validation: bool | None = None
        if any(not _is_nothing(each.value) for each in given):
            validation = True
        elif complete and len(positional) <= _BEFORE_VALIDATION and "fit" not in self._own:
            # Without data at all it is given elsewhere.
            has_data = bool(positional) or bool({"x", "generator"} & set(keywords))
            validation = False if has_data else None
        callbacks = keywords.get("callbacks")
        calls = () if callbacks is None else tuple(_calls(callbacks.node, callbacks.at))
        unknown = Argument(call.node, call.at)
        compiled = self._compiled.get(receiver, [])
        metrics, steps_per_execution = self._metrics(compiled)
        return Training(
            call.node,
            validation,
            calls,
            keywords.get("steps_per_epoch", unknown).value,
            keywords.get("epochs", unknown).value,
            metrics,
            steps_per_execution,
        )

    def _metrics(self, compiled: list[Call]) -> tuple[tuple[Part, ...] | None, Value]:
        if len(compiled) != 1:
            return None, UNKNOWN
        positional, keywords, complete = self._arguments(compiled[0])
        steps = keywords["steps_per_execution"].value if "steps_per_execution" in keywords else None
        if not complete or len(positional) > 2:
            return None, UNKNOWN
        metrics: tuple[Part, ...] | None = ()
        for name in ("metrics", "weighted_metrics"):
            if name in keywords and metrics is not None:
                row = keywords[name].value
                known = isinstance(row, Row) and row.complete
                metrics = metrics + row.items if known and isinstance(row, Row) else None
        return metrics, Known(1) if steps is None else steps


_MAKERS = ("Model", "Sequential", "clone_model", "load_model", "model_from_json")
_VALIDATION = ("validation_data", "validation_split")
#: `fit(x, y, batch_size, epochs, verbose, callbacks, …)`: those after may be validation data.
_BEFORE_VALIDATION = 6
_LATEST = (
    "tensorflow.train.latest_checkpoint",
    "tensorflow.compat.v1.train.latest_checkpoint",
    "tensorflow.compat.v2.train.latest_checkpoint",
    "tensorflow.python.training.checkpoint_management.latest_checkpoint",
)


def is_checkpoint(name: str) -> bool:
    """Returns whether a full name is that of Keras's `ModelCheckpoint`."""
    within = keras_name(name)
    return within.endswith("callbacks.ModelCheckpoint") or (
        within.endswith(".ModelCheckpoint") and "callbacks" in within
    )


def dotted_text(node: ast.AST) -> str:
    """Returns an expression such as `self.model` as it is written, or `""` for others."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _is_imported(name: str, at: At) -> bool:
    first = name.split(".")[0]
    scope = at.scope.find(first)
    return scope is not None and any(each.kind == "import" for each in scope.bindings[first])


def _is_made(receiver: ast.AST, at: At) -> bool:
    """Returns whether a name is that of a model that Keras has made in this module."""
    scope = at.scope.find(receiver.id) if isinstance(receiver, ast.Name) else None
    if scope is None or not isinstance(receiver, ast.Name):
        return False
    for binding in visible(scope, receiver.id, at):
        if isinstance(binding.node, ast.Call):
            maker = keras_name(meaning(binding.node.func, binding.at).name)
            if maker.rpartition(".")[2] in _MAKERS:
                return True
    return False


def _is_nothing(found: Value) -> bool:
    return isinstance(found, Known) and not found.value


def _calls(node: ast.AST, at: At, depth: int = 0) -> Iterator[ast.AST]:
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
    if isinstance(found, Row):
        for part in found.items:
            yield from _calls(part.node, part.at, depth + 1)
