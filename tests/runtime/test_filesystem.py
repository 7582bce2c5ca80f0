"""Paths, and which of them are on file systems that only TensorFlow knows."""

from __future__ import annotations

import os
import pathlib
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import runtime
from keras_ckpt.runtime import installed


def test_file_system(tmp_path: pathlib.Path) -> None:
    for gfile in (True, False):
        files = runtime.file_system(gfile=gfile)
        made = str(tmp_path / str(gfile) / "b")
        assert not files.exists(made)
        files.makedirs(made)
        assert files.exists(made)
        assert os.path.isdir(made)


def test_path_to_string() -> None:
    assert runtime.path_to_string(pathlib.Path("a")) == "a"
    assert type(runtime.path_to_string(pathlib.Path("a"))) is str
    for other in ("a", None, 5, b"a"):
        assert runtime.path_to_string(other) is other


@pytest.mark.parametrize(
    ("path", "is_remote"),
    [
        ("gs://bucket/a.h5", True),
        ("s3://bucket/a.h5", True),
        ("/cns/cell/a.h5", True),
        ("/readahead/a.h5", True),
        ("a.h5", False),
        ("/home/user/a.h5", False),
        ("home/cns/a.h5", False),
        (pathlib.Path("a.h5"), False),
    ],
)
def test_is_remote(path: Any, is_remote: bool) -> None:
    assert runtime.is_remote(path) is is_remote


@given(st.text("abc/._-{}", min_size=1))
def test_a_path_without_a_scheme_is_local(path: str) -> None:
    assert not runtime.is_remote("./" + path)
    assert runtime.is_remote("x://" + path)


def test_remote_paths_go_to_tensorflow(monkeypatch: Any) -> None:
    calls: list[tuple[str, str]] = []
    gfile = types.SimpleNamespace(
        exists=lambda path: bool(calls.append(("exists", path))),  # type: ignore[func-returns-value]
        makedirs=lambda path: calls.append(("makedirs", path)),
    )
    tensorflow = types.SimpleNamespace(io=types.SimpleNamespace(gfile=gfile))
    monkeypatch.setattr(installed, "tensorflow", lambda: tensorflow)
    files = runtime.file_system()
    assert not files.exists("gs://bucket/a")
    files.makedirs("gs://bucket/a")
    assert calls == [("exists", "gs://bucket/a"), ("makedirs", "gs://bucket/a")]


def test_a_directory_may_be_there_already(tmp_path: pathlib.Path) -> None:
    runtime.file_system().makedirs(str(tmp_path))
    assert os.path.isdir(tmp_path)
