"""What is written appears whole or not at all, whatever fails in between."""

from __future__ import annotations

import contextlib
import os
import pathlib
import stat
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.storage import atomic

NAMES = ("a", "b", "c", "d")
CONTENTS = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=4))


class Failure(Exception):
    """What goes wrong while something is written."""


def tree(directory: pathlib.Path) -> dict[str, bytes]:
    """Returns the content of each file below a directory, also of those with hidden names."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def fill(directory: pathlib.Path, contents: dict[str, bytes]) -> None:
    directory.mkdir(exist_ok=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)


@given(before=st.none() | st.binary(), after=st.binary(), fails=st.booleans())
def test_a_file_is_the_new_one_or_the_old_one(
    before: bytes | None, after: bytes, fails: bool
) -> None:
    with tempfile.TemporaryDirectory() as made:
        path = pathlib.Path(made, "new", "file")
        if before is not None:
            path.parent.mkdir()
            path.write_bytes(before)
        with contextlib.suppress(Failure), atomic.replacing(str(path), ".keras") as temporary:
            assert temporary.endswith(".keras")
            pathlib.Path(temporary).write_bytes(after)
            assert before is None or path.read_bytes() == before
            if fails:
                raise Failure
        left = before if fails else after
        assert tree(path.parent) == ({} if left is None else {"file": left})


def test_a_file_keeps_its_permissions_and_its_links(tmp_path: pathlib.Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic.replacing(str(link)) as temporary:
        pathlib.Path(temporary).write_bytes(b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_directory_is_not_replaced_by_a_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(IsADirectoryError), atomic.replacing(str(tmp_path)):
        raise AssertionError("nothing is written")


def test_files_take_their_places_in_the_order_given(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    paths = [str(tmp_path / name) for name in NAMES]
    order = []
    replace = os.replace

    def noted(source: str, target: str) -> None:
        order.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    with atomic.replacing_files(paths) as temporary:
        for name, path in zip(NAMES, temporary):
            pathlib.Path(path).write_bytes(name.encode())
        assert not any(os.path.exists(path) for path in paths)
    assert order == paths
    assert tree(tmp_path) == {name: name.encode() for name in NAMES}


def test_none_of_several_files_takes_its_place_after_a_failure(tmp_path: pathlib.Path) -> None:
    paths = [str(tmp_path / name) for name in NAMES]
    with pytest.raises(Failure), atomic.replacing_files(paths) as temporary:
        pathlib.Path(temporary[0]).write_bytes(b"a")
        raise Failure
    assert tree(tmp_path) == {}


@given(before=st.none() | CONTENTS, after=CONTENTS, fails=st.booleans())
def test_members_of_a_directory_are_replaced_all_or_none(
    before: dict[str, bytes] | None, after: dict[str, bytes], fails: bool
) -> None:
    members = ("a", "b")
    after = {name: content for name, content in after.items() if name in members}
    with tempfile.TemporaryDirectory() as made:
        path = pathlib.Path(made, "model")
        if before is not None:
            fill(path, before)
        replacing = atomic.replacing_members(str(path), members)
        with contextlib.suppress(Failure), replacing as temporary:
            fill(pathlib.Path(temporary), after)
            if fails:
                raise Failure
        if before is not None or not fails:
            kept = {name: old for name, old in (before or {}).items() if name not in members}
            assert tree(path) == (before if fails else dict(kept, **after))
        assert os.listdir(made) in ([], ["model"])


@pytest.mark.parametrize("after", range(5))
def test_an_interruption_of_the_exchange_loses_nothing(
    after: int, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    path = tmp_path / "model"
    fill(path, {"a": b"old", "b": b"old", "other": b"stays"})
    rename, calls = os.rename, []

    def interrupted(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) == after + 1:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "rename", interrupted)
    replacing = atomic.replacing_members(str(path), ("a", "b"))
    with contextlib.suppress(KeyboardInterrupt), replacing as temporary:
        fill(pathlib.Path(temporary), {"a": b"new", "b": b"new"})
    # Two renames take the old ones away, and two bring the new ones.
    value = b"new" if after == 4 else b"old"
    assert tree(tmp_path) == {"model/a": value, "model/b": value, "model/other": b"stays"}


def test_a_file_beside_another_is_removed_afterwards(tmp_path: pathlib.Path) -> None:
    with atomic.beside(str(tmp_path / "file"), ".part") as temporary:
        assert temporary == str(tmp_path / "file.part")
        pathlib.Path(temporary).write_bytes(b"x")
    assert tree(tmp_path) == {}
    with atomic.beside(str(tmp_path / "file"), ".part"):
        pass


@pytest.mark.parametrize("links", [True, False])
def test_a_file_under_another_ending(links: bool, tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    def refused(*args: Any, **kwargs: Any) -> None:
        raise OSError("no links here")

    if not links:
        monkeypatch.setattr(os, "symlink", refused)
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with atomic.under_ending(str(path), ".h5") as named:
        assert named.endswith(".h5")
        assert pathlib.Path(named).read_bytes() == b"content"
    assert not os.path.exists(named)
    assert path.read_bytes() == b"content"
    with atomic.under_ending("a.h5", ".h5") as named:
        assert named == "a.h5"


def test_clear_leaves_what_links_lead_to(tmp_path: pathlib.Path) -> None:
    elsewhere, directory = tmp_path / "elsewhere", tmp_path / "directory"
    fill(elsewhere, {"a": b"stays"})
    fill(directory, {"a": b"goes"})
    fill(directory / "sub", {"a": b"goes"})
    (directory / "link").symlink_to(elsewhere, target_is_directory=True)
    atomic.clear(str(directory))
    assert tree(tmp_path) == {"elsewhere/a": b"stays"}
    assert os.listdir(directory) == []
