"""What comes from outside: parameters, options, the environment."""

from __future__ import annotations

import ast
import textwrap

import pytest

from keras_ckpt.migrate.code.scopes import Binding, Module
from keras_ckpt.migrate.code.values import parameters


def parameter(code: str, name: str) -> Binding:
    module = Module(ast.parse(textwrap.dedent(code)))
    found = [
        binding
        for each in (*module.returns.values(),)
        for _, at in each
        for binding in at.scope.bindings.get(name, ())
    ]
    return found[0]


@pytest.mark.parametrize(
    ("code", "of"),
    [
        ("def f(p='x'): return p", "`p`"),
        ("def f(*, p='x'): return p", "`p`"),
        ("def f(p=typer.Option('x')): return p", "`--p`"),
        ("@click.option('--p', '-q', default='x')\ndef f(p): return p", "`--p`"),
        ("@click.option('-q', 'p', default='x')\ndef f(p): return p", "`--p`"),
        ("def f(p): return p", None),
        ("@click.option('--q', default='x')\ndef f(p): return p", None),
    ],
)
def test_defaults(code: str, of: str | None) -> None:
    found = parameters.default(parameter(code, "p"))
    assert (found.of if found is not None else None) == of
    assert found is None or ast.unparse(found.node) == "'x'"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(a, p): return p\nf(1, 'x')\nf(1, p='y')\nf(1)\ng(1, 'z')", ["'x'", "'y'"]),
        ("def f(p): return p\nf(*rest)", []),
        ("def f(p): return p\nwith pytest.raises(E):\n    f('x')\nf('y')", ["'y'"]),
        ("class A:\n    def __init__(self, p): return p\nA('x')", ["'x'"]),
        (
            "class A:\n    def m(self, p): return p\n    def n(self): self.m('x')\n"
            "A().m('y')\nb = A()\nb.m('z')\nother.m('no')",
            ["'x'", "'y'", "'z'"],
        ),
        ("class A:\n    @staticmethod\n    def m(p): return p\nA().m('x')", ["'x'"]),
    ],
)
def test_what_calls_pass(code: str, expected: list[str]) -> None:
    found = parameters.passed(parameter(code, "p"))
    assert [ast.unparse(node) for node, _ in found] == expected


def test_words_that_a_parameter_is_compared_with() -> None:
    code = "W = ['a', 'b']\ndef f(p):\n    if p == 'x' or p in W or q == 'z': return p"
    assert parameters.compared(parameter(code, "p")) == {"x", "a", "b"}
