"""All values that an expression may have, by defaults and by what functions are called with.

`value` returns what holds whichever way the code is run. What a path may be is more: the default of
an option of the command line, of a parameter or of a variable of the environment, what is passed by
each call of a function, either side of a condition. `alternatives` lists these.
"""

from __future__ import annotations

import ast
from typing import Iterator, NamedTuple

from keras_ckpt.migrate.code import gin
from keras_ckpt.migrate.code.names import PLAIN as PLAIN_KINDS
from keras_ckpt.migrate.code.names import meaning, visible
from keras_ckpt.migrate.code.scopes import Binding, Call, Position, dotted_text
from keras_ckpt.migrate.code.values import parameters
from keras_ckpt.migrate.code.values.attributes import attribute, imported, overriding
from keras_ckpt.migrate.code.values.functions import SAME, SAME_METHODS, returned
from keras_ckpt.migrate.code.values.types import (
    UNKNOWN,
    Constant,
    Sequence,
    Str,
    Unknown,
    Value,
    of_parts,
    text,
    value,
)
from keras_ckpt.migrate.code.values.variables import is_property

_DEEP = 15
_MOST = 30
_JOINED = ("os.path.join", *(each for each in SAME if each.startswith("pathlib.")))


class Possible(NamedTuple):
    """A value that an expression may have.

    Args:
        value: the value.
        default: what it is the default of, `""` if it is passed or written there.
        bound: what gin binds it to, and where, `""` if it does not.
    """

    value: Value
    default: str = ""
    bound: str = ""


class _Way(NamedTuple):
    """How an expression was come to.

    Args:
        depth: how much has been followed.
        function: the function that was entered last, None for none.
        call: the call by which.
        outer: how that call was come to.
    """

    depth: int = 0
    function: ast.AST | None = None
    call: Call | None = None
    outer: _Way | None = None

    def on(self) -> _Way:
        """Returns the way one step further."""
        return self._replace(depth=self.depth + 1)

    def into(self, function: ast.AST, call: Call) -> _Way:
        """Returns the way into a function."""
        return _Way(self.depth + 1, function, call, self)

    def call_of(self, function: ast.AST | None) -> _Way | None:
        """Returns the way on which a function was entered, None if it was not."""
        way: _Way | None = self
        while way is not None and way.function is not function:
            way = way.outer
        return way if function is not None else None


def alternatives(node: ast.AST, at: Position) -> list[Possible]:
    """Returns the values that an expression may have, each once; `UNKNOWN` is one of them."""
    found: dict[Possible, None] = {}
    for each in _alternatives(node, at, _Way()):
        found.setdefault(each)
        if len(found) >= _MOST:
            break
    return list(found) or [Possible(UNKNOWN)]


def _alternatives(node: ast.AST, at: Position, way: _Way) -> Iterator[Possible]:
    plain = value(node, at)
    is_known = isinstance(plain, Str) and plain.parts and plain.parts[-1] is not None
    if way.depth <= _DEEP:
        # What is nothing here, or something else, is what a subclass makes of it.
        others = list(overriding(node, at))
        for held in others:
            yield from _of_bindings(held.bindings, plain, way.on())
        if others and isinstance(node, ast.Attribute) and attribute(node, at) is None:
            return
    if is_known or isinstance(plain, Constant) or way.depth > _DEEP:
        yield Possible(plain)
        return
    if isinstance(node, ast.Name):
        scope = at.scope.find(node.id)
        bindings = visible(scope, node.id, at) if scope is not None else []
        yield from _of_bindings(bindings, plain, way.on())
    elif isinstance(node, ast.Attribute):
        yield from _of_attribute(node, at, plain, way.on())
    elif isinstance(node, ast.Subscript) and parameters.attribute_of(node, at) is not None:
        yield from _of_attribute(parameters.attribute_of(node, at), at, plain, way.on())
    elif isinstance(node, ast.IfExp):
        yield from _alternatives(node.body, at, way.on())
        yield from _alternatives(node.orelse, at, way.on())
    elif isinstance(node, ast.BoolOp):
        for each in node.values[:_MOST]:
            yield from _alternatives(each, at, way.on())
    elif isinstance(node, ast.NamedExpr):
        yield from _alternatives(node.value, at, way.on())
    elif isinstance(node, ast.Call):
        yield from _of_call(node, at, plain, way.on())
    else:
        yield from _of_end(node, at, plain, way.on())


def _of_bindings(bindings: list[Binding], plain: Value, way: _Way) -> Iterator[Possible]:
    if not bindings or any(each.kind not in PLAIN_KINDS for each in bindings):
        yield Possible(plain)
        return
    for binding in bindings[:_MOST]:
        if binding.kind == "assign" and binding.node is not None:
            yield from _alternatives(binding.node, binding.at, way)
        elif binding.kind == "aug" and isinstance(binding.node, ast.AugAssign):
            for each in _alternatives(binding.node.value, binding.at, way):
                known = each.value.parts if isinstance(each.value, Str) else (None,)
                yield each._replace(value=of_parts([None, *known]))
        elif binding.kind == "parameter":
            yield from _of_parameter(binding, way)
        elif binding.kind == "import":
            held = imported(binding, (), 0)
            yield from _of_bindings(held.bindings if held is not None else [], plain, way)
        elif binding.kind == "element" and not binding.target:
            row = value(binding.node, binding.at)
            for item in row.items if isinstance(row, Sequence) else ():
                yield from _alternatives(item.node, item.at, way)
            if not isinstance(row, Sequence) or not row.complete:
                yield Possible(plain)
        elif binding.kind == "function" and is_property(binding.node):
            module = binding.at.scope.within()
            for node, at in module.returns.get(binding.node or ast.Pass(), ()) if module else ():
                yield from _alternatives(node, at, way)
        else:
            yield Possible(plain)


def _of_parameter(binding: Binding, way: _Way) -> Iterator[Possible]:
    words = parameters.compared(binding)
    for each in _all_of_parameter(binding, way):
        if not isinstance(each.value, Str) or each.value.known not in words:
            yield each


def _all_of_parameter(binding: Binding, way: _Way) -> Iterator[Possible]:
    entered = way.call_of(binding.node)
    if entered is not None and entered.call is not None and entered.outer is not None:
        given = parameters.given(binding, entered.call)
        if given is not None:
            yield from _alternatives(
                given[0], given[1], entered.outer._replace(depth=way.depth + 1)
            )
            return
    default = parameters.default(binding)
    calls = parameters.passed(binding) if entered is None else []
    if default is not None:
        for each in _alternatives(default.node, default.at, way):
            if each.value != Str(("",)):
                yield each if each.default else Possible(each.value, default.of)
    for node, at in calls:
        yield from _alternatives(node, at, way)
    by_gin = gin.bound(binding.node, binding.at, binding.target) if binding.node else []
    for one in by_gin:
        for each in _alternatives(one.node, one.at, way):
            yield Possible(each.value, bound=one.of)
    is_nothing = default is None or value(default.node, default.at) == Constant(None)
    if is_nothing and not calls and not by_gin:
        yield Possible(UNKNOWN)


def _of_attribute(
    node: ast.Attribute | None, at: Position, plain: Value, way: _Way
) -> Iterator[Possible]:
    if node is None:
        return
    held = attribute(node, at)
    if held is not None:
        yield from _of_bindings(held.bindings, plain, way)
        return
    option = parameters.option(node, at)
    if option is None:
        yield Possible(plain)
        return
    for each in _alternatives(option.node, option.at, way):
        yield _by_default(each, option.of)


def _by_default(found: Possible, of: str) -> Possible:
    """Returns what an option is by default; nothing means that it has to be passed."""
    is_nothing = found.value in (Constant(None), Str(("",)))
    return Possible(UNKNOWN) if is_nothing else Possible(found.value, of)


def _of_call(node: ast.Call, at: Position, plain: Value, way: _Way) -> Iterator[Possible]:
    function = node.func
    means = meaning(function, at)
    default = parameters.of_environment(node, means.name, at)
    if default is not None:
        for each in _alternatives(default.node, at, way):
            yield _by_default(each, default.of)
        return
    if isinstance(function, ast.Attribute):
        if function.attr in SAME_METHODS:
            yield from _alternatives(function.value, at, way)
            return
        if function.attr == "get" and isinstance(plain, Unknown) and len(node.args) == 2:
            yield from _of_get(node, function, at, way)
            return
        if function.attr == "value" and not node.args:
            yield Possible(plain)
            return
    of_code = returned(function, means, at)
    if of_code:
        for inner, there in of_code:
            yield from _alternatives(inner, there, way.into(there.scope.node, Call(node, at)))
        return
    yield from _of_end(node, at, plain, way)


def _of_get(node: ast.Call, function: ast.Attribute, at: Position, way: _Way) -> Iterator[Possible]:
    key = value(node.args[0], at)
    name = key.shown if isinstance(key, Str) else dotted_text(function.value)
    for each in _alternatives(node.args[1], at, way):
        yield Possible(each.value, each.default or f"`{name}`")
    yield Possible(UNKNOWN)


def _of_end(node: ast.AST, at: Position, plain: Value, way: _Way) -> Iterator[Possible]:
    """Returns what an expression may be by what its end may be."""
    end = _end(node, at)
    if end is None:
        yield Possible(plain)
        return
    before, last, separator = end
    begin: list[str | None] = []
    for each in before:
        begin += [*text(each, at), separator]
    for possible in _alternatives(last, at, way):
        parts = possible.value.parts if isinstance(possible.value, Str) else (None,)
        if begin and parts[0] is not None and parts[0].startswith("/") and separator:
            begin = []
        yield possible._replace(value=of_parts([*begin, *parts]))


def _end(node: ast.AST, at: Position) -> tuple[list[ast.expr], ast.expr, str] | None:
    """Returns what an expression begins with, its end, and what stands between them."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [node.left], node.right, ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [node.left], node.right, "/"
    if isinstance(node, ast.JoinedStr) and node.values:
        last = node.values[-1]
        plain = isinstance(last, ast.FormattedValue) and last.format_spec is None
        if plain and isinstance(last, ast.FormattedValue):
            head = ast.JoinedStr(node.values[:-1])
            return [head] if node.values[1:] else [], last.value, ""
    if isinstance(node, ast.Call) and node.args:
        if any(isinstance(each, ast.Starred) for each in node.args):
            return None
        if isinstance(node.func, ast.Attribute) and node.func.attr == "joinpath":
            return [node.func.value, *node.args[:-1]], node.args[-1], "/"
        name = meaning(node.func, at).name
        if name in SAME and len(node.args) == 1:
            return [], node.args[0], ""
        if name in _JOINED or name.endswith("gfile.join"):
            return list(node.args[:-1]), node.args[-1], "/"
    return None
