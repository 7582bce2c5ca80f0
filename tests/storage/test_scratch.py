"""Temporary files and directories, which nothing leaves behind."""

from __future__ import annotations

import gc
import os
import pathlib
import tempfile
from typing import Any

import pytest

from keras_ckpt.storage import scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: pathlib.Path, monkeypatch: Any) -> pathlib.Path:
    """Where temporary things are made during the test."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_directory_goes_with_all_that_is_in_it(temporary: pathlib.Path) -> None:
    with pytest.raises(KeyError), scratch.directory() as path:
        pathlib.Path(path, "sub").mkdir()
        pathlib.Path(path, "sub", "file").write_bytes(b"x")
        assert len(os.listdir(temporary)) == 1
        raise KeyError
    assert os.listdir(temporary) == []


def test_a_directory_lives_as_long_as_its_object(temporary: pathlib.Path) -> None:
    made = scratch.Directory()
    pathlib.Path(made.path, "file").write_bytes(b"x")
    assert len(os.listdir(temporary)) == 1
    del made
    gc.collect()
    assert os.listdir(temporary) == []


def test_what_is_in_a_directory_can_be_copied(tmp_path: pathlib.Path) -> None:
    made = scratch.Directory()
    pathlib.Path(made.path, "file").write_bytes(b"a")
    pathlib.Path(made.path, "sub").mkdir()
    pathlib.Path(made.path, "sub", "file").write_bytes(b"b")
    target = tmp_path / "target"
    target.mkdir()
    made.copy_file("file", str(tmp_path / "alone"))
    made.copy_content(str(target))
    assert (tmp_path / "alone").read_bytes() == b"a"
    assert (target / "file").read_bytes() == b"a"
    assert (target / "sub" / "file").read_bytes() == b"b"


def test_a_file_is_written_and_read(temporary: pathlib.Path) -> None:
    with scratch.file() as opened:
        opened.write(b"content")
        opened.seek(0)
        assert opened.read() == b"content"
    assert opened.closed
    assert os.listdir(temporary) == []


def test_a_directory_that_is_kept_until_it_is_removed(temporary: pathlib.Path) -> None:
    path = scratch.make_directory()
    pathlib.Path(path, "file").write_bytes(b"x")
    assert os.listdir(temporary) == [os.path.basename(path)]
    scratch.remove_directory(path)
    assert os.listdir(temporary) == []
    with pytest.raises(FileNotFoundError):
        scratch.remove_directory(path)
