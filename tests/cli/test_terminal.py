"""What the commands write is safe for a terminal, and for an encoding that has little."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("click")

from keras_ckpt.cli.display.terminal import printable


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
@given(text=st.text())
def test_whatever_a_file_names_can_be_printed(encoding: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
        shown = printable(text)
    assert shown.isprintable()
    assert shown.encode(encoding).decode(encoding) == shown
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb", r"a\x1b[31mb"), ("a\nb", r"a\nb"), ("é", "é"), ("\u202e", r"\u202e")],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert printable(text) == shown
