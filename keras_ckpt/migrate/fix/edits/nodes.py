"""The changes to nodes of LibCST: each takes a node and returns what takes its place."""

from __future__ import annotations

import dataclasses
import re
from typing import Callable, Iterable, Sequence, TypeVar, Union

import libcst as cst

from keras_ckpt.migrate.fix.answers import CannotRewrite
from keras_ckpt.migrate.fix.edits import commas

Node = TypeVar("Node", bound=cst.CSTNode)
#: What can stand in the place of a node: another one, several, none.
Instead = Union[cst.CSTNode, cst.FlattenSentinel[cst.CSTNode], cst.RemovalSentinel]
Change = Callable[[cst.CSTNode], Instead]
_Statement = Union[cst.SimpleStatementLine, cst.BaseCompoundStatement]


def to(kind: type[Node], change: Callable[[Node], Instead]) -> Change:
    """Returns a change that is made to nodes of one kind, and an error for others."""

    def checked(node: cst.CSTNode) -> Instead:
        if not isinstance(node, kind):
            raise CannotRewrite(f"a {type(node).__name__} is not what it seems to be")
        return change(node)

    return checked


@dataclasses.dataclass
class CallEdit:
    """What is to be changed in a call.

    Args:
        dropped: arguments that go, by their index: those by position come first, as in `ast`.
        named: the names that arguments get, or that take the place of theirs.
        values: the code of other values.
        added: names and code of further keywords.
        function: the code of what is called in place of a method; its object becomes the first
            argument if there is a receiver.
        receiver: whether it does.
        method: the method of the first argument that is called in place of a function.
    """

    dropped: set[int] = dataclasses.field(default_factory=set)
    named: dict[int, str] = dataclasses.field(default_factory=dict)
    values: dict[int, str] = dataclasses.field(default_factory=dict)
    added: dict[str, str] = dataclasses.field(default_factory=dict)
    function: str = ""
    receiver: bool = False
    method: str = ""


# Expressions


def expression(code: str, old: cst.CSTNode) -> cst.BaseExpression:
    """Returns code as an expression, in the brackets of another one."""
    assert isinstance(old, cst.BaseExpression)
    new = cst.parse_expression(code)
    return new.with_changes(lpar=old.lpar, rpar=old.rpar)


def changed_call(old: cst.Call, edit: CallEdit) -> cst.Call:
    """Returns a call that is changed."""
    order = _order(old)
    args = list(old.args)
    for index, name in edit.named.items():
        args[order[index]] = _keyword(args[order[index]], name)
    for index, code in edit.values.items():
        place = order[index]
        args[place] = args[place].with_changes(value=cst.parse_expression(code))
    items = commas.Items(args, old.whitespace_before_args)
    items.drop(order[index] for index in edit.dropped)
    for name, code in edit.added.items():
        place = len(items.items)
        while place and _is_table(items.items[place - 1]):
            place -= 1
        added = _keyword(cst.Arg(cst.parse_expression(code)), name)
        items.insert(place, added)
    changed = commas.to_call(old, items)
    if edit.method:
        items.drop([0])
        model = changed.args[0].value
        if not isinstance(model, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
            model = model.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        called = cst.Attribute(model, cst.Name(edit.method))
        return commas.to_call(changed, items).with_changes(func=called)
    if not edit.function:
        return changed
    if edit.receiver:
        assert isinstance(old.func, cst.Attribute)
        receiver = cst.Arg(old.func.value)
        rest = list(changed.args)
        if rest:
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            receiver = receiver.with_changes(comma=comma)
        changed = changed.with_changes(args=[receiver, *rest])
    return changed.with_changes(func=cst.parse_expression(edit.function))


def _is_table(item: commas.Item) -> bool:
    return isinstance(item, cst.Arg) and item.star == "**"


def _order(call: cst.Call) -> list[int]:
    """Returns where the arguments stand in LibCST, in the order of `ast`."""
    by_position = [i for i, each in enumerate(call.args) if not _is_keyword(each)]
    return by_position + [i for i, each in enumerate(call.args) if _is_keyword(each)]


def _is_keyword(argument: cst.Arg) -> bool:
    return argument.keyword is not None or argument.star == "**"


def _keyword(argument: cst.Arg, name: str) -> cst.Arg:
    equal = cst.AssignEqual(
        whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
    )
    if isinstance(argument.equal, cst.AssignEqual):
        return argument.with_changes(keyword=cst.Name(name))
    return argument.with_changes(keyword=cst.Name(name), equal=equal)


_STRING = re.compile(r"([a-zA-Z]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)


def changed_end(old: cst.CSTNode, change: Callable[[str], str | None]) -> cst.CSTNode:
    """Returns a string with its last part changed; see `Edits.text`."""
    if isinstance(old, cst.ConcatenatedString):
        return old.with_changes(right=changed_end(old.right, change))
    if isinstance(old, cst.SimpleString):
        return _changed_simple(old, change)
    parts = list(old.parts) if isinstance(old, cst.FormattedString) else []
    last = parts[-1] if parts else None
    text = change(last.value) if isinstance(last, cst.FormattedStringText) else None
    if last is not None and text is not None:
        return old.with_changes(parts=[*parts[:-1], last.with_changes(value=text)])
    raise CannotRewrite("a string does not end as it seems to")


def _changed_simple(old: cst.SimpleString, change: Callable[[str], str | None]) -> cst.SimpleString:
    match = _STRING.fullmatch(old.value)
    text = change(match[3]) if match else None
    if match is None or text is None:
        raise CannotRewrite(f"the string {old.value} does not end as it seems to")
    return old.with_changes(value=match[1] + match[2] + text + match[2])


def changed_parts(old: cst.CSTNode, change: Callable[[str], str]) -> cst.BaseExpression:
    """Returns a string of which each part is changed."""
    if isinstance(old, cst.ConcatenatedString):
        return old.with_changes(
            left=changed_parts(old.left, change), right=changed_parts(old.right, change)
        )
    if isinstance(old, cst.SimpleString):
        return _changed_simple(old, change)
    if not isinstance(old, cst.FormattedString):
        raise CannotRewrite("a string is of no known kind")
    parts = [
        each.with_changes(value=change(each.value))
        if isinstance(each, cst.FormattedStringText)
        else each
        for each in old.parts
    ]
    return old.with_changes(parts=parts)


# Statements


def _statement(code: str) -> _Statement:
    return cst.parse_statement(code)


def followed(old: cst.CSTNode, lines: list[str]) -> Instead:
    """Returns a statement with more of them behind it."""
    return cst.FlattenSentinel([old, *(_statement(line) for line in lines)])


def restated(old: cst.CSTNode, lines: list[str]) -> Instead:
    """Returns other statements in the place of one, below the comments above it."""
    if not isinstance(old, cst.SimpleStatementLine) or len(old.body) != 1:
        raise CannotRewrite("a statement is not alone on its line")
    if not lines:
        return cst.RemoveFromParent()
    first, *rest = [_statement(line) for line in lines]
    return cst.FlattenSentinel([old.with_changes(body=first.body), *rest])


def preceded(old: cst.CSTNode, lines: list[str]) -> Instead:
    """Returns a statement with more of them before it, below the comments above it."""
    if not isinstance(old, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
        raise CannotRewrite("a statement is not what it seems to be")
    first, *rest = [_statement(line) for line in lines]
    first = first.with_changes(leading_lines=old.leading_lines)
    return cst.FlattenSentinel([first, *rest, old.with_changes(leading_lines=())])


def taken(old: cst.CSTNode, index: int, names: set[int]) -> Instead:
    """Returns a line of which one import, or some names of it, are taken from keras_ckpt."""
    assert isinstance(old, (cst.SimpleStatementLine, cst.SimpleStatementSuite))
    found = old.body[index]
    assert isinstance(found, cst.ImportFrom) and not isinstance(found.names, cst.ImportStar)
    package = cst.Name("keras_ckpt")
    if len(names) == len(found.names):
        return old.with_changes(
            body=_exchanged(old.body, index, [found.with_changes(module=package, relative=())])
        )
    items = commas.of_import(found)
    items.drop(names)
    rest = commas.to_import(found, items)
    taken = [found.names[each].with_changes(comma=commas.NONE) for each in sorted(names)]
    for place, each in enumerate(taken[:-1]):
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        taken[place] = each.with_changes(comma=comma)
    own = cst.ImportFrom(module=package, names=taken)
    if len(old.body) == 1 and isinstance(old, cst.SimpleStatementLine):
        line = cst.SimpleStatementLine([own])
        return cst.FlattenSentinel([old.with_changes(body=[rest]), line])
    semicolon = cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" "))
    first = rest.with_changes(semicolon=semicolon)
    own = own.with_changes(semicolon=found.semicolon)
    return old.with_changes(body=_exchanged(old.body, index, [first, own]))


def _exchanged(
    body: Iterable[cst.BaseSmallStatement], index: int, new: Sequence[cst.BaseSmallStatement]
) -> list[cst.BaseSmallStatement]:
    found = list(body)
    found[index : index + 1] = new
    return found


def with_first(module: cst.Module, lines: list[str]) -> cst.Module:
    """Returns a module with more statements, after its docstring and `__future__`."""
    body = list(module.body)
    place = 0
    while place < len(body) and _stays_first(body[place], place):
        place += 1
    new = [_statement(line) for line in lines]
    if place == len(body) or not place:
        body[place:place] = new
        return module.with_changes(body=body)
    body[place:place] = new
    return module.with_changes(body=body)


def _stays_first(node: cst.CSTNode, place: int) -> bool:
    if not isinstance(node, cst.SimpleStatementLine) or len(node.body) != 1:
        return False
    only = node.body[0]
    if isinstance(only, cst.Expr):
        return not place and isinstance(only.value, (cst.SimpleString, cst.ConcatenatedString))
    module = getattr(only, "module", None)
    return isinstance(only, cst.ImportFrom) and getattr(module, "value", "") == "__future__"
