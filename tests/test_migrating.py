"""docs/migrating.md: its commands print what it says."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

import documents
import pytest

from keras_ckpt import runtime

pytestmark = pytest.mark.slow

if not runtime.is_keras_3() or runtime.backend() != "tensorflow" or sys.version_info < (3, 10):
    pytest.skip("the page is of Keras 3 on TensorFlow", allow_module_level=True)
for name in ("click", "rich", "libcst"):
    if importlib.util.find_spec(name) is None:
        pytest.skip("the commands need " + name, allow_module_level=True)

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "migrating.md"


def test_the_page_shows_what_the_commands_print(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    assert documents.played(page, tmp_path).splitlines() == page.splitlines()
