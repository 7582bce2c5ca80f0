"""Each room is small enough to be read, and a name stands in one of them.

`tox -e lint` holds the imports of rooms to the contracts in `.importlinter`.
"""

from __future__ import annotations

import collections
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = [ROOT / "keras_ckpt", ROOT / "compat"]

MOST_LINES = 600
MOST_MODULES = 12
#: Longer ones, and why.
LONG: dict[str, str] = {}
#: Names that stand twice, and why.
TWICE = {"saving": "in engine/ how a save goes, in compat/ what saving takes, release by release"}
#: One module for each release, and for each rule.
FULL = {"compat", "keras_ckpt/migrate/rules"}


def modules() -> list[pathlib.Path]:
    found = [path for folder in PACKAGES for path in sorted(folder.rglob("*.py"))]
    assert len(found) > 100
    return [path for path in found if path.stem not in ("__init__", "__main__")]


def test_no_folder_is_full() -> None:
    count = collections.Counter(path.parent.relative_to(ROOT).as_posix() for path in modules())
    assert {folder for folder, many in count.items() if many > MOST_MODULES} == FULL


def test_no_module_is_long() -> None:
    long = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert long == set(LONG)


def test_each_name_stands_once_in_the_tree() -> None:
    count = collections.Counter(path.stem for path in modules())
    assert {name for name, many in count.items() if many > 1} == set(TWICE)
