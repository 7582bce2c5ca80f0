"""`check --baseline`: what is in it is silent wherever it stands, and all else is reported."""

from __future__ import annotations

import json
import pathlib

import pytest
from command_line import run
from hypothesis import given
from hypothesis import strategies as st

CODE = """from keras.callbacks import ModelCheckpoint
import keras

model = keras.Sequential()
first = ModelCheckpoint("a.keras", period=5)
second = ModelCheckpoint("b.hdf5",
                         save_weights_only=True)
model.load_weights("cp")
"""


def check(*arguments: str) -> tuple[int, str]:
    return run("check", "--from", "2.4", "--baseline", "base.json", *arguments, ".")


@pytest.fixture
def project(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.py").write_text(CODE)
    assert check("--update-baseline") == (0, "Wrote 3 findings to base.json\n")
    return tmp_path


def test_what_is_known_is_silent(project: pathlib.Path) -> None:
    code, output = check()
    assert code == 0
    assert output.startswith("Nothing found in 1 file") and "has 3 more findings" in output


def test_what_is_new_fails(project: pathlib.Path) -> None:
    (project / "new.py").write_text(CODE.replace("5", "7"))
    code, output = check("--format", "json")
    assert code == 1
    found = json.loads(output)
    assert [each["path"] for each in found] == ["new.py"] * 3
    # The same code once more is new, too.
    (project / "new.py").unlink()
    (project / "old.py").write_text(CODE + 'third = ModelCheckpoint("a.keras", period=5)\n')
    code, output = check("--format", "json")
    assert (code, [each["line"] for each in json.loads(output)]) == (1, [9])


@given(st.lists(st.sampled_from(["", "# a remark", "x = 1", "def f(): pass"]), max_size=20))
def test_lines_that_move_are_known(
    tmp_path_factory: pytest.TempPathFactory, more: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("moved")
    file, base = folder / "old.py", str(folder / "base.json")
    options = ("--from", "2.4", "--baseline", base)
    file.write_text(CODE)
    assert run("check", *options, "--update-baseline", str(file))[0] == 0
    lines = CODE.splitlines()
    file.write_text("\n".join([*more, *lines[:4], *more, *lines[4:]]))
    assert run("check", *options, str(file))[0] == 0


def test_other_formatting_is_known_and_other_values_are_not(project: pathlib.Path) -> None:
    (project / "old.py").write_text(CODE.replace("                         save", "    save"))
    assert check()[0] == 0
    (project / "old.py").write_text(CODE.replace("period=5", "period=6"))
    assert check()[0] == 1


def test_cells_of_notebooks_may_move(project: pathlib.Path) -> None:
    def write(*cells: str) -> None:
        made = [{"cell_type": "code", "source": each, "metadata": {}} for each in cells]
        (project / "n.ipynb").write_text(json.dumps({"cells": made, "metadata": {}}))

    write(CODE)
    assert check("--update-baseline")[0] == 0
    write("x = 1", "x = 2", "# moved\n" + CODE)
    assert check()[0] == 0


def test_the_baseline_is_found_from_another_folder(
    project: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    base = str(project / "base.json")
    assert run("check", "--from", "2.4", "--baseline", base, project.name)[0] == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is not a baseline"),
        ("[]", "is not a baseline of this version"),
        ('{"version": 1, "findings": [{}]}', "is not a baseline"),
    ],
)
def test_what_is_no_baseline_is_an_error(
    project: pathlib.Path, content: str | None, message: str
) -> None:
    (project / "base.json").unlink()
    if content is not None:
        (project / "base.json").write_text(content)
    code, output = check()
    assert code == 2
    assert message in output and "--update-baseline" in output


def test_a_baseline_is_not_written_where_not_all_was_read(project: pathlib.Path) -> None:
    before = (project / "base.json").read_bytes()
    (project / "bytes.py").write_bytes(b"\xff\xfe load_model(")
    code, output = check("--update-baseline")
    assert code == 2 and "is not written" in output
    assert (project / "base.json").read_bytes() == before
    assert run("check", "--update-baseline", ".")[0] == 2
