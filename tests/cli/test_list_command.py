"""`keras-ckpt list` and `keras-ckpt prune`, for people and for programs."""

from __future__ import annotations

import html.parser
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner
from training import Scores, fit

from keras_ckpt import ModelCheckpoint, runtime
from keras_ckpt.cli import main

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="tried on Keras 3")

SCORES = [3.0, 1.0, 2.0, 4.0]


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture
def directory(tmp_path: pathlib.Path, monkeypatch: Any) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    checkpoint = ModelCheckpoint("run/{epoch}.keras", "score", mode="min", keep_period=1)
    fit(checkpoint, 4, Scores(SCORES))
    return tmp_path


def test_the_table_and_the_curve(directory: pathlib.Path) -> None:
    found = run("list", "run")
    assert found.exit_code == 0, found.output
    lines = found.output.splitlines()
    assert lines[0].split()[:3] == ["Checkpoint", "Run", "Epoch"]
    rows = [line for line in lines if ".keras" in line]
    assert [("*" in row) for row in rows] == [False, True, False, False]
    assert all("keep_period" in row for row in rows)
    curve = found.output[found.output.index("score of run") :].splitlines()
    drawn = [line.split("|")[1] for line in curve if "|" in line]
    # The values 3, 1, 2, 4 on eight lines from 4 down to 1.
    assert [
        next(i for i, line in enumerate(drawn) if line[c : c + 1].strip()) for c in range(4)
    ] == [
        2,
        7,
        5,
        0,
    ]
    assert drawn[7][1] == "*"
    assert drawn[0][3] == "o"
    assert curve[1].strip().startswith("4 |")


def test_as_json(directory: pathlib.Path) -> None:
    found = [json.loads(line) for line in run("list", "run", "--json").output.splitlines()]
    assert [(each["epoch"], each["value"], each["is_best"]) for each in found] == [
        (1, 3.0, False),
        (2, 1.0, True),
        (3, 2.0, False),
        (4, 4.0, False),
    ]


class Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))


def test_as_a_page_of_its_own(directory: pathlib.Path) -> None:
    os.rename("run", "<b>&run")
    assert run("list", "<b>&run", "--html", "page.html").exit_code == 0
    text = pathlib.Path("page.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("circle") == 4 + 3, "the legend has three"
    assert tags.count("tr") == 5
    assert "b" not in tags, "names are no HTML"
    assert [attrs["class"] for tag, attrs in page.tags if tag == "circle"][3:] == [
        "kept",
        "best",
        "kept",
        "kept",
    ]
    # Nothing is fetched.
    assert not any({"src", "href"} & set(attrs) for _, attrs in page.tags)
    assert "http" not in text


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
READ = """<script>
const column = name => heads.findIndex(head => head.textContent === name);
const shown = name => [...document.querySelectorAll("tbody tr")]
  .map(row => row.cells[column(name)].textContent).join(" ");
const said = [shown("Epoch")];
heads[column("Value")].click(); said.push(shown("Value"));
heads[column("Value")].click(); said.push(shown("Value"));
const dots = [...document.querySelectorAll("svg circle.kept")].slice(1);
said.push(dots.map(dot => Math.round(dot.getBoundingClientRect().y)).join(" "));
document.title = said.join("|");
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
def test_in_a_browser_the_table_sorts(directory: pathlib.Path) -> None:
    assert run("list", "run", "--html", "page.html").exit_code == 0
    page = pathlib.Path("page.html")
    page.write_text(page.read_text(encoding="utf-8") + READ, encoding="utf-8")
    found = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--dump-dom", page.resolve().as_uri()],
        capture_output=True,
        timeout=300,
        check=True,
    )
    title = found.stdout.decode().split("<title>")[1].split("</title>")[0]
    epochs, rising, falling, places = title.split("|")
    assert (epochs, rising, falling) == ("1 2 3 4", "1 2 3 4", "4 3 2 1")
    # The values 3, 2 and 4, as the best is red: what is larger is drawn higher.
    first, third, last = map(int, places.split())
    assert last < first < third


def test_where_there_are_none(tmp_path: pathlib.Path) -> None:
    found = run("list", tmp_path)
    assert found.exit_code == 2
    assert "There are no checkpoints of a run" in found.output


def test_prune_shows_first(directory: pathlib.Path) -> None:
    os.rename("run", "other")
    fit(ModelCheckpoint("run/{epoch}.keras", "score", mode="min"), 4, Scores(SCORES))
    there = sorted(os.listdir("run"))
    pathlib.Path("run/notes.txt").write_text("mine")
    found = run("prune", "run", "--max-to-keep", 1, "--keep-best-n", 1)
    assert found.exit_code == 0, found.output
    assert found.output.splitlines() == [
        f"would delete  {os.path.join('run', '1.keras')}",
        f"would delete  {os.path.join('run', '3.keras')}",
        "2 checkpoints. Add --write to delete them.",
    ]
    assert sorted(os.listdir("run")) == [*there, "notes.txt"]
    found = run("prune", "run", "--max-to-keep", 1, "--keep-best-n", 1, "--write")
    assert found.output.splitlines()[-1] == "2 checkpoints."
    assert sorted(os.listdir("run")) == ["2.keras", "4.keras", "notes.txt"]


def test_prune_leaves_what_the_run_kept_for_good(directory: pathlib.Path) -> None:
    assert run("prune", "run", "--max-to-keep", 1, "--write").output == "0 checkpoints.\n"
    assert len(os.listdir("run")) == 4


def test_prune_leaves_the_newest_that_is_whole_and_what_links_lead_to(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    fit(ModelCheckpoint("{epoch}.keras", "score", mode="min"), 5, Scores(SCORES))
    os.symlink("1.keras", "best.keras")
    with open("5.keras", "r+b") as file:
        file.seek(os.path.getsize("5.keras") // 2)
        file.write(b"damaged")
    assert run("prune", ".", "--max-to-keep", 1, "--write").exit_code == 0
    assert sorted(os.listdir()) == ["1.keras", "4.keras", "5.keras", "best.keras"]


def test_prune_asks_what_to_keep(directory: pathlib.Path) -> None:
    found = run("prune", "run")
    assert found.exit_code == 2
    assert "Say what to keep" in found.output
    assert run("prune", "run", "--max-to-keep", 0).exit_code == 2


@pytest.mark.parametrize("command", ["inspect", "list", "prune", "verify"])
def test_a_package_that_is_missing_is_an_error_of_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    more = ["--max-to-keep", "1"] if command == "prune" else []
    found = CliRunner().invoke(main, [command, "s3://bucket/run", *more])
    assert isinstance(found.exception, SystemExit), found.exception
    assert found.exit_code == (1 if command == "inspect" else 2)
    assert "s3:// needs the package" in found.output


def test_prune_where_there_is_nothing(tmp_path: pathlib.Path) -> None:
    found = CliRunner().invoke(main, ["prune", str(tmp_path / "none"), "--max-to-keep", "1"])
    assert found.exit_code == 2
    assert "There is nothing at" in found.output


def test_a_page_that_cannot_be_written(directory: pathlib.Path) -> None:
    found = CliRunner().invoke(main, ["list", "run", "--html", "nowhere/page.html"])
    assert isinstance(found.exception, SystemExit), found.exception
    assert found.exit_code == 2
    assert "nowhere" in found.output
