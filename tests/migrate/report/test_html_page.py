"""Findings as a page of HTML, as a browser shows it where there is one."""

from __future__ import annotations

import dataclasses
import html.parser
import pathlib
import re
import shutil
from typing import Any, Iterator

import pytest
from test_render import OF_CELL, OF_FILE, result

from keras_ckpt.migrate.report.html_page import as_html

ODD = dataclasses.replace(
    OF_FILE,
    path="<i>&\n.py",
    message="Received: <script>document.title='hit'</script> in `a < b`.",
    line=7,
)


class Checked(html.parser.HTMLParser):
    """Sees that each element is closed, and notes the names of all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_is_closed() -> None:
    page = as_html(result(ODD, OF_FILE, OF_CELL, errors=["<z>.py cannot be read."]))
    names = Checked(page).names
    assert not {"script", "link", "img", "i", "z"} & names
    assert "url(" not in page and "http" not in page
    assert "<code>a &lt; b</code>" in page


def test_nothing_found_says_so() -> None:
    page = as_html(result())
    Checked(page)
    assert "Nothing was found." in page and "By rule" not in page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    with api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except api.Error as error:
            pytest.skip(f"there is no Chromium: {error.message.splitlines()[0]}")
        yield started
        started.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 400])
def test_a_browser_shows_the_findings_by_file_and_rule(
    browser: Any, tmp_path: pathlib.Path, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(as_html(result(ODD, OF_FILE, OF_CELL)), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    assert page.title() == "3 findings for Keras 3.8"
    assert page.locator("dd").all_inner_texts() == ["3", "3", "2", "2"]
    rules = page.locator("#rules tr").all_inner_texts()[1:]
    assert [re.split(r"\s", each)[0] for each in rules] == ["KC101", "KC202"]
    files = page.locator("details summary").all_inner_texts()
    assert [each.split("\n")[0].split("1 finding")[0].strip() for each in files] == [
        "<i>& .py",
        "d/x.py",
        "n.ipynb",
    ]
    shown = page.locator("details").first
    assert "<script>document.title='hit'</script>" in shown.inner_text()
    # The longest bar is seen, and nothing is wider than the window.
    assert page.locator(".bar").first.bounding_box()["width"] > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown.locator("summary").click()
    assert not shown.locator("table").is_visible()
    # Nothing was loaded but the page, and nothing has failed.
    assert said == [path.as_uri()]
