"""Items between commas: dropped and added as a person would."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

import libcst as cst

from keras_ckpt.migrate.fix.edits import commas


def call(code: str, dropped: list[int], added: str = "") -> str:
    node = cst.parse_expression(code)
    items = commas.of_call(node)
    items.drop(dropped)
    if added:
        items.insert(len(items.items), cst.parse_expression(f"f({added})").args[0])
    return cst.Module([]).code_for_node(commas.to_call(node, items))


@pytest.mark.parametrize(
    ("code", "dropped", "expected"),
    [
        ("f(a, b, c)", [0], "f(b, c)"),
        ("f(a, b, c)", [1], "f(a, c)"),
        ("f(a, b, c)", [2], "f(a, b)"),
        ("f(a, b,)", [1], "f(a,)"),
        ("f( a , b )", [1], "f( a )"),
        ("f(a)", [0], "f()"),
        ("f(\n    a,\n    b,\n)", [0], "f(\n    b,\n)"),
        ("f(\n    a,\n    b,\n)", [1], "f(\n    a,\n)"),
        ("f(\n    a,\n    b\n)", [1], "f(\n    a\n)"),
        ("f(a,\n  b)", [1], "f(a)"),
        ("f(a,\n  b)", [0], "f(\n  b)"),
        ("f(\n    a,  # a\n    b,  # b\n)", [1], "f(\n    a,  # a\n    # b\n)"),
        ("f(\n    a,  # a\n    b,  # b\n)", [0, 1], "f(\n    # a\n    # b\n)"),
    ],
)
def test_dropped_with_lines_and_comments(code: str, dropped: list[int], expected: str) -> None:
    assert call(code, dropped) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f()", "f(x=1)"),
        ("f(a)", "f(a, x=1)"),
        ("f(a,)", "f(a, x=1,)"),
        ("f(\n    a,\n    b\n)", "f(\n    a,\n    b,\n    x=1\n)"),
        ("f(\n    a,  # a\n    b,\n)", "f(\n    a,  # a\n    b,\n    x=1,\n)"),
    ],
)
def test_added_as_the_others_stand(code: str, expected: str) -> None:
    assert call(code, [], "x=1") == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("{'a': 1, 'b': 2}", "{'b': 2}"),
        ("{ 'a': 1, 'b': 2 }", "{ 'b': 2 }"),
        ("{\n    'a': 1,  # a\n    'b': 2,\n}", "{\n    # a\n    'b': 2,\n}"),
        ("{'a': 1}", "{}"),
        ("{\n    'a': 1,  # a\n}", "{\n    # a\n}"),
        ("{\n    'a': 1  # a\n}", "{\n    # a\n}"),
    ],
)
def test_items_of_a_dict(code: str, expected: str) -> None:
    node = cst.parse_expression(code)
    items = commas.of_dict(node)
    items.drop([0])
    assert cst.Module([]).code_for_node(commas.to_dict(node, items)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from a import b, c", "from a import c"),
        ("from a import (b, c)", "from a import (c)"),
        ("from a import (\n    b,\n    c,\n)", "from a import (\n    c,\n)"),
    ],
)
def test_names_of_an_import(code: str, expected: str) -> None:
    node = cst.parse_statement(code).body[0]
    items = commas.of_import(node)
    items.drop([0])
    assert cst.Module([]).code_for_node(commas.to_import(node, items)) == expected
