"""All values that an expression may have."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import Str, alternatives

OPTIONS = """
import argparse, os
p = argparse.ArgumentParser()
p.add_argument("-w", "--start-weights", default="w.ckpt")
p.add_argument("--count", type=int)
a = p.parse_args()
"""


def shown(code: str) -> list[tuple[str, str]]:
    found = alternatives(*last(code))
    return [(e.value.shown if isinstance(e.value, Str) else "?", e.default) for e in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a.start_weights", [("w.ckpt", "`--start-weights`")]),
        ("a.count", [("?", "")]),
        ("'x/' + a.start_weights", [("x/w.ckpt", "`--start-weights`")]),
        ("os.path.join('x', a.start_weights)", [("x/w.ckpt", "`--start-weights`")]),
        ("f'x/{a.start_weights}'", [("x/w.ckpt", "`--start-weights`")]),
        ("str(a.start_weights)", [("w.ckpt", "`--start-weights`")]),
        ("os.environ.get('W', 'e.tf')", [("e.tf", "`W`")]),
        ("getattr(a, 'w', 'g.tf')", [("g.tf", "`w`")]),
        ("settings.get('w', 's.tf')", [("s.tf", "`w`"), ("?", "")]),
        ("'a.h5' if x else 'b.tf'", [("a.h5", ""), ("b.tf", "")]),
        ("for n in ['a', 'b']:\n    n\nn", [("a", ""), ("b", "")]),
        ("y = 'a.h5'\nif x:\n    y = z\ny", [("?", ""), ("a.h5", "")]),
    ],
)
def test_alternatives(code: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(shown(OPTIONS + code)) == sorted(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(p='d'):\n    return p\nf()", [("d", "`p`")]),
        ("def f(p='d'):\n    return p\nf('x')", [("x", "")]),
        # Each call has its own arguments.
        ("def f(p):\n    return p\nf('other')\nf('x')", [("x", "")]),
        ("def f(p):\n    return g(p)\ndef g(q):\n    return q\nf('x')", [("x", "")]),
        ("def f(p):\n    if p == 'w':\n        return 'v'\n    return p\nf('w')", [("v", "")]),
        ("def f(p):\n    return f(p)\nf('x')", [("?", "")]),
    ],
)
def test_functions(code: str, expected: list[tuple[str, str]]) -> None:
    assert shown(code) == expected
