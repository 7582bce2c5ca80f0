"""The names of a module, and where each gets its values."""

from __future__ import annotations

import ast

import pytest

from keras_ckpt.migrate.code.scopes import Block, Module


def bindings(code: str, name: str) -> list[str]:
    """The kinds of what binds a name of the module."""
    return [each.kind for each in Module(ast.parse(code)).scope.bindings.get(name, [])]


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("x = 1", ["assign"]),
        ("x: int = 1", ["assign"]),
        ("x: int", ["other"]),
        ("x, y = 1, 2", ["assign"]),
        ("x, y = f()", ["part"]),
        ("x, *y = 1, 2", ["other"]),
        ("[x, [y, z]] = 1, [2, 3]", ["assign"]),
        ("x += 1", ["aug"]),
        ("x['a'] = 1", ["item"]),
        ("del x['a']", ["item"]),
        ("import x", ["import"]),
        ("import x.y", ["import"]),
        ("from a import b as x", ["import"]),
        ("def x(): pass", ["function"]),
        ("class x: pass", ["class"]),
        ("for x in y: pass", ["element"]),
        ("with a as x: pass", ["enter"]),
        ("try: pass\nexcept E as x: pass", ["other"]),
        ("if (x := 1): pass", ["assign"]),
        ("[(x := y) for y in z]", ["assign"]),
        ("[x for x in y]", []),
        ("lambda x: x", []),
        ("def f():\n    global x\n    x = 1", ["assign"]),
        ("def f():\n    x = 1", []),
        ("x = []\nx.append(1)", ["assign", "append"]),
        ("x = {}\ndef f():\n    x.update(a=1)", ["assign", "update"]),
        ("x.append(1)", []),
    ],
)
def test_what_binds_a_name(code: str, kinds: list[str]) -> None:
    assert bindings(code, "x") == kinds


@pytest.mark.skipif(not hasattr(ast, "match_case"), reason="needs Python 3.10")
@pytest.mark.parametrize("pattern", ["x", "[*x]", "{**x}", "A(b=x)", "1 as x"])
def test_patterns_bind_names(pattern: str) -> None:
    assert bindings(f"match y:\n    case {pattern}: pass", "x") == ["other"]


def test_a_class_has_what_its_methods_assign_to_self() -> None:
    module = Module(ast.parse("class A:\n    b = 1\n    def f(self):\n        self.c = 2\n"))
    (found,) = module.classes
    assert set(found.scope.bindings) == {"b", "f", "self.c"}
    assert found.scope.owner() is found.scope


def test_names_of_a_class_are_not_read_in_its_methods() -> None:
    module = Module(ast.parse("x = 0\nclass A:\n    x = 1\n    def f(self):\n        g(x)\n"))
    (call,) = module.calls
    assert call.at.scope.find("x") is module.scope
    assert call.at.scope.find("absent") is None


@pytest.mark.parametrize(("word", "found"), [("global", "module"), ("nonlocal", "f")])
def test_names_of_scopes_around(word: str, found: str) -> None:
    code = f"x = 0\ndef f():\n    x = 1\n    def g():\n        {word} x\n        h(x)\n"
    module = Module(ast.parse(code))
    (call,) = module.calls
    scope = call.at.scope.find("x")
    assert scope is not None
    assert getattr(scope.node, "name", "module") == found


def test_blocks_hold_what_is_inside() -> None:
    top = Block()
    loop = Block(top, loop=True)
    inner, other = Block(loop), Block(top)
    assert top.holds(inner) and loop.holds(inner) and inner.holds(inner)
    assert not inner.holds(loop) and not other.holds(inner)
    assert inner.repeating(loop) is loop
    assert inner.repeating(other) is None


def test_calls_are_in_order_with_their_statements() -> None:
    module = Module(ast.parse("a(b())\nif c():\n    d()\n@e()\ndef f(g=h()): i()\n"))
    names = [ast.unparse(call.node.func) for call in module.calls]
    assert names == ["a", "b", "c", "d", "e", "h", "i"]
    steps = [call.at.step for call in module.calls]
    assert steps == sorted(steps)


def test_imports_are_known_by_their_full_names() -> None:
    module = Module(
        ast.parse("import a.b as c\nfrom . import d\nfrom ..e import f\nfrom g import *")
    )
    assert module.imports == {"a.b", ".", "..e", "g"}
    assert module.scope.bindings["d"][0].target == ".d"
    assert module.scope.bindings["f"][0].target == "..e.f"
    assert module.scope.stars == ["g"]


def test_no_nesting_is_too_deep() -> None:
    tree: ast.expr = ast.Name("x", ast.Load())
    for _ in range(20000):
        tree = ast.UnaryOp(ast.Not(), tree)
    module = Module(ast.Module([ast.Expr(tree)], []))
    assert not module.calls
