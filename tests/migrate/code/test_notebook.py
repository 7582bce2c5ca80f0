"""The code of notebooks, as Python with its lines where they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.migrate.code import notebook


def cell(source: object, kind: str = "code") -> dict[str, object]:
    return {"cell_type": kind, "source": source}


def test_cells_are_counted_with_those_of_text() -> None:
    content = {"cells": [cell("# t", "markdown"), cell("a\nb"), cell(["c\n", "d"]), cell([])]}
    assert notebook.code_cells(content) == [(2, "a\nb"), (3, "c\nd"), (4, "")]


def test_format_3() -> None:
    old = {"cell_type": "code", "input": ["a"]}
    sheets = [{"cells": [old]}, {}, {"cells": [old, old]}]
    assert notebook.code_cells({"worksheets": sheets}) == [(1, "a"), (2, "a"), (3, "a")]


@pytest.mark.parametrize(
    ("metadata", "count"),
    [
        ({}, 1),
        (None, 1),
        ({"kernelspec": {"language": "python"}}, 1),
        ({"kernelspec": {"language": "R"}}, 0),
        ({"language_info": {"name": "ipython"}}, 1),
        ({"kernelspec": {"language": "R"}, "language_info": {"name": "Python"}}, 1),
    ],
)
def test_of_python_only(metadata: object, count: int) -> None:
    content = {"cells": [cell("a")], "metadata": metadata}
    assert len(notebook.code_cells(content)) == count


@pytest.mark.parametrize(
    "content",
    [None, [], 3, {}, {"cells": 3}, {"cells": [3]}, {"worksheets": {}}, {"cells": [cell(5)]},
     {"cells": [], "metadata": 3}],
)  # fmt: skip
def test_what_is_no_notebook_is_an_error(content: object) -> None:
    with pytest.raises(ValueError):
        notebook.code_cells(content)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls", "if x:\n    pass"),
        ("!pip install \\\n  tensorflow\nx", "pass\n\nx"),
        ("files = !ls", "files = None"),
        ("a, b = %sql x", "a, b = None"),
        ("model?\n?model\nmodel??", "pass\npass\npass"),
        ("%time f(x)", "if 1: f(x)"),
        ("%timeit  f(x)", "if 1:    f(x)"),
        ("%timeit -n 3 f(x)", "if 1:        f(x)"),
        ("%timeit -n1 -r 2 -o f(x)", "if 1:               f(x)"),
        ("%prun -s cumulative f(x)", "if 1:               f(x)"),
        ("%memit f(x)", "if 1:  f(x)"),
        ("r = %timeit -o f(x)", "r =            f(x)"),
        ("%time !ls", "pass"),
        ("%%timeit -n 3\nf(x)", "pass\nf(x)"),
        ("%%time\nf(x)", "pass\nf(x)"),
        ("%%capture out\nf(x)", "pass\nf(x)"),
        ("%%bash\nls\nls", "\n\n"),
        ("\n%%bash\nls", "\n\n"),
        ("x = a % b", "x = a % b"),
    ],
)
def test_magics_are_blanked(code: str, expected: str) -> None:
    assert notebook.without_magics(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%%writefile a.py\nf(x)", "\nf(x)"),
        ("%%writefile -a src/a.py\nf(x)", "\nf(x)"),
        ("\n%%file 'a.py' \nf(x)\n", "\n\nf(x)\n"),
        ("%%python3\nf(x)", "\nf(x)"),
        ("%%script env python\nf(x)", "\nf(x)"),
        ("%%writefile a.yaml\nf: x", None),
        ("%%bash\nls a.py", None),
        ("%%time\nf(x)", None),
        ("f(x)", None),
    ],
)
def test_cells_that_are_programs_of_their_own(code: str, expected: str | None) -> None:
    assert notebook.program(code) == expected


def test_what_is_timed_stays_in_its_column() -> None:
    for name in ("%time", "%timeit", "%time  "):
        line = f"    {name} f(x)"
        assert notebook.without_magics(line).index("f(x)") == line.index("f(x)")


@given(st.text(alphabet="%!?=\n\\ ax'\"(:", max_size=60))
def test_lines_stay(text: str) -> None:
    assert notebook.without_magics(text).count("\n") == text.count("\n")
