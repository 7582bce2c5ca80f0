"""What stands in the place of a node of LibCST."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

import libcst as cst

from keras_ckpt.migrate.fix.answers import CannotRewrite
from keras_ckpt.migrate.fix.edits import nodes
from keras_ckpt.migrate.fix.edits.nodes import CallEdit


def code(node: object) -> str:
    return cst.Module([]).code_for_node(node)


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("f(a, b)", CallEdit(named={1: "x"}), "f(a, x=b)"),
        ("f(a, y = b)", CallEdit(named={1: "x"}), "f(a, x = b)"),
        # As in `ast`, those by position come first.
        ("f(x=1, *more)", CallEdit(dropped={1}), "f(*more)"),
        ("f(a, x=1)", CallEdit(values={1: '"min"'}), 'f(a, x="min")'),
        ("f(a, **more)", CallEdit(added={"x": "1"}), "f(a, x=1, **more)"),
        ("m.f(a)", CallEdit(function="k.g", receiver=True), "k.g(m, a)"),
        ("m.f()", CallEdit(function="k.g", receiver=True), "k.g(m)"),
        ("f(a)", CallEdit(function="k.g"), "k.g(a)"),
        ("k.g(m, a)", CallEdit(method="f"), "m.f(a)"),
        ("k.g(m or n, a)", CallEdit(method="f"), "(m or n).f(a)"),
        ("k.g(m[0], path=a)", CallEdit(method="f", named={1: "filepath"}), "m[0].f(filepath=a)"),
    ],
)
def test_calls(before: str, edit: CallEdit, after: str) -> None:
    assert code(nodes.changed_call(cst.parse_expression(before), edit)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'a.h5'", "'a.x'"),
        ('r"""a.h5"""', 'r"""a.x"""'),
        ("f'{a}.h5'", "f'{a}.x'"),
        ("'b' 'a.h5'", "'b' 'a.x'"),
        ("('b'\n 'a.h5')", "('b'\n 'a.x')"),
        ("'b' f'{a}.h5'", "'b' f'{a}.x'"),
    ],
)
def test_the_end_of_a_string(before: str, after: str) -> None:
    def change(text: str) -> str | None:
        return text[:-2] + "x" if text.endswith("h5") else None

    assert code(nodes.changed_end(cst.parse_expression(before), change)) == after


@pytest.mark.parametrize("before", ["'a'", "f'{a}'", "f''", "'.h5' 'a'"])
def test_an_end_that_is_not_there_is_an_error(before: str) -> None:
    with pytest.raises(CannotRewrite, match="does not end as it seems to"):
        nodes.changed_end(cst.parse_expression(before), lambda text: None)


def test_all_parts_of_a_string() -> None:
    old = cst.parse_expression("'a' f'a{a}a' 'b'")
    assert code(nodes.changed_parts(old, lambda text: text.replace("a", "c"))) == (
        "'c' f'c{a}c' 'b'"
    )


@pytest.mark.parametrize(
    ("before", "names", "after"),
    [
        ("from k.c import A", {0}, "from keras_ckpt import A\n"),
        ("from k.c import A, B  # c", {1}, "from k.c import A  # c\nfrom keras_ckpt import B\n"),
        ("from k.c import A, B; x", {0}, "from k.c import B; from keras_ckpt import A; x\n"),
        (
            "from k.c import A as a, B, C",
            {0, 2},
            "from k.c import B\nfrom keras_ckpt import A as a, C\n",
        ),
        ("from .c import A", {0}, "from keras_ckpt import A\n"),
    ],
)
def test_names_that_are_imported_from_keras_ckpt(before: str, names: set[int], after: str) -> None:
    module = cst.parse_module(before)
    done = nodes.taken(module.body[0], 0, names)
    lines = list(done) if isinstance(done, cst.FlattenSentinel) else [done]
    assert cst.Module(lines).code == after


def test_a_statement_that_shares_its_line_is_not_restated() -> None:
    with pytest.raises(CannotRewrite, match="not alone on its line"):
        nodes.restated(cst.parse_statement("a; b"), ["c"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "import y\nx = 1\n"),
        ("# c\nx = 1\n", "# c\nimport y\nx = 1\n"),
        ("'doc'\nx = 1\n", "'doc'\nimport y\nx = 1\n"),
        ("from __future__ import a\n", "from __future__ import a\nimport y\n"),
        ("x = 1\nfrom k import a\n", "import y\nx = 1\nfrom k import a\n"),
    ],
)
def test_the_first_place_in_a_module(before: str, after: str) -> None:
    assert nodes.with_first(cst.parse_module(before), ["import y"]).code == after
