"""The simulator finds what a careless save would lose, and nothing where all is flushed."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import crash_simulator

from keras_ckpt.storage import commit

OPERATIONS = [(os, "replace"), (os, "fsync")]


def contents(states: Any) -> set[Any]:
    return {dict(state).get("file", "nothing") for state in states}


def test_a_rename_that_is_not_flushed(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_bytes(b"old")
    simulator = crash_simulator.CrashSimulator(tmp_path)
    with simulator.following(monkeypatch, OPERATIONS):
        (tmp_path / "new").write_bytes(b"four")
        os.replace(tmp_path / "new", tmp_path / "file")
    assert contents(simulator.states) == {b"old", b"", b"fo", b"four"}
    assert contents(simulator.at_the_end) == {b"old", b"", b"fo", b"four"}


def test_a_file_that_is_written_over(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_bytes(b"old")
    simulator = crash_simulator.CrashSimulator(tmp_path)
    with simulator.following(monkeypatch, OPERATIONS):
        (tmp_path / "file").write_bytes(b"four")
    assert {b"old", b"fo", b"four"} <= contents(simulator.at_the_end)


def test_the_commit(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_bytes(b"old")
    simulator = crash_simulator.CrashSimulator(tmp_path)
    with simulator.following(monkeypatch, OPERATIONS), commit.replacing(
        str(tmp_path / "file")
    ) as made:
        pathlib.Path(made).write_bytes(b"new")
    assert contents(simulator.states) == {b"old", b"new"}
    assert contents(simulator.at_the_end) == {b"new"}


def test_a_state_is_restored(tmp_path: pathlib.Path) -> None:
    state: crash_simulator.State = (("d", None), ("d/file", b"x"), ("d/link", "file"))
    crash_simulator.restore(state, tmp_path)
    assert (tmp_path / "d" / "link").read_bytes() == b"x"
