"""What is called by another way than its name."""

from __future__ import annotations

import ast

import pytest

from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.sites import references


def last_call(code: str) -> tuple[ast.Call, references.Position]:
    node, at = Module(ast.parse("import keras\n" + code)).calls[0]
    return node, at


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("keep = model.save\nkeep('a')", "model.save"),
        ("getattr(self.model, 'save')('a')", "self.model.save"),
        ("name = 'save'\ngetattr(model, name)('a')", "model.save"),
        ("keep = getattr(model, 'save')\nkeep('a')", "model.save"),
        ("keep = model.fit\nkeep('a')", None),
        ("getattr(model, name)('a')", None),
        ("keep('a')", None),
    ],
)
def test_the_method_that_is_called(code: str, expected: str | None) -> None:
    calls = Module(ast.parse(code)).calls
    node, at = next(each for each in calls if getattr(each.node.func, "id", "") != "getattr")
    found = references.method(node.func, at, ["save"])
    assert (ast.unparse(found.node) if found is not None else None) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("{'a': keras.callbacks.X, 'b': keras.callbacks.Y}['a']()", [("X", True)]),
        ("{'a': keras.callbacks.X, 'b': keras.callbacks.Y}[a]()", [("X", False), ("Y", False)]),
        ("{'a': keras.callbacks.X}.get('a')()", [("X", True)]),
        ("getattr(keras.callbacks, 'X')()", [("X", True)]),
        ("getattr(keras.callbacks, x)()", [("ModelCheckpoint", False)]),
        ("getattr(keras.layers, x)()", []),
        ("table[a]()", []),
    ],
)
def test_what_may_be_called(code: str, expected: list[tuple[str, bool]]) -> None:
    node, at = last_call(code)
    found = references.chosen(node.func, at)
    assert [(each.means.name.rpartition(".")[2], each.sure) for each in found] == expected


def test_what_is_handed_on() -> None:
    calls = Module(ast.parse("map(load, a)\nisinstance(a, B)\nThread(target=m.save)")).calls
    found = [ast.unparse(each) for call in calls for each in references.handed_on(call)]
    assert found == ["load", "a", "m.save"]
