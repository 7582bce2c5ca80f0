"""Which paths of other files are the same, and whether a file may have one."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path, may_name, paths_in
from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.sites.finder import Sites


@pytest.mark.parametrize(
    ("there", "here", "same"),
    [
        ("a.h5", "a.h5", True),
        ("d/a.h5", "../d/a.h5", True),
        ("d/a.h5", "./d//a.h5", True),
        ("d/a.h5", "e/a.h5", False),
        ("d/a.h5", "…/a.h5", True),
        ("d/a.h5", "…a.h5", False),
        ("d/{epoch:02d}.h5", "d/07.h5", True),
        ("d/w.{epoch:02d}.h5", "d/w.07.h5", True),
        ("d/w.%02d.h5", "d/w.07.h5", True),
        ("w.{epoch}.h5", "d/w.7.h5", False),
        # A template of nothing else would be any name.
        ("{epoch}", "data", False),
        ("{epoch}", "{epoch}", True),
        ("d/", "d/", False),
    ],
)
def test_which_paths_are_the_same(there: str, here: str, same: bool) -> None:
    others = Others((Path("other.py", 1, there, ".keras"),))
    assert others.endings([here]) == ({".keras"} if same else set())


def test_an_obstacle_names_file_line_and_reason() -> None:
    others = Others((), (Path("other.py", 7, "a.h5", why="it is used."),))
    assert others.obstacle(["b.h5", "a.h5"]) == (
        "`a.h5` in other.py, line 7, would have to change, too, and cannot: it is used."
    )
    assert others.obstacle(["b.h5"]) == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [("d/a.hdf5", True), ("d/a.ckpt", False), ("w.{epoch}", True), ("w.7", True), ("w", True)],
)
def test_a_file_without_the_ending_is_not_parsed(path: str, expected: bool) -> None:
    assert may_name(b"load('x.hdf5')", None, Path("other.py", 1, path)) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("d/a.hdf5", False),
        ("x.hdf5", True),
        ("./x.hdf5", True),
        ("v_{epoch}.hdf5", False),
        ("w_{epoch}.hdf5", True),
        ("d/last.hdf5", True),
    ],
)
def test_a_file_without_the_path_is_not_rewritten_again(path: str, expected: bool) -> None:
    code = "model.load_weights('x.hdf5')\nopen('w_7.hdf5')\nopen('%s/last.hdf5' % d)\n"
    names = Names(ast.parse(code))
    paths = paths_in(names, Sites(names), release("2.4"))
    assert may_name(code.encode(), paths, Path("other.py", 1, path)) is expected
