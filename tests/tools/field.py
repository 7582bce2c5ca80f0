"""Counts what `keras-ckpt check` finds in clones of real code: a table, one line for each clone.

    python tests/tools/field.py FOLDER [--from 2.4] [--missed] [--verdicts FILE] [--judge]

FOLDER has one clone in each of its folders. `--missed` lists the calls that save or load, by their
names alone, of which nothing is said: to read through by hand, after a change of the rules.

`--verdicts FILE` prints how much of what breaks is found (recall), found or named as not followed,
and how much of what is found breaks (precision). FILE says what someone has read, a line for each
place: `clone/train.py:12 breaks`, `clone/a.ipynb:3:7-9 fine` (cell 3, lines 7 to 9). `--judge`
prints the places without a verdict in this form, with their code, to be added to FILE.
"""

from __future__ import annotations

import argparse
import ast
import collections
import os
import pathlib
import re
import time
from typing import Iterable, Iterator, NamedTuple

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import discovery, source
from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.report.finding import Finding, Result

NAMES = (
    *("ModelCheckpoint", "load_model", "load_weights", "save", "save_model", "save_weights"),
    "latest_checkpoint",
)
_VERDICT = re.compile(
    r"(?P<path>.+?):((?P<cell>\d+):)?(?P<first>\d+)(-(?P<last>\d+))?\s+(?P<verdict>breaks|fine)\b.*"
)


class Place(NamedTuple):
    """Some lines of a file, or of a cell of a notebook."""

    path: str
    cell: int
    first: int
    last: int

    def has(self, finding: Finding, top: pathlib.Path) -> bool:
        """Returns whether something is found here."""
        if (relative(finding.path, top), finding.cell) != (self.path, self.cell):
            return False
        return self.first <= finding.line <= self.last


class Rates(NamedTuple):
    """How well what is found fits verdicts.

    Args:
        breaks, found, named: the places that break, those of them that are found, and those that
            are found or named as not followed.
        false: the places that are found, and do not break.
        unread: the findings without a verdict.
    """

    breaks: int
    found: int
    named: int
    false: int
    unread: list[Finding]

    def text(self) -> str:
        """Returns them as percentages."""
        return (
            f"recall {percent(self.found, self.breaks)} ({self.found} of {self.breaks}), "
            f"found or named {percent(self.named, self.breaks)}, "
            f"precision {percent(self.found, self.found + self.false)} ({self.false} false), "
            f"without a verdict {len(self.unread)}"
        )


def percent(part: int, whole: int) -> str:
    """Returns a part as a percentage, rounded down so that 100 % is all."""
    return f"{part * 1000 // whole / 10} %" if whole else "-"


def relative(path: str, top: pathlib.Path) -> str:
    """Returns a path below a folder, as verdicts have it."""
    return pathlib.PurePath(os.path.relpath(path, top)).as_posix()


def verdicts(text: str) -> dict[Place, bool]:
    """Returns which places break, by what someone has written down of them."""
    found = {}
    for line in text.splitlines():
        match = _VERDICT.fullmatch(line.strip())
        if match is None:
            if line.strip() and not line.startswith("#"):
                raise SystemExit(f"This is no verdict: {line}")
            continue
        first = int(match["first"])
        last = int(match["last"] or first)
        place = Place(match["path"], int(match["cell"] or 0), first, last)
        found[place] = match["verdict"] == "breaks"
    return found


def rates(findings: Iterable[Finding], known: dict[Place, bool], top: pathlib.Path) -> Rates:
    """Returns how well findings fit verdicts."""
    by_file: dict[str, list[Finding]] = collections.defaultdict(list)
    for each in findings:
        by_file[relative(each.path, top)].append(each)
    counts: collections.Counter[str] = collections.Counter()
    read: set[Finding] = set()
    for place, breaks in known.items():
        here = [each for each in by_file[place.path] if place.has(each, top)]
        errors = [each for each in here if each.level == "error"]
        read.update(errors)
        if breaks:
            counts["breaks"] += 1
            counts["found"] += bool(errors)
            counts["named"] += bool(here)
        else:
            counts["false"] += bool(errors)
    every = [each for row in by_file.values() for each in row if each.level == "error"]
    unread = [each for each in every if each not in read]
    return Rates(counts["breaks"], counts["found"], counts["named"], counts["false"], unread)


def row(name: str, result: Result, seconds: float) -> str:
    codes = collections.Counter(each.code for each in result.findings)
    counts = " ".join(f"{code}:{count}" for code, count in sorted(codes.items()))
    notes = len(result.findings) - len(result.errors_found)
    figures = f"{result.files:6} {len(result.errors_found):6} {notes:6} {seconds:7.1f}"
    return f"{name[:40]:40} {figures}  {counts}"


def missed(files: list[str], result: Result) -> Iterator[tuple[str, source.Place, str]]:
    """Returns the calls that save or load of which nothing is said."""
    said = {(each.path, each.cell, each.line) for each in result.findings}
    for path in files:
        try:
            read = source.read(path)
        except source.Unreadable:
            continue
        tree = source.parsed(read.text) if read.mentions() else None
        for node in ast.walk(tree) if isinstance(tree, ast.Module) else ():
            if not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "attr", getattr(node.func, "id", "")) not in NAMES:
                continue
            places = [read.place(line) for line in range(node.lineno, read.ends(node)[0] + 1)]
            if not any((path, each.cell or 0, each.line) in said for each in places):
                yield path, places[0], ast.unparse(node)[:100]


def unread(
    top: pathlib.Path, files: list[str], result: Result, known: dict[Place, bool]
) -> Iterator[str]:
    """Returns the places of which there is no verdict, as lines of a file of them."""
    for each in sorted(rates(result.findings, known, top).unread):
        cell = f"{each.cell}:" if each.cell else ""
        shown = each.message[:110]
        yield f"{relative(each.path, top)}:{cell}{each.line} breaks?  {each.code} {shown}"
    for path, place, code in missed(files, result):
        name, cell = relative(path, top), place.cell or 0
        if not any(
            (each.path, each.cell) == (name, cell) and each.first <= place.line <= each.last
            for each in known
        ):
            yield f"{name}:{f'{cell}:' if cell else ''}{place.line} fine?  {code}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--from", dest="old", default="2.4")
    parser.add_argument("--missed", action="store_true")
    parser.add_argument("--verdicts", type=pathlib.Path)
    parser.add_argument("--judge", action="store_true")
    arguments = parser.parse_args()
    top = arguments.folder
    known = verdicts(arguments.verdicts.read_text("utf-8")) if arguments.verdicts else {}
    print(f"{'clone':40} {'files':>6} {'found':>6} {'notes':>6} {'seconds':>7}  by rule")
    total: Result | None = None
    for folder in sorted(each for each in top.iterdir() if each.is_dir()):
        files = discovery.find([str(folder)])
        begun = time.perf_counter()
        with checker.no_garbage():
            result = checker.check(files, release(arguments.old))
        print(row(folder.name, result, time.perf_counter() - begun))
        for path, place, code in missed(files, result) if arguments.missed else ():
            print(f"    {path}:{place.line}: {code}")
        for line in unread(top, files, result, known) if arguments.judge else ():
            print("    " + line)
        if total is None:
            total = result
        else:
            total.findings += result.findings
            total.files += result.files
    if total is not None:
        print(row("all", total, 0.0))
        if arguments.verdicts:
            print(rates(total.findings, known, top).text())


if __name__ == "__main__":
    main()
