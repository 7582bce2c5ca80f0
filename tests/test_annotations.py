"""`Any` stands in annotations only where nothing better is true.

mypy, in `tox -e lint`, holds the code to the annotations, and would let each `Any` pass. The
aliases in `_typing.py` say what an object of Keras is, where Keras has no types.
"""

from __future__ import annotations

import ast
import pathlib
from typing import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

#: What a whole package of 27,000 lines may have. Lower it when there are fewer.
MOST = 150


def annotations(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from (
                each.annotation
                for each in ast.walk(node.args)
                if isinstance(each, ast.arg) and each.annotation is not None
            )
            if node.returns is not None:
                yield node.returns
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation


def count(text: str) -> int:
    return sum(
        isinstance(each, ast.Name) and each.id == "Any"
        for annotation in annotations(ast.parse(text))
        for each in ast.walk(annotation)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: Any", 1),
        ("def f(a: Any, *b: dict[str, Any], c: Any = Any, **d: int) -> list[Any]: ...", 4),
        ("async def f(self): x: Callable[[Any], Any] = Any", 2),
        ("from typing import Any\nx = Any\ny: Anything", 0),
    ],
)
def test_what_is_counted(text: str, expected: int) -> None:
    assert count(text) == expected


def test_any_is_rare() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): count(path.read_text(encoding="utf-8"))
        for folder in ("keras_ckpt", "compat")
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    assert len(found) > 100
    assert sum(found.values()) < MOST, {path: many for path, many in found.items() if many}
