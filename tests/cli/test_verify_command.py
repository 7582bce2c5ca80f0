"""`keras-ckpt verify`, for people and for programs."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from click.testing import CliRunner

from keras_ckpt import runtime
from keras_ckpt.cli import main
from keras_ckpt.formats.hdf5 import output


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    for name in ("a.weights.h5", "b.weights.h5"):
        with output.created(str(tmp_path / name)) as file:
            file["layers/dense/vars/0"] = [1.0, 2.0]
    return tmp_path


def damage(path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_all_are_whole(directory: pathlib.Path) -> None:
    found = run(directory)
    assert found.exit_code == 0
    assert found.output.count("whole ") == 2
    assert "2 checkpoints, 0 damaged." in found.output


def test_one_is_damaged(directory: pathlib.Path) -> None:
    damage(directory / "b.weights.h5")
    found = run(directory)
    assert found.exit_code == 1
    assert f"DAMAGED  {directory / 'b.weights.h5'}" in found.output
    assert "2 checkpoints, 1 damaged." in found.output
    assert run(directory / "a.weights.h5").exit_code == 0
    assert run(directory / "a.weights.h5", directory / "b.weights.h5").exit_code == 1


def test_for_programs(directory: pathlib.Path) -> None:
    damage(directory / "b.weights.h5")
    found = run(directory, "--json")
    assert found.exit_code == 1
    rows = [json.loads(line) for line in found.output.splitlines()]
    assert [row["flaw"] is None for row in rows] == [True, False]
    assert [pathlib.Path(row["path"]).name for row in rows] == ["a.weights.h5", "b.weights.h5"]


@pytest.mark.parametrize("what", ["absent", "empty"])
def test_nothing_to_read(what: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").mkdir()
    found = run(tmp_path / what)
    assert found.exit_code == 2
    assert what in found.output


def test_what_needs_another_package(directory: pathlib.Path, monkeypatch: Any) -> None:
    def missing() -> Any:
        raise ImportError("HDF5 checkpoints need the package h5py.")

    monkeypatch.setattr(output, "h5py", missing)
    found = run(directory)
    assert found.exit_code == 2
    assert found.output.count("unread ") == 2
    assert "2 checkpoints, 0 damaged. 2 could not be read here." in found.output


def test_without_checksums_it_says_so(tmp_path: pathlib.Path) -> None:
    if not runtime.is_keras_3():
        pytest.skip("Keras 3 writes such a file")
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save_weights(tmp_path / "w.weights.h5")
    found = run(tmp_path)
    assert found.exit_code == 0
    assert "without checksums" in found.output
    assert "1 can be read" in found.output


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="the system has no links")
def test_one_that_cannot_be_read_stops_nothing(directory: pathlib.Path) -> None:
    os.symlink("self.h5", directory / "aa.h5")
    os.symlink("aa.h5", directory / "self.h5")
    os.symlink("gone.h5", directory / "link.h5")
    damage(directory / "b.weights.h5")
    found = run(directory)
    assert found.exit_code == 1
    assert found.output.count("DAMAGED ") == 4
    assert "5 checkpoints, 4 damaged." in found.output
    found = run(directory / "absent", directory / "a.weights.h5")
    assert found.exit_code == 2
    assert "1 checkpoint, 0 damaged." in found.output
