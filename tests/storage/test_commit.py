"""What is written appears whole or not at all, whatever fails in between."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import os
import pathlib
import shutil
import stat
import tempfile
import time
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.storage import commit, scratch, temporary

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
        with contextlib.suppress(Failure), commit.replacing(str(path), ".keras") as temporary:
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
    with commit.replacing(str(link)) as temporary:
        pathlib.Path(temporary).write_bytes(b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_directory_is_not_replaced_by_a_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(IsADirectoryError), commit.replacing(str(tmp_path)):
        raise AssertionError("nothing is written")


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
        replacing = commit.replacing_members(str(path), members)
        with contextlib.suppress(Failure), replacing as temporary:
            fill(pathlib.Path(temporary), after)
            if fails:
                raise Failure
        if before is not None or not fails:
            kept = {name: old for name, old in (before or {}).items() if name not in members}
            assert tree(path) == (before if fails else dict(kept, **after))
        assert os.listdir(made) in ([], ["model"])


#: Ways to replace a directory: at once, by two renames, or member by member.
WAYS = ("exchange", "renames", "content")


def go_the_way(way: str, monkeypatch: Any, interrupted: int | None = None) -> None:
    """Has directories be replaced in that way, interrupted at the rename of a number."""
    rename, calls = os.rename, []

    def renamed(source: str, target: str) -> None:
        if way == "content" and os.path.isdir(source) and os.path.basename(source) == "model":
            raise OSError(errno.EBUSY, "a file system is mounted there")
        calls.append(target)
        if len(calls) - 1 == interrupted:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "rename", renamed)
    if way != "exchange":
        monkeypatch.setattr(commit, "exchange", lambda one, other: False)


@pytest.mark.parametrize("way", WAYS)
def test_what_else_is_in_a_directory_stays(
    way: str, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    path = tmp_path / "model"
    fill(path, {"a": b"old", "b": b"old", "other": b"stays"})
    fill(path / "below", {"deep": b"stays"})
    (path / "link").symlink_to("nowhere")
    os.mkfifo(path / "pipe")
    inode = (path / "other").stat().st_ino
    path.chmod(0o750)
    go_the_way(way, monkeypatch)
    with commit.replacing_members(str(path), ("a", "b")) as made:
        fill(pathlib.Path(made), {"a": b"new"})
    stays = {"model/other": b"stays", "model/below/deep": b"stays"}
    assert tree(tmp_path) == {"model/a": b"new", **stays}
    assert (path / "other").stat().st_ino == inode
    assert os.readlink(path / "link") == "nowhere"
    assert stat.S_ISFIFO((path / "pipe").stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize(
    ("way", "after"), [("renames", n) for n in range(4)] + [("content", n) for n in range(9)]
)
def test_an_interruption_of_the_exchange_loses_nothing(
    way: str, after: int, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    path = tmp_path / "model"
    fill(path, {"a": b"old", "b": b"old", "other": b"stays"})
    go_the_way(way, monkeypatch, after)
    replacing = commit.replacing_members(str(path), ("a", "b"))
    with contextlib.suppress(KeyboardInterrupt), replacing as made:
        fill(pathlib.Path(made), {"a": b"new", "b": b"new"})
    found = tree(path)
    assert found.pop("other") == b"stays"
    assert found in [{"a": value, "b": value} for value in (b"old", b"new")]


def test_a_directory_that_was_pushed_aside_is_brought_back(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    path = tmp_path / "model"
    fill(path, {"a": b"old"})
    os.rename(path, temporary.beside(str(path), temporary.ASIDE))
    (tmp_path / "other").mkdir()
    assert not commit.recover(str(tmp_path / "other"))
    assert not commit.recover(str(tmp_path / "nothing"))
    assert commit.recover(str(path))
    assert not path.exists()
    monkeypatch.setattr(temporary, "_is_alive", lambda pid: False)
    commit.remove_left_behind(str(tmp_path))
    assert not commit.recover(str(path))
    assert tree(path) == {"a": b"old"}


def test_threads_that_replace_one_directory(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model"

    def save(number: int) -> None:
        with commit.replacing_members(str(path), NAMES) as made:
            fill(pathlib.Path(made), dict.fromkeys(NAMES, b"%d" % number))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(200)))
    found = tree(tmp_path)
    assert sorted(found) == [f"model/{name}" for name in NAMES]
    assert len(set(found.values())) == 1


def replace(path: pathlib.Path) -> None:
    with commit.replacing(str(path)) as made:
        pathlib.Path(made).write_bytes(b"new")


def test_what_is_no_regular_file_stays(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "read_only").write_bytes(b"old")
    (tmp_path / "read_only").chmod(0o444)
    for name, error in [
        ("pipe", OSError), ("device", OSError), ("itself", OSError), ("read_only", PermissionError)
    ]:  # fmt: skip
        with pytest.raises(error) as caught:
            replace(tmp_path / name)
        assert name in str(caught.value)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert (tmp_path / "read_only").read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 4


@pytest.mark.parametrize("name", ["n" * 255, "\N{SNOWMAN}" * 85, "n"])
def test_names_as_long_as_there_are(name: str, tmp_path: pathlib.Path) -> None:
    replace(tmp_path / name)
    replace(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    with commit.replacing_members(str(tmp_path / "directory" / name), ["a"]) as made:
        fill(pathlib.Path(made), {"a": b""})
    assert os.listdir(tmp_path / "directory") == [name]


def test_a_mode_that_may_not_be_given_is_no_reason_not_to_save(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    def refused(*args: Any, **kwargs: Any) -> None:
        raise PermissionError

    (tmp_path / "file").write_bytes(b"old")
    for module, name in [(shutil, "copymode"), (os, "chown"), (os, "setxattr")]:
        monkeypatch.setattr(module, name, refused)
    replace(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="there are no extended attributes")
def test_extended_attributes_and_the_owner_stay(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    is_root = os.getuid() == 0
    if is_root:
        os.chown(path, 1234, 5678)
    replace(path)
    assert path.read_bytes() == b"new"
    assert os.getxattr(path, "user.note") == b"kept"
    if is_root:
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


def test_a_file_in_a_directory_that_may_not_be_written_is_written_in_place(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    access = os.access

    def no_directories(path: str, mode: int) -> bool:
        return access(path, mode) and not os.path.isdir(path)

    monkeypatch.setattr(os, "access", no_directories)
    path = tmp_path / "file"
    with pytest.raises(PermissionError, match="file"):
        replace(path)
    path.write_bytes(b"old")
    inode = path.stat().st_ino
    with pytest.warns(UserWarning, match="is written in place"):
        replace(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replace(path)
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino == inode
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_beside_another_is_removed_afterwards(tmp_path: pathlib.Path) -> None:
    with commit.beside(str(tmp_path / "file"), ".part") as temporary:
        assert temporary == str(tmp_path / "file.part")
        pathlib.Path(temporary).write_bytes(b"x")
    assert tree(tmp_path) == {}
    with commit.beside(str(tmp_path / "file"), ".part"):
        pass


def test_a_directory_goes_though_threads_of_what_failed_still_write(
    tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    # As those of TensorStore do, once one of an Orbax checkpoint's arrays could not be written.
    written = []

    def sleep(_: float) -> None:
        if len(written) < 5:
            written.append(os.path.join(made, "array"))
            os.makedirs(written[-1])

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(OSError), commit.directory_beside(str(tmp_path / "new")) as made:
        raise OSError(errno.ENOSPC, "No space left on device")
    assert len(written) == 5
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("links", [True, False])
def test_a_file_under_another_ending(links: bool, tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    def refused(*args: Any, **kwargs: Any) -> None:
        raise OSError("no links here")

    if not links:
        monkeypatch.setattr(os, "symlink", refused)
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with scratch.under_ending(str(path), ".h5") as named:
        assert named.endswith(".h5")
        assert pathlib.Path(named).read_bytes() == b"content"
    assert not os.path.exists(named)
    assert path.read_bytes() == b"content"
    with scratch.under_ending("a.h5", ".h5") as named:
        assert named == "a.h5"


def test_clear_leaves_what_links_lead_to(tmp_path: pathlib.Path) -> None:
    elsewhere, directory = tmp_path / "elsewhere", tmp_path / "directory"
    fill(elsewhere, {"a": b"stays"})
    fill(directory, {"a": b"goes"})
    fill(directory / "sub", {"a": b"goes"})
    (directory / "link").symlink_to(elsewhere, target_is_directory=True)
    commit.clear(str(directory))
    assert tree(tmp_path) == {"elsewhere/a": b"stays"}
    assert os.listdir(directory) == []
