"""What is written is flushed to the disk, unless somebody says otherwise."""

from __future__ import annotations

import os
import pathlib
import shutil
from typing import Any

import pytest

from keras_ckpt.storage import commit, durability


@pytest.mark.parametrize("wrong", ["no", 1, None])
def test_only_booleans(wrong: Any) -> None:
    with pytest.raises(ValueError, match="`durable` is True or False"), durability.durable(wrong):
        pass


@pytest.fixture
def flushed(monkeypatch: Any) -> list[str]:
    """The names of what is flushed, as it is."""
    found: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        found.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system does not say which file a descriptor is of")
    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_a_file_before_it_takes_its_place_and_the_directory_after_that(
    tmp_path: pathlib.Path, flushed: list[str]
) -> None:
    path = tmp_path / "new" / "below" / "file"
    for _ in range(2):
        with commit.replacing(str(path)) as made:
            pathlib.Path(made).write_bytes(b"")
            assert flushed == []
        # And the names of the directories that may be new.
        assert flushed[:4] == [os.path.basename(made), "below", "new", tmp_path.name]
        flushed.clear()
        shutil.rmtree(tmp_path / "new")


def test_what_is_known_to_be_there_is_not_flushed_again(
    tmp_path: pathlib.Path, flushed: list[str]
) -> None:
    directory = str(tmp_path)
    durability.flush_directory(directory)
    flushed.clear()
    durability.flush_directory(directory)
    assert flushed == [tmp_path.name]


def test_all_of_a_directory(tmp_path: pathlib.Path, flushed: list[str]) -> None:
    with commit.replacing_members(str(tmp_path / "model"), ["a"]) as made:
        (pathlib.Path(made) / "a").mkdir()
        (pathlib.Path(made) / "a" / "file").write_bytes(b"")
    name = os.path.basename(made)
    assert {name, "a", "file"} <= set(flushed)
    assert tmp_path.name in flushed


def test_nothing_if_somebody_says_so(tmp_path: pathlib.Path, flushed: list[str]) -> None:
    with durability.durable(False):
        assert not durability.is_on()
        with commit.replacing(str(tmp_path / "file")) as made:
            pathlib.Path(made).write_bytes(b"")
    assert durability.is_on()
    assert flushed == []


def test_a_disk_that_fails_keeps_the_old(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", failing)
    replacing = commit.replacing(str(tmp_path / "file"))
    with pytest.raises(OSError, match="Input/output"), replacing as made:
        pathlib.Path(made).write_bytes(b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
