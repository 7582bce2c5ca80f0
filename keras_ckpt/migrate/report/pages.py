"""The page of documentation of each rule, in Markdown, from the rule itself.

python -m keras_ckpt.migrate.report.pages docs/rules
"""

from __future__ import annotations

import os
import sys

from keras_ckpt.migrate.releases.release import Release, every
from keras_ckpt.migrate.rules.definition import Rule, rules

_GROUPS = {
    "0": "Files",
    "1": "Arguments",
    "2": "Paths",
    "3": "Frequency",
    "4": "Metrics",
    "5": "Subclasses",
    "6": "Saving and loading",
    "7": "Found by a run",
    "9": "What is not followed",
}


def title(rule: Rule) -> str:
    """Returns code and name of a rule."""
    return f"{rule.code}: {rule.name}"


def page(rule: Rule) -> str:
    """Returns the page of a rule."""
    return "\n".join(
        [
            "# " + title(rule),
            "",
            "## What it does",
            "",
            rule.what,
            "",
            "## Why it matters",
            "",
            rule.why,
            "",
            "## Example",
            "",
            "```python",
            rule.before.strip(),
            "```",
            "",
            "Write instead:",
            "",
            "```python",
            rule.after.strip(),
            "```",
            "",
            "## Releases concerned",
            "",
            *concerned(rule),
            "",
            f"`# noqa: {rule.code}` on a line of the call turns it off there.",
            "",
        ]
    )


def concerned(rule: Rule) -> list[str]:
    """Returns which pairs of releases a rule concerns, as lines of a list."""
    releases = every()
    if all(rule.concerns(old, new) for old in releases for new in releases):
        return ["All."]
    groups: list[tuple[list[Release], list[Release]]] = []
    for old in releases:
        concerns = [new for new in releases if rule.concerns(old, new)]
        if not concerns:
            continue
        if groups and groups[-1][1] == concerns and _follow(groups[-1][0][-1], old):
            groups[-1][0].append(old)
        else:
            groups.append(([old], concerns))
    return [f"- from {_ranges(old)} to {_ranges(new)}" for old, new in groups]


def _follow(one: Release, other: Release) -> bool:
    releases = every()
    return releases.index(other) == releases.index(one) + 1


def _ranges(some: list[Release]) -> str:
    ranges: list[list[Release]] = []
    for each in some:
        same_kind = ranges and ranges[-1][-1].is_keras_3 == each.is_keras_3
        if same_kind and _follow(ranges[-1][-1], each):
            ranges[-1].append(each)
        else:
            ranges.append([each])
    texts = []
    for each_range in ranges:
        first, last = each_range[0], each_range[-1]
        texts.append(first.title if first is last else f"{first.title}–{last.name}")
    return ", ".join(texts)


def index() -> str:
    """Returns the page that lists all rules."""
    lines = [
        "# Rules",
        "",
        "What `keras-ckpt check` finds. `keras-ckpt rule KC101` prints the page of a rule.",
        "",
        "A finding is an error, and `check` then exits with 1. Rules that begin with KC9 say what",
        "is not followed, and is to be read by hand: alone they leave the exit code at 0.",
        "`--ignore KC9` leaves them out.",
    ]
    group = ""
    for code, rule in rules().items():
        if _GROUPS[code[2]] != group:
            group = _GROUPS[code[2]]
            lines += ["", "## " + group, "", "| code | name | what it does |", "|---|---|---|"]
        lines.append(f"| [{code}]({code}.md) | {rule.name} | {rule.what} |")
    return "\n".join(lines) + "\n"


def texts() -> dict[str, str]:
    """Returns all pages by the names of their files."""
    pages = {code + ".md": page(rule) for code, rule in rules().items()}
    return dict(pages, **{"README.md": index()})


def main(directory: str) -> None:
    """Writes all pages."""
    os.makedirs(directory, exist_ok=True)
    for name, text in texts().items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
