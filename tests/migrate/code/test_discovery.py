"""The files below some paths."""

from __future__ import annotations

import os
import pathlib

import pytest

from keras_ckpt.migrate.code.discovery import PathNotFound, find


@pytest.fixture
def tree(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "src/b.py",
        "src/a.pyw",
        "src/n.ipynb",
        "src/notes.txt",
        "src/deep/c.py",
        "venv/x.py",
        ".git/x.py",
        "build/x.py",
        "node_modules/x.py",
        "src/__pycache__/x.py",
        "src/p.egg-info/x.py",
        "own/pyvenv.cfg",
        "own/x.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


def found(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [each.replace(os.sep, "/") for each in find(paths, exclude)]


@pytest.mark.usefixtures("tree")
def test_python_in_order_without_what_is_installed() -> None:
    assert found(".") == ["src/a.pyw", "src/b.py", "src/n.ipynb", "src/deep/c.py"]


@pytest.mark.usefixtures("tree")
def test_what_is_named_is_entered_and_each_file_comes_once() -> None:
    assert found("venv") == ["venv/x.py"]
    assert found("src/deep", "src/deep/c.py", "src/deep") == ["src/deep/c.py"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("src", []),
        ("src/", []),
        ("deep", ["src/a.pyw", "src/b.py", "src/n.ipynb"]),
        ("*.py", ["src/a.pyw", "src/n.ipynb"]),
        ("src/*.py", ["src/a.pyw", "src/n.ipynb"]),
        ("deep/c.py", ["src/a.pyw", "src/b.py", "src/n.ipynb"]),
        ("b", ["src/a.pyw", "src/b.py", "src/n.ipynb", "src/deep/c.py"]),
    ],
)
def test_patterns_leave_out(pattern: str, left: list[str]) -> None:
    assert found(".", exclude=(pattern,)) == left


def test_a_named_file_is_python_by_its_ending_or_its_first_line(tree: pathlib.Path) -> None:
    (tree / "script").write_text("#!/usr/bin/env python3\n")
    (tree / "shell").write_text("#!/bin/sh\n")
    assert found("script", "shell", "src/notes.txt") == ["script"]
    with pytest.raises(PathNotFound, match="There is no file or directory absent"):
        find(["src", "absent"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_links_and_pipes(tree: pathlib.Path) -> None:
    (tree / "src" / "circle").symlink_to(tree / "src", target_is_directory=True)
    (tree / "src" / "lost.py").symlink_to(tree / "nowhere.py")
    os.mkfifo(tree / "src" / "pipe.py")
    # That a link leads nowhere is said when it is read.
    assert found("src") == ["src/a.pyw", "src/b.py", "src/lost.py", "src/n.ipynb", "src/deep/c.py"]
