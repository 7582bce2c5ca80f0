"""The pages of the rules: written as they are in docs/rules, with ranges of releases."""

from __future__ import annotations

import pathlib

from keras_ckpt.migrate.releases.release import every
from keras_ckpt.migrate.report import pages
from keras_ckpt.migrate.rules.definition import rules

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_the_pages_are_those_of_the_rules() -> None:
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert written == pages.texts(), "run `python -m keras_ckpt.migrate.report.pages docs/rules`"


def test_a_page_has_both_examples_and_how_to_silence_it() -> None:
    for rule in rules().values():
        page = pages.page(rule)
        assert page.startswith(f"# {rule.code}: {rule.name}\n")
        assert rule.before.strip() in page and rule.after.strip() in page
        assert page.endswith(f"`# noqa: {rule.code}` on a line of the call turns it off there.\n")


def test_releases_that_follow_each_other_are_a_range() -> None:
    (line,) = pages.concerned(rules()["KC101"])
    first = [each for each in every() if each.is_keras_3][0]
    last = every()[-1]
    assert line == f"- from TF 2.0–2.15 to {first.title}–{last.name}"
    assert pages.concerned(rules()["KC001"]) == ["All."]


def test_what_goes_both_ways_has_two_lines() -> None:
    there, back = pages.concerned(rules()["KC301"])
    assert there.startswith("- from TF 2.0–2.1 to TF 2.2–2.15, Keras 3.0")
    assert back.endswith(" to TF 2.0–2.1")


def test_all_rules_are_listed_by_group(tmp_path: pathlib.Path) -> None:
    pages.main(str(tmp_path / "new"))
    index = (tmp_path / "new" / "README.md").read_text(encoding="utf-8")
    links = [line.split("]")[0][3:] for line in index.splitlines() if line.startswith("| [")]
    assert links == list(rules())
    assert index.index("## Arguments") < index.index("## Saving and loading")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(pages.texts())
