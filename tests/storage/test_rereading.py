"""What is replaced while it is read is read again; what is not, is not."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest

from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.storage import rereading


def replace(path: pathlib.Path) -> None:
    path.with_name("new").write_bytes(b"")
    os.replace(path.with_name("new"), path)


@pytest.mark.parametrize("ending", ["", ".index"])
@pytest.mark.parametrize("error", [FileNotFoundError(), DamagedCheckpoint("cp", "it is damaged")])
def test_what_was_replaced_is_read_again(
    error: Exception, ending: str, tmp_path: pathlib.Path
) -> None:
    calls = []

    def read() -> str:
        calls.append(1)
        if len(calls) < 3:
            replace(tmp_path / ("cp" + ending))
            raise error
        return "read"

    assert rereading.settled(str(tmp_path / "cp"), read) == "read"


def test_what_was_not_is_not(tmp_path: pathlib.Path) -> None:
    calls = []

    def read() -> None:
        calls.append(1)
        raise DamagedCheckpoint("cp", "it is damaged")

    (tmp_path / "cp").write_bytes(b"")
    with pytest.raises(DamagedCheckpoint):
        rereading.settled(str(tmp_path / "cp"), read)
    assert len(calls) == 1


def test_another_error_is_no_reason(tmp_path: pathlib.Path) -> None:
    def read() -> None:
        replace(tmp_path / "cp")
        raise KeyError

    with pytest.raises(KeyError):
        rereading.settled(str(tmp_path / "cp"), read)


def test_a_writer_that_is_faster_than_any_reader(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(rereading, "_SECONDS", 0.0)

    def read() -> None:
        replace(tmp_path / "cp")
        raise FileNotFoundError

    with pytest.raises(DamagedCheckpoint, match="each of the 100 times"):
        rereading.settled(str(tmp_path / "cp"), read)
