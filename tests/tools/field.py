"""Counts what `keras-ckpt check` finds in clones of real code: a table, one line for each clone.

    python tests/tools/field.py FOLDER [--from 2.4] [--missed]

FOLDER has one clone in each of its folders. `--missed` lists the calls that save or load, by their
names alone, of which nothing is said: to read through by hand, after a change of the rules.
"""

from __future__ import annotations

import argparse
import ast
import collections
import pathlib
import time
from typing import Iterator

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import discovery, source
from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.report.finding import Result

NAMES = (
    *("ModelCheckpoint", "load_model", "load_weights", "save", "save_model", "save_weights"),
    "latest_checkpoint",
)


def row(name: str, result: Result, seconds: float) -> str:
    codes = collections.Counter(each.code for each in result.findings)
    counts = " ".join(f"{code}:{count}" for code, count in sorted(codes.items()))
    notes = len(result.findings) - len(result.errors_found)
    figures = f"{result.files:6} {len(result.errors_found):6} {notes:6} {seconds:7.1f}"
    return f"{name[:40]:40} {figures}  {counts}"


def missed(files: list[str], result: Result) -> Iterator[str]:
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
                yield f"    {path}:{places[0].line}: {ast.unparse(node)[:100]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--from", dest="old", default="2.4")
    parser.add_argument("--missed", action="store_true")
    arguments = parser.parse_args()
    print(f"{'clone':40} {'files':>6} {'found':>6} {'notes':>6} {'seconds':>7}  by rule")
    total: Result | None = None
    for folder in sorted(each for each in arguments.folder.iterdir() if each.is_dir()):
        files = discovery.find([str(folder)])
        begun = time.perf_counter()
        with checker.no_garbage():
            result = checker.check(files, release(arguments.old))
        print(row(folder.name, result, time.perf_counter() - begun))
        for line in missed(files, result) if arguments.missed else ():
            print(line)
        if total is None:
            total = result
        else:
            total.findings += result.findings
            total.files += result.files
    if total is not None:
        print(row("all", total, 0.0))


if __name__ == "__main__":
    main()
