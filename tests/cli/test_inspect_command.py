"""`keras-ckpt inspect`, for people and for programs."""

from __future__ import annotations

import json
import pathlib

import pytest
from command_line import run, write_weights


@pytest.fixture
def weights(tmp_path: pathlib.Path) -> str:
    return write_weights(tmp_path)


def test_inspect_for_people(weights: str) -> None:
    code, output = run("inspect", weights)
    assert code == 0
    facts = dict(line.split("  ", 1) for line in output.split("\n\n")[0].splitlines())
    facts = {fact: value.strip() for fact, value in facts.items()}
    assert facts["Path"] == weights
    assert facts["Format"] == "HDF5 file of weights in the layout of Keras 2"
    assert facts["Written by"] == "keras 2.15.0"
    assert facts["Model"] == "not recorded"
    assert facts["Variables"] == "2"
    assert facts["Parameters"] == "1,505"
    assert facts["Size"] == "6,020 bytes (5.9 KiB)"
    assert facts["Loads with"] == f"keras_ckpt.load_weights(model, {weights!r})"
    lines = output.split("\n\n")[1].splitlines()
    assert lines[0].split() == ["Variable", "Role", "Type", "Shape", "Bytes"]
    assert lines[1].split() == ["dense/kernel", "weight", "float32", "(300,", "5)", "6,000"]
    # Neither markup nor what a terminal would obey.
    assert lines[2].split()[0] == r"dense/[red]bias\x1b[0m"
    assert all(line == line.rstrip() for line in output.splitlines())


def test_inspect_for_programs(weights: str) -> None:
    code, output = run("inspect", weights, "--json")
    assert code == 0
    found = json.loads(output)
    assert found["parameters"] == 1505
    assert found["variables"][0] == {
        "name": "dense/kernel",
        "shape": [300, 5],
        "dtype": "float32",
        "size": 6000,
        "role": "weight",
    }


def test_errors(tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    for name in ("broken.h5", "absent"):
        code, output = run("inspect", str(tmp_path / name))
        assert code == 1
        assert output.startswith("Error: ")
        assert len(output.splitlines()) == 1
