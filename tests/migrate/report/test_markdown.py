"""Findings as Markdown: what a reader of it makes of them is what was found."""

from __future__ import annotations

import dataclasses
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_render import OF_CELL, OF_FILE, result

from keras_ckpt.migrate.report.markdown import as_markdown


def cells(text: str) -> list[list[str]]:
    """Returns the tables of some Markdown as a reader shows them."""
    markdown_it = pytest.importorskip("markdown_it")
    made = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    rows = re.findall(r"<tr>(.*?)</tr>", made, re.DOTALL)
    return [
        [
            html.unescape(re.sub(r"</?code>", "`", each))
            for each in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)
        ]
        for row in rows
    ]


def test_a_table_for_each_file() -> None:
    assert as_markdown(result(OF_FILE, OF_CELL, errors=["z.py is *no* text."])) == (
        "**keras-ckpt**: 2 findings in 2 files, from TF 2.4 () to Keras 3.8.\n"
        "\n"
        "### `d/x.py`\n"
        "\n"
        "| line | rule | what happens | what to write |\n"
        "|---|---|---|---|\n"
        "| 2 | KC101 period | It raises: 100%. | Do. |\n"
        "\n"
        "### `n.ipynb`\n"
        "\n"
        "| line | rule | what happens | what to write |\n"
        "|---|---|---|---|\n"
        "| cell 3, line 2 | KC202 model-ending | It raises. | Do. |\n"
        "\n"
        "### Errors\n"
        "\n"
        "- z.py is \\*no\\* text."
    )


def test_nothing_is_one_line() -> None:
    assert as_markdown(result()).count("\n") == 0


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="`&")))
def test_whatever_a_message_says_is_shown_as_it_is(message: str) -> None:
    found = dataclasses.replace(OF_FILE, message=f"a{message}b", advice="Write `x | y`, not <b>.")
    _, row = cells(as_markdown(result(found)))
    assert row[2] == " ".join(f"a{message}b".split())
    assert row[3] == "Write `x | y`, not <b>."
