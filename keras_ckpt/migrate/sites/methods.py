"""Which calls of `save`, `save_weights` and `load_weights` are those of a model of Keras.

Arguments that nobody else has, and what is done with the result, show that as well as the object.
"""

from __future__ import annotations

import ast
import re
from typing import Iterable

from keras_ckpt.endings import FOREIGN_READ
from keras_ckpt.migrate.code.names import library, meaning, visible
from keras_ckpt.migrate.code.scopes import Call, Module, Position, Scope, dotted_text
from keras_ckpt.migrate.code.values.attributes import class_scope, in_class
from keras_ckpt.migrate.code.values.functions import returned
from keras_ckpt.migrate.code.values.infer import Str, value
from keras_ckpt.migrate.sites.libraries import FOREIGN, WITH_TF_KERAS
from keras_ckpt.migrate.sites.receivers import receiver
from keras_ckpt.migrate.sites.site import (
    ELSEWHERE,
    HANDED,
    KERAS,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    UNKNOWN_RECEIVER,
    ModuleFacts,
)

#: The arguments that only Keras's methods have.
_SIGNS: dict[str, frozenset[str]] = {
    LOAD_WEIGHTS: frozenset(("by_name", "skip_mismatch", "options")),
    SAVE: frozenset(("include_optimizer", "save_format", "save_traces")),
    SAVE_WEIGHTS: frozenset(("options", "save_format")),
}
#: The methods of what `load_weights` returns for a TensorFlow checkpoint.
STATUS = (
    "assert_consumed",
    "assert_existing_objects_matched",
    "assert_nontrivial_match",
    "expect_partial",
)
#: The methods that only models of Keras have.
_OF_MODELS = (
    *("evaluate_generator", "fit_generator", "predict_generator", "predict_on_batch"),
    *("test_on_batch", "train_on_batch", LOAD_WEIGHTS, SAVE_WEIGHTS),
)
_FIT = frozenset(
    ("batch_size", "callbacks", "epochs", "steps_per_epoch", "validation_data", "validation_split")
)
#: What models are called, whoever made them.
_NAMES = re.compile(
    r"(?i:(.*_|^)(model|net|network|classifier|encoder|decoder|autoencoder|generator|discriminator"
    r"|critic|actor|vae|gan|cnn|rnn|lstm|unet|resnet)s?_?\d*(_.*|$))|.*[a-z](Model|Net|Network)\d*$"
)
_DEEP = 5


class Methods:
    """What methods of a module are those of models.

    Args:
        module: the module.
        facts: what is known of it.
    """

    def __init__(self, module: Module, facts: ModuleFacts) -> None:
        self._module, self._facts = module, facts
        #: Methods that classes of the module define may be theirs, not Keras's.
        self._own = {
            name
            for each in module.classes
            for name, found in each.scope.bindings.items()
            if found[-1].kind == "function"
        }
        #: Whether methods such as `load_weights` can be those of a model of Keras.
        self.uses_keras = any(library(each) for each in module.imports) or self._reaches_keras()
        self._is_tf_keras = any(each.split(".")[0] in WITH_TF_KERAS for each in module.imports)
        self._is_foreign = any(each.split(".")[0] in FOREIGN for each in module.imports)
        self._status = dict(self._with_status())

    def _reaches_keras(self) -> bool:
        """Returns whether a name of the module is Keras's by way of another module."""
        if self._module.project is None:
            return False
        for bindings in self._module.scope.bindings.values():
            binding = bindings[-1]
            if binding.kind == "import" and not binding.target.startswith("."):
                continue
            if binding.kind == "import" and isinstance(binding.node, ast.ImportFrom):
                name = binding.node.names[0].asname or binding.node.names[0].name
                if library(meaning(ast.Name(name), binding.at._replace(step=1 << 30)).name):
                    return True
        return False

    @property
    def may_have_models(self) -> bool:
        """Whether a model of Keras may be in the module, if only as what it is handed."""
        return self.uses_keras or not self._is_foreign

    def note(self, call: Call) -> None:
        """Notes what a call shows of the object that it is a method of."""
        function = call.node.func
        assert isinstance(function, ast.Attribute)
        name = dotted_text(function.value)
        if not name or not self.uses_keras or name in ("self", "cls"):
            return
        if function.attr in _SIGNS and _is_foreign(call):
            return
        names = {each.arg for each in call.node.keywords}
        if function.attr == "fit" and not names & _FIT:
            return
        if function.attr in (LOAD_WEIGHTS, SAVE_WEIGHTS) and not names & _SIGNS[function.attr]:
            return
        if function.attr in ("fit", *_OF_MODELS):
            self._facts.models.add(name)

    def _with_status(self) -> Iterable[tuple[ast.AST, str]]:
        """Returns the calls of `load_weights` whose result is used as that of a checkpoint."""
        for node, at in self._module.calls:
            function = node.func
            if not isinstance(function, ast.Attribute) or function.attr not in STATUS:
                continue
            if isinstance(function.value, ast.Call):
                yield function.value, function.attr
            elif isinstance(function.value, ast.Name):
                scope = at.scope.find(function.value.id)
                for each in visible(scope, function.value.id, at) if scope is not None else ():
                    if each.kind == "assign" and isinstance(each.node, ast.Call):
                        yield each.node, function.attr

    def status(self, node: ast.Call) -> str:
        """Returns which method of a checkpoint's status is called on the result, `""` for none."""
        return self._status.get(node, "")

    def receiver(
        self, call: Call, function: ast.Attribute, at: Position | None = None
    ) -> str | None:
        """Returns what the object of a method is, None if it is no model's.

        Args:
            call: the call.
            function: the method.
            at: where that stands, None for in the call.
        """
        node, at = function.value, at or call.at
        signs = {each.arg for each in call.node.keywords} & _SIGNS[function.attr]
        if self.status(call.node) or (signs and not _is_foreign(call)):
            return None if self._defines(node, at, function.attr) else KERAS
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "super":
            return self._of_super(at, function.attr)
        models = self._facts.models if not _is_foreign(call) else ()
        of = receiver(node, at, models)
        if function.attr == SAVE and not self._may_save(node, of):
            return None
        defines = self._defines(node, at, function.attr)
        if defines or (defines is None and self._may_be_own(node, at, function.attr, of)):
            return None
        if of != KERAS and (not self.may_have_models or self._is_tf_keras):
            return None
        return HANDED if of == UNKNOWN_RECEIVER and not self.uses_keras else of

    def _may_save(self, node: ast.expr, of: str) -> bool:
        name = dotted_text(node)
        if of == KERAS or name in self._facts.models:
            return True
        if of == ELSEWHERE or not self.uses_keras or not name:
            return False
        return _NAMES.fullmatch(name.rpartition(".")[2]) is not None

    def _of_super(self, at: Position, method: str) -> str | None:
        """Returns what `super()` is, None if a base among the checked code has the method."""
        owner = at.scope.owner()
        if owner is None or not isinstance(owner.node, ast.ClassDef):
            return None
        for base in owner.node.bases:
            means = meaning(base, at)
            scope = class_scope(means.node, means.at)
            if scope is not None and in_class(scope, method, at) is not None:
                return None
        of = receiver(ast.Name("self"), at, ())
        return of if of == KERAS else None

    def _defines(self, node: ast.expr, at: Position, method: str) -> bool | None:
        """Returns whether the class of an object defines a method itself, None if unknown."""
        scope = self._class(node, at, 0)
        if scope is None:
            return None
        held = in_class(scope, method, at)
        return held is not None and held.bindings[:1] != [] and held.bindings[0].kind == "function"

    def _class(self, node: ast.AST, at: Position, depth: int) -> Scope | None:
        if depth > _DEEP:
            return None
        if isinstance(node, ast.Call):
            means = meaning(node.func, at)
            found = class_scope(means.node, means.at)
            if found is not None:
                return found
            for each, there in returned(node.func, means, at):
                found = self._class(each, there, depth + 1)
                if found is not None:
                    return found
            return None
        name = dotted_text(node)
        if name in ("self", "cls"):
            return at.scope.owner()
        scope = at.scope.find(name) if isinstance(node, ast.Name) else at.scope.owner()
        for binding in visible(scope, name, at) if scope is not None and name else ():
            if binding.kind in ("assign", "enter") and binding.node is not None:
                found = self._class(binding.node, binding.at, depth + 1)
                if found is not None:
                    return found
        return None

    def _may_be_own(self, node: ast.expr, at: Position, method: str, of: str) -> bool:
        """Returns whether an object may be of a class of the module that has the method."""
        if method not in self._own or of == KERAS:
            return False
        name = dotted_text(node)
        if name in self._facts.models or _NAMES.fullmatch(name.rpartition(".")[2]):
            return False
        # A wrapper hands its own method on to what it holds.
        inner = at.scope.node
        is_wrapper = isinstance(inner, ast.FunctionDef) and inner.name == method
        return not (is_wrapper and "." in name and of == UNKNOWN_RECEIVER)


def _is_foreign(call: Call) -> bool:
    """Returns whether a path is one of those that only other libraries use."""
    found = value(call.node.args[0], call.at) if call.node.args else None
    return isinstance(found, Str) and bool(found.ends_in(FOREIGN_READ))
