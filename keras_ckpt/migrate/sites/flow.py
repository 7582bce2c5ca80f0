"""Where a model goes: through names, attributes, functions that are given it, and their callers.

`used(call, at, methods, end)` returns the calls of methods of what a call returns, in its file and
in others, as far as nothing before may have called the method `end` of it.
"""

from __future__ import annotations

import ast
from typing import Callable, Iterator, NamedTuple, Sequence

from keras_ckpt.migrate.code.names import meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Call, Module, Position, Scope, dotted_text
from keras_ckpt.migrate.code.values.attributes import class_scope
from keras_ckpt.migrate.code.values.parameters import callers, given

#: Functions of Python that do nothing to what they are given.
_HARMLESS = ("id", "isinstance", "len", "print", "repr", "str", "type")
_DEEP = 4


class _Holder(NamedTuple):
    """A name that a model has by one of its bindings."""

    scope: Scope
    name: str
    binding: Binding


def used(node: ast.expr, at: Position, methods: Sequence[str], end: str) -> Iterator[Call]:
    """Returns the calls of methods of what an expression makes, wherever that goes.

    Args:
        node: the expression.
        at: where it stands.
        methods: the methods.
        end: the method after which it is no longer followed.
    """
    return _Flow(methods, end).of_value(node, at)


class _Flow:
    def __init__(self, methods: Sequence[str], end: str) -> None:
        self._methods, self._end = methods, end
        self._seen: set[object] = set()

    def of_value(self, node: ast.expr, at: Position, part: str = "") -> Iterator[Call]:
        """Returns the calls of methods of a value, or of a part of it if it is a tuple."""
        module = at.scope.within()
        if module is None or self._is_known(node, part):
            return
        for holder in _bound(node, at, part):
            yield from self._of_name(holder)
        yield from self._onward(module, lambda each, there: each is node, part)

    def _of_name(self, holder: _Holder) -> Iterator[Call]:
        module = holder.scope.within()
        if module is None or self._is_known(*holder):
            return
        expression = ast.parse(holder.name, mode="eval").body
        ends = [each for each in module.calls if self._may_end(each, holder.name)]
        ends = [each for each in ends if _is(holder, expression, each.at)]

        def is_it(node: ast.expr, at: Position) -> bool:
            if not _is(holder, node, at):
                return False
            return not any(_is_between(each, holder.binding, at) for each in ends)

        yield from self._onward(module, is_it)
        for scope in filter(None, (holder.scope, holder.binding.at.scope.owner())):
            for name, bindings in list(scope.bindings.items()):
                for each in bindings:
                    if each.kind == "assign" and isinstance(each.node, (ast.Name, ast.Attribute)):
                        if is_it(each.node, each.at):
                            yield from self._of_name(_Holder(scope, name, each))

    def _onward(
        self, module: Module, is_it: Callable[[ast.expr, Position], bool], part: str = ""
    ) -> Iterator[Call]:
        """Returns the calls of methods of what some expressions of a module are."""
        for call in module.calls if not part else ():
            function = call.node.func
            if isinstance(function, ast.Attribute) and function.attr in self._methods:
                if is_it(function.value, call.at):
                    yield call
            arguments = (*call.node.args, *(each.value for each in call.node.keywords))
            if any(is_it(each, call.at) for each in arguments):
                for holder in _parameters(call, is_it):
                    yield from self._of_name(holder)
        for function_node, rows in module.returns.items():
            for each, there in rows:
                elements = each.elts if isinstance(each, ast.Tuple) else ()
                parts = [str(n) for n, one in enumerate(elements) if is_it(one, there)]
                for number in [part] if is_it(each, there) else parts:
                    for call in callers(function_node, there):
                        yield from self.of_value(call.node, call.at, number)

    def _may_end(self, call: Call, name: str, within: frozenset[Scope] = frozenset()) -> bool:
        """Returns whether a call is that of the last method, or of a function that may call it."""
        function = call.node.func
        if isinstance(function, ast.Attribute) and dotted_text(function.value) == name:
            return function.attr == self._end
        if dotted_text(function) in _HARMLESS:
            return False
        arguments = (*call.node.args, *(each.value for each in call.node.keywords))
        if not any(dotted_text(each) == name for each in arguments):
            return False
        taken = list(_parameters(call, lambda each, _: dotted_text(each) == name))
        if not taken or len(within) > _DEEP:
            return True
        return any(
            _is_kept(holder) or self._may_end(each, holder.name, within | {holder.scope})
            for holder in taken
            if holder.scope not in within
            for each in _calls(holder.scope)
        )

    def _is_known(self, *key: object) -> bool:
        """Returns whether this was asked before, which a function that calls itself does."""
        if key in self._seen:
            return True
        self._seen.add(key)
        return False


def _bound(node: ast.expr, at: Position, part: str) -> Iterator[_Holder]:
    """Returns the names that are given what an expression makes, or a part of it."""
    for scope in filter(None, (at.scope, at.scope.owner())):
        for name, bindings in list(scope.bindings.items()):
            for each in bindings:
                if each.node is node and each.kind == ("part" if part else "assign"):
                    if not part or each.target == part:
                        yield _Holder(scope, name, each)


def _is(holder: _Holder, node: ast.expr, at: Position) -> bool:
    """Returns whether an expression is a name by a binding."""
    scope, name, binding = holder
    if dotted_text(node) != name:
        return False
    found = at.scope.owner() if name.startswith("self.") else at.scope.find(name)
    return found is scope and any(each is binding for each in visible(scope, name, at))


def _is_between(call: Call, bound: Binding, until: Position) -> bool:
    """Returns whether a call may be made after a name is bound, and before a place is reached."""
    at = call.at
    if at.scope is bound.at.scope and at.step < bound.at.step:
        return False
    return at.scope is not until.scope or at.step < until.step


def _parameters(call: Call, is_it: Callable[[ast.expr, Position], bool]) -> Iterator[_Holder]:
    """Returns the parameters of the checked code that a call gives something."""
    scope = _called(call)
    for name, bindings in list(scope.bindings.items()) if scope is not None else ():
        if bindings[0].kind == "parameter" and scope is not None:
            found = given(bindings[0], call)
            if found is not None and is_it(*found):
                yield _Holder(scope, name, bindings[0])


def _called(call: Call) -> Scope | None:
    """Returns the scope of the function that is called, or of what makes an instance."""
    function, at = call.node.func, call.at
    means = meaning(function, at)
    node, there = means.node, means.at
    owner = class_scope(node, there)
    name = "__init__"
    if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") in ("self", "cls"):
        owner, name = at.scope.owner(), function.attr
    if owner is not None:
        bound = owner.bindings.get(name, [])
        if not bound or bound[-1].kind != "function":
            return None
        node, there = bound[-1].node, bound[-1].at
    module = there.scope.within() if there is not None else None
    return module.functions.get(node) if module is not None and node is not None else None


def _calls(scope: Scope) -> list[Call]:
    module = scope.within()
    return [each for each in module.calls if scope in each.at.scope.around()] if module else []


def _is_kept(holder: _Holder) -> bool:
    """Returns whether a method keeps what it is given, as `self.model = model` does."""
    owner = holder.scope.owner()
    rows = owner.bindings.values() if owner is not None else ()
    return any(
        each.at.scope is holder.scope and dotted_text(each.node) == holder.name
        for bindings in rows
        for each in bindings
        if each.kind == "assign" and each.node is not None
    )
