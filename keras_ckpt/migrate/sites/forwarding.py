"""What a subclass passes on to `super().__init__`: the arguments of a call, as its base gets them.

`initializer` finds the `__init__` of a class that passes on what it is given, `forwarded` the
arguments that come out of a call of the class.
"""

from __future__ import annotations

import ast
from typing import Iterable, NamedTuple

from keras_ckpt.migrate.code.scopes import Call, Class, Position
from keras_ckpt.migrate.sites.site import Argument


class Initializer(NamedTuple):
    """An `__init__` and the call in it that passes on to the base.

    Args:
        node: the method.
        at: where its defaults stand.
        call: the call of `super().__init__`.
        skip: how many of that call's arguments are not passed on: `self`, where a base is named.
        taken: the names that it takes out of `**kwargs`.
    """

    node: ast.FunctionDef
    at: Position
    call: Call
    skip: int
    taken: frozenset[str]


class Arguments(NamedTuple):
    """Arguments by position and by name, and whether there can be no others."""

    positional: list[Argument]
    keywords: dict[str, Argument]
    complete: bool


def initializer(found: Class, calls: Iterable[Call]) -> Initializer | None:
    """Returns the `__init__` of a class if it is plain what it passes on."""
    methods = [each for each in found.node.body if isinstance(each, ast.FunctionDef)]
    made = [each for each in methods if each.name == "__init__"]
    if len(made) != 1:
        return None
    within = [each for each in calls if each.at.scope.node is made[0] and _is_init(each.node)]
    if len(within) != 1:
        return None
    scope, arguments = within[0].at.scope, made[0].args
    rest = [each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None]
    if any(len(scope.bindings.get(name, ())) > 1 for name in rest):
        return None
    base = within[0].node.func
    by_super = isinstance(base, ast.Attribute) and isinstance(base.value, ast.Call)
    kwarg = arguments.kwarg.arg if arguments.kwarg is not None else ""
    return Initializer(
        made[0], found.at, within[0], 0 if by_super else 1, frozenset(_popped(made[0], kwarg))
    )


def forwarded(made: Initializer, given: Arguments) -> Arguments:
    """Returns what the base gets where the class is called with some arguments."""
    arguments = made.node.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][1:]
    only = [each.arg for each in arguments.kwonlyargs]
    bound = dict(zip(names, given.positional))
    others = {}
    for name, argument in given.keywords.items():
        if name in names or name in only:
            bound.setdefault(name, argument)
        elif name not in made.taken:
            others[name] = argument
    if given.complete:
        defaults = list(zip(reversed(names), reversed(arguments.defaults)))
        defaults += [(name, each) for name, each in zip(only, arguments.kw_defaults) if each]
        for name, default in defaults:
            bound.setdefault(name, Argument(default, made.at))
    return _called(made, bound, given, given.positional[len(names) :], others)


def _called(
    made: Initializer,
    bound: dict[str, Argument],
    given: Arguments,
    rest: list[Argument],
    others: dict[str, Argument],
) -> Arguments:
    node, at = made.call
    arguments = made.node.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    parameters = {each.arg for each in every}

    def passed(each: ast.expr, keyword: ast.keyword | None = None) -> Argument | None:
        plain = isinstance(each, ast.Name) and each.id in parameters
        if isinstance(each, ast.Name) and plain and len(at.scope.bindings[each.id]) == 1:
            return bound.get(each.id)
        return Argument(each, at, keyword)

    positional: list[Argument] = []
    complete = given.complete
    for each in node.args[made.skip :]:
        if isinstance(each, ast.Starred):
            if getattr(each.value, "id", None) != getattr(made.node.args.vararg, "arg", ""):
                complete = False
                break
            positional += rest
            continue
        argument = passed(each)
        if argument is None:
            complete = False
            break
        positional.append(argument)
    keywords: dict[str, Argument] = {}
    for keyword in node.keywords:
        if keyword.arg is not None:
            named = passed(keyword.value, keyword)
            if named is not None:
                keywords[keyword.arg] = named
        elif getattr(keyword.value, "id", None) == getattr(made.node.args.kwarg, "arg", ""):
            keywords.update(others)
        else:
            complete = False
    return Arguments(positional, keywords, complete)


def _is_init(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"


def _popped(method: ast.FunctionDef, kwarg: str) -> Iterable[str]:
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            name, of = node.args[0], node.func.value
            if isinstance(of, ast.Name) and of.id == kwarg and node.func.attr == "pop":
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value
