"""The names of a module, of every expression where it stands."""

from __future__ import annotations

import ast

import pytest

from keras_ckpt.migrate.fix.edits.tree import Names


def names(code: str) -> Names:
    return Names(ast.parse(code))


def named(module: Names, code: str) -> ast.AST:
    return next(
        each
        for each in ast.walk(module.tree)
        if isinstance(each, ast.expr) and ast.unparse(each) == code
    )


@pytest.mark.parametrize(
    ("code", "expression", "expected"),
    [
        ("import keras as k\nk.callbacks.C", "k.callbacks.C", "keras.callbacks.C"),
        ("from keras import models\ndef f(a: models.C): pass", "models.C", "keras.models.C"),
        ("import keras\ndef f() -> keras.C: pass", "keras.C", "keras.C"),
        ("import keras\ndef f(*a: keras.C, **b: keras.D): pass", "keras.D", "keras.D"),
        ("import keras\n@keras.C\ndef f(): pass", "keras.C", "keras.C"),
        ("import keras\nclass A(keras.C): pass", "keras.C", "keras.C"),
        ("import keras\nx: keras.C", "keras.C", "keras.C"),
    ],
)  # fmt: skip
def test_full_names_everywhere(code: str, expression: str, expected: str) -> None:
    module = names(code)
    assert module.full_name(named(module, expression)) == expected


def test_around_and_statement() -> None:
    module = names("def f():\n    return g(h(1))\n")
    inner = named(module, "h(1)")
    kinds = [type(each).__name__ for each in module.around(inner)]
    assert kinds == ["Call", "Return", "FunctionDef", "Module"]
    assert isinstance(module.statement(inner), ast.Return)


def test_reads_of_a_scope() -> None:
    module = names("x = 1\nprint(x)\ndef f(x):\n    return x\ndef g():\n    return x\n")
    found = module.reads("x", module.scope)
    assert found is not None
    assert [each.lineno for each in found] == [2, 6]


def test_one_binding_or_several() -> None:
    module = names("x = 1\ny = x\nif y:\n    x = 2\nprint(x)\n")
    reads = module.reads("x", module.scope)
    assert reads is not None
    first, last = reads
    assert module.binding(first) is not None
    assert module.binding(last) is None
    assert len(module.bindings(last)) == 2


@pytest.mark.parametrize(
    "code",
    [
        "x = 1",
        "def x(): pass",
        "class x: pass",
        "def f(x): pass",
        "for x in y: pass",
        "try: pass\nexcept E as x: pass",
        "del x",
        "(x := 1)",
    ],
)
def test_what_binds_a_name(code: str) -> None:
    assert names(code).binds("x")
    assert not names(code).binds("z")


def test_imports_apart() -> None:
    module = names("import a.b\nimport a.b as c\nfrom . import d\nfrom e import f as a\n")
    assert not module.binds("a")
    assert [full for _, full in module.imports_of("a")] == ["a.b", "e.f"]
    assert [full for _, full in module.imports_of("c")] == ["a.b"]
    assert [full for _, full in module.imports_of("d")] == ["..d"]


def test_nodes_and_parents_are_those_of_ast() -> None:
    module = names(
        "import a\n\nclass B(a.C):\n    def d(self, *e, f=1): return [f'{e!r:>4}', {**f}]\n"
    )
    assert module.nodes == list(ast.walk(module.tree))
    assert module.parents == {
        child: node for node in ast.walk(module.tree) for child in ast.iter_child_nodes(node)
    }
