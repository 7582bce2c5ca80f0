"""Functions that some other Python compiled do what their source says, or are refused."""

from __future__ import annotations

import ast
import base64
import builtins
import json
import marshal
import pathlib
import sys
from types import CodeType, FunctionType
from typing import Any, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.formats.config.lambdas import code_objects, decompiler, instructions

DATA = pathlib.Path(__file__).parents[3] / "data" / "python_code"
SOURCES: list[str] = json.loads((DATA / "sources.json").read_text())
COMPILED: dict[str, list[str | None]] = dict(
    json.loads(line) for line in (DATA / "compiled.jsonl").read_text().splitlines()
)
READ = [".".join(map(str, each.version)) for each in instructions.PYTHONS]
#: What no release's code is made again of.
REFUSED = (
    *("for ", "and 1", "0 < x < 3", "x[0] = 3", "with ", "a, b = b, a", "yield", "f(*x)"),
    *("f(**x)", "try:"),
)


class Traced:
    """Says in text what was done with it."""

    def __init__(self, text: str, is_true: bool = True) -> None:
        self.text = text
        self.is_true = is_true

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return self.is_true

    def __iter__(self) -> Iterator[Traced]:
        return iter([Traced(f"{self}[first]"), Traced(f"{self}[second]")])

    def __contains__(self, item: object) -> bool:
        return (len(repr(item)) + len(self.text)) % 2 == 0

    def __call__(self, *args: object, **kwargs: object) -> Traced:
        given = [each if not callable_of(each) else each(Traced("t")) for each in args]
        return Traced(f"{self}({given}, {kwargs})")

    def __getattr__(self, name: str) -> Traced:
        if name.startswith("__"):
            raise AttributeError(name)
        return Traced(f"{self}.{name}")

    def __hash__(self) -> int:
        return hash(self.text)


def callable_of(value: object) -> Any:
    return isinstance(value, FunctionType)


def traced(operator: str, name: str) -> None:
    def forward(self: Traced, other: object) -> Traced:
        return Traced(f"({self!r} {operator} {other!r})", self.is_true)

    def reflected(self: Traced, other: object) -> Traced:
        return Traced(f"({other!r} {operator} {self!r})", self.is_true)

    setattr(Traced, f"__{name}__", forward)
    if operator not in ("<", ">", "<=", ">=", "==", "!=", "of"):
        setattr(Traced, f"__r{name}__", reflected)


OPERATORS = (
    *("+ add", "- sub", "* mul", "/ truediv", "** pow", "// floordiv", "% mod", "& and", "| or"),
    *("^ xor", "<< lshift", ">> rshift", "< lt", "> gt", "<= le", ">= ge", "== eq", "!= ne"),
    "of getitem",
)
for _operator, _name in map(str.split, OPERATORS):
    traced(_operator, _name)
for _name in ("neg", "pos", "invert"):
    setattr(Traced, f"__{_name}__", lambda self, name=_name: Traced(f"{name} {self}"))


def around() -> dict[str, Any]:
    """Returns the names that the functions use."""
    known = dict(vars(builtins), __import__=lambda name, *_: Traced(f"module {name}"))
    names = {name: Traced(name) for name in ("K", "tf", "np", "f", "g", "h", "show")}
    return {"__builtins__": known, **names, decompiler.DIVISION: division}


def division(left: Any, right: Any) -> Any:
    return left // right if type(left) is type(right) is int else left / right


class Python2(ast.NodeTransformer):
    """Divides as Python 2 did."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.Call(ast.Name(decompiler.DIVISION, ast.Load()), [node.left, node.right], [])


def meant(source: str, version: str) -> Callable[..., Any]:
    tree = ast.parse(source)
    if version == "2.7":
        tree = ast.fix_missing_locations(Python2().visit(tree))
    names = around()
    exec(compile(tree, "model.py", "exec"), names)
    found: Callable[..., Any] = names["outer"](2.5, "b") if "outer" in names else names["function"]
    return found


def made(data: bytes) -> Callable[..., Any]:
    tree, free = decompiler.function(data)
    names = dict(around(), **{name: {"size": 2.5, "b": "b"}[name] for name in free})
    module = compile(ast.Module([tree], []), "model.py", "exec")
    (code,) = (each for each in module.co_consts if isinstance(each, CodeType))
    return FunctionType(code, names, "function")


def results(function: Callable[..., Any], defaults: object) -> list[str]:
    function.__defaults__ = defaults  # type: ignore[attr-defined]
    found = []
    for is_true in (True, False):
        try:
            result = function(Traced("x", is_true), *((1,) if not defaults else ()))
        except Exception as error:  # What the function raises is what it does.
            result = f"{type(error).__name__}"
        found.append(repr(result))
    return found


@pytest.mark.parametrize("version", sorted(COMPILED))
def test_each_does_what_its_source_says_or_is_refused(version: str) -> None:
    count = 0
    for source, code in zip(SOURCES, COMPILED[version]):
        if code is None:
            continue
        try:
            function = made(base64.b64decode(code))
        except code_objects.Unreadable:
            continue
        count += 1
        expected = meant(source, version)
        defaults = expected.__defaults__  # type: ignore[attr-defined]
        assert results(function, defaults) == results(expected, defaults), source
        assert not any(each in source for each in REFUSED), source
    # Nearly all that is not refused for what it is.
    if version in READ:
        assert count >= len([each for each in SOURCES if not any(r in each for r in REFUSED)]) - 12


@pytest.mark.parametrize("source", SOURCES)
def test_the_source_that_is_shown_is_that_of_the_function(source: str) -> None:
    code = COMPILED["3.8"][SOURCES.index(source)]
    assert code is not None
    try:
        tree, free = decompiler.function(base64.b64decode(code))
    except code_objects.Unreadable:
        return
    shown = decompiler.source(tree)
    if not free and shown.startswith("lambda"):
        function = meant("function = " + shown, "3.8")
        expected = meant(source, "3.8")
        defaults = expected.__defaults__  # type: ignore[attr-defined]
        assert results(function, defaults) == results(expected, defaults)


def test_the_division_of_python_2_is_shown_as_it_was_written() -> None:
    code = COMPILED["2.7"][0]
    assert code is not None
    tree, _ = decompiler.function(base64.b64decode(code))
    assert decompiler.source(tree) == "lambda x, a: x / 127.5 - 1.0"


@pytest.mark.parametrize("version", READ)
@given(data=st.data())
def test_damaged_code_is_refused_or_some_function(version: str, data: st.DataObject) -> None:
    if version not in COMPILED:
        pytest.skip("it is not here to compile anything")
    code = data.draw(st.sampled_from([each for each in COMPILED[version] if each is not None]))
    damaged = bytearray(base64.b64decode(code))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        tree, _ = decompiler.function(bytes(damaged))
    except code_objects.Unreadable:
        return
    assert isinstance(tree, ast.FunctionDef)


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "a", "1", "2.5", "K.t", "'s'", "None", "x[0]"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "<", "is"]), inner).map(
            lambda parts: "({} {} {})".format(*parts)
        ),
        st.tuples(inner, inner).map("h({0[0]}, n={0[1]})".format),
        st.tuples(inner, inner, inner).map("({0[0]} if {0[1]} else {0[2]})".format),
        st.tuples(inner, inner).map("K.f({0[0]}).g({0[1]})".format),
        st.tuples(inner, inner).map("x[{0[0]}, :, {0[1]}:]".format),
        inner.map("h(lambda t: {0} + t)".format),
        st.lists(inner).map(lambda each: "[" + ", ".join(each) + "]"),
    ),
    max_leaves=8,
)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="code of these releases is not read")
@given(EXPRESSIONS)
def test_code_of_this_python_does_what_it_says(expression: str) -> None:
    source = f"function = lambda x, a=1: {expression}"
    names = around()
    exec(compile(source, "model.py", "exec"), names)
    try:
        function = made(marshal.dumps(names["function"].__code__))
    except code_objects.Unreadable:
        return
    assert results(function, (1,)) == results(names["function"], (1,)), source
