"""The places that matter: what makes a `ModelCheckpoint`, and what saves and loads beside it.

`finder.Sites` finds them, each with its arguments as values: `Site`, of which `kind` says what it
is. `CallSite.bound(release)` binds its arguments by the signature of a release. `Training` has the
facts of the `fit` calls that a callback is passed to, `ModuleFacts` those of the whole module.
"""

from __future__ import annotations

import ast
import dataclasses
from typing import NamedTuple

from keras_ckpt.endings import FOREIGN_READ
from keras_ckpt.migrate.code.names import library
from keras_ckpt.migrate.code.scopes import Module, Position
from keras_ckpt.migrate.code.values.infer import (
    UNKNOWN,
    Constant,
    Element,
    Possible,
    Str,
    Value,
    alternatives,
    value,
)
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.sites.paths import has_odd_ending, is_keras_path

#: The kinds of sites.
CHECKPOINT = "checkpoint"
SUBCLASS = "subclass"
LOAD_WEIGHTS = "load_weights"
LOAD_MODEL = "load_model"
SAVE = "save"
SAVE_WEIGHTS = "save_weights"
LATEST = "latest_checkpoint"
LIBRARY = "library"
REFERENCE = "reference"

#: How a reference is used.
CLASS = "class"
CODE = "code"
HANDED_ON = "handed on"

#: What their path is called, and that of `latest_checkpoint`.
PATH = "filepath"
DIRECTORY = "checkpoint_dir"

#: What the object of a method is: a model of Keras, unknown, or made by what is imported from
#: neither Keras nor TensorFlow.
KERAS = "keras"
UNKNOWN_RECEIVER = "unknown"
ELSEWHERE = "elsewhere"
#: What a module that imports no Keras is handed.
HANDED = "handed"


class Argument(NamedTuple):
    """An argument of a call.

    Args:
        node: its expression.
        at: where that stands.
        keyword: the `name=value` of the call, None by position or out of a `**` dict.
        sure: whether it is passed whichever way the code is run.
    """

    node: ast.expr
    at: Position
    keyword: ast.keyword | None = None
    sure: bool = True

    @property
    def value(self) -> Value:
        """What is known of it."""
        return value(self.node, self.at) if self.sure else UNKNOWN

    @property
    def possible(self) -> list[Possible]:
        """All that it may be, by defaults and by what functions are called with."""
        return alternatives(self.node, self.at) if self.sure else [Possible(UNKNOWN)]


class BoundArguments(NamedTuple):
    """The arguments of a call by the parameters of a release.

    Args:
        named: by name; a parameter without one has its default.
        positional: how many are passed by position, -1 if that is not known.
        complete: whether there can be no others.
    """

    named: dict[str, Argument]
    positional: int
    complete: bool

    def value(self, name: str, default: Value = UNKNOWN) -> Value:
        """Returns the value of an argument, or `default` if it is not passed."""
        if name in self.named:
            return self.named[name].value
        return default if self.complete else UNKNOWN

    def flag(self, name: str) -> bool | None:
        """Returns whether an argument that is off by default is on, or None if not known."""
        found = self.value(name, Constant(False))
        if isinstance(found, Constant):
            return bool(found.value)
        return bool(found.known) if isinstance(found, Str) and found.known is not None else None


@dataclasses.dataclass(eq=False)
class ModuleFacts:
    """What is known of a module as a whole, which the finder of its sites fills in.

    Args:
        sites: all its sites, except calls that make the callback of keras_ckpt.
        others: what it calls of keras_ckpt and of libraries with formats of their own, by the last
            part of the name.
        homes: the libraries whose Keras it imports or calls.
        is_legacy: whether it sets TF_USE_LEGACY_KERAS, so that `tf.keras` is tf_keras.
        models: what it calls a model of Keras: names that are compiled, fitted or made by Keras.
        trainings: its `fit` calls.
        compilations: its `compile` calls, in order.
    """

    sites: list[Site] = dataclasses.field(default_factory=list)
    others: set[str] = dataclasses.field(default_factory=set)
    homes: set[str] = dataclasses.field(default_factory=set)
    is_legacy: bool = False
    models: set[str] = dataclasses.field(default_factory=set)
    trainings: list[Training] = dataclasses.field(default_factory=list)
    compilations: list[Compilation] = dataclasses.field(default_factory=list)

    def checkpoints(self) -> list[Checkpoint]:
        """Returns the calls that make a `ModelCheckpoint`."""
        return [each for each in self.sites if isinstance(each, Checkpoint)]


@dataclasses.dataclass(eq=False)
class Site:
    """A place that matters.

    Args:
        kind: what it is, one of the names above.
        node: the call, or the class of a subclass.
        at: where it stands.
        name: the full name of what is called or derived from; `""` of a method of a model.
        module: the module that it stands in.
        facts: what is known of the module as a whole.
    """

    kind: str
    node: ast.Call | ast.ClassDef
    at: Position
    name: str
    module: Module
    facts: ModuleFacts

    @property
    def library(self) -> str:
        """Which library the name is of: `"tensorflow"`, `"keras"`, `"tf_keras"` or `""`."""
        return library(self.name)

    @property
    def stays(self) -> bool:
        """Whether it is of tf_keras, which is Keras 2 and runs unchanged beside any Keras 3."""
        homes = {self.library} if self.name else self.facts.homes
        legacy = {"tf_keras", "tensorflow"} if self.facts.is_legacy else {"tf_keras"}
        return bool(homes) and homes <= legacy


@dataclasses.dataclass(eq=False)
class CallSite(Site):
    """A call.

    Args:
        positional: the arguments by position.
        keywords: those by name, also out of a `**` dict.
        complete: whether there can be no others, and those by position are where they are.
        receiver: what the object of a method is: `KERAS`, also of functions, `UNKNOWN_RECEIVER`,
            `ELSEWHERE`, `HANDED`.
        status: the method that is called on what `load_weights` returns for a TensorFlow
            checkpoint, `""` for none.
        by_way_of: the code by which a method is called that is not called as `model.method(…)`.
    """

    positional: list[Argument] = dataclasses.field(default_factory=list)
    keywords: dict[str, Argument] = dataclasses.field(default_factory=dict)
    complete: bool = True
    receiver: str = KERAS
    status: str = ""
    by_way_of: str = ""

    def parameters(self, release: Release) -> tuple[str, ...]:
        """Returns the parameters that a release has for this call, in order."""
        if self.kind == LATEST:
            return (DIRECTORY, "latest_filename")
        if self.kind == LIBRARY:
            return ()
        # `save_model(model, path)` is a function; the others are methods, or load a model.
        model = ("model",) if self.kind == SAVE and self.name else ()
        return (*model, PATH, *release.saving.function(self.kind).arguments)

    def bound(self, release: Release) -> BoundArguments:
        """Returns the arguments by the parameters of a release."""
        named = dict(zip(self.parameters(release), self.positional))
        for name, argument in self.keywords.items():
            named.setdefault(name, argument)
        return BoundArguments(named, len(self.positional), self.complete)

    def path(self, release: Release) -> Argument | None:
        """Returns the path that the call saves to or loads from, None if it is not known."""
        return self.bound(release).named.get(DIRECTORY if self.kind == LATEST else PATH)

    def may_be_keras(self, path: Value | None) -> bool:
        """Returns whether this may save or load a model of Keras, by its object and a path."""
        if self.receiver == KERAS:
            return True
        if self.receiver in (ELSEWHERE, HANDED):
            return isinstance(path, Str) and is_keras_path(path)
        if not isinstance(path, Str):
            return True
        if self.kind == SAVE and has_odd_ending(path):
            return False  # Much has a method of this name.
        return not path.ends_in(FOREIGN_READ)


@dataclasses.dataclass(eq=False)
class Checkpoint(CallSite):
    """A call that makes a `ModelCheckpoint`, or one of a subclass that has no `__init__`.

    Args:
        how: `"call"`, `"subclass"` (an instance of one), `"super"` (its `super().__init__(…)`) or
            `"partial"`.
    """

    how: str = "call"

    def parameters(self, release: Release) -> tuple[str, ...]:
        """Returns the parameters of the class in a release, in order."""
        return release.parameters

    def possible_paths(self) -> list[Possible]:
        """Returns all that the path may be; what a subclass is called with is of that call.

        What gin binds to a parameter that is handed on is found in the file of gin.
        """
        argument = self.keywords.get(PATH) or (self.positional[0] if self.positional else None)
        if argument is None:
            return []
        if self.how == "super":
            return [Possible(argument.value)]
        is_name = isinstance(argument.node, ast.Name)
        return [each for each in argument.possible if not (is_name and each.bound)]

    def trainings(self) -> list[Training]:
        """Returns the `fit` calls of the module that the callback is passed to."""
        if self.how not in ("call", "subclass"):
            return []
        return [each for each in self.facts.trainings if self.node in each.callbacks]


@dataclasses.dataclass(eq=False)
class Subclass(Site):
    """A class that derives from `ModelCheckpoint`.

    Args:
        methods: what it defines, by name.
    """

    methods: dict[str, ast.FunctionDef] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(eq=False)
class Reference(Site):
    """A call that gets what matters as a value: it may call it, with arguments that are not known.

    Args:
        of: the expression that gives the class, function or method, or the code.
        how: `CLASS` for what may be `ModelCheckpoint` and is called here, `HANDED_ON` for what
            something else may call, `CODE` for a text that is run.
    """

    of: str = ""
    how: str = HANDED_ON


class Compilation(NamedTuple):
    """What is known of a `compile` call.

    Args:
        model: what the model is called.
        at: where it stands.
        loss: the loss, None if it is not known.
    """

    model: str
    at: Position
    loss: Argument | None


class Training(NamedTuple):
    """What is known of a `fit` call.

    Args:
        node: the call.
        model: what the model is called.
        at: where it stands.
        validation: whether there is validation data, None if that is not known.
        callbacks: the calls that make its callbacks.
        steps: `steps_per_epoch`.
        epochs: how many.
        metrics: the expressions of the compiled metrics, None if they are not known.
        steps_per_execution: as compiled.
    """

    node: ast.Call
    model: str
    at: Position
    validation: bool | None
    callbacks: tuple[ast.AST, ...]
    steps: Value
    epochs: Value
    metrics: tuple[Element, ...] | None
    steps_per_execution: Value
