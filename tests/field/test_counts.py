"""The command that counts findings in a folder of clones."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).parents[1] / "tools" / "field.py"
CODE = """import keras
m = keras.Sequential()
m.save_weights('a.ckpt')
m.save_weights(
    'b.ckpt'
)
m.load_weights('a.h5')
m.save(input())
"""


def counted(folder: pathlib.Path, *options: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, str(TOOL), str(folder), *options],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()


@pytest.fixture
def clones(tmp_path: pathlib.Path) -> pathlib.Path:
    for name, code in (("one", CODE), ("two", "import keras\nm.load_weights('a.h5')\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(code)
    return tmp_path


def test_a_table_of_clones(clones: pathlib.Path) -> None:
    head, one, first, two, second, every = counted(clones, "--missed")
    assert head.split() == ["clone", "files", "found", "notes", "seconds", "by", "rule"]
    assert one.split()[:4] == ["one", "1", "2", "1"] and "KC604:2" in one
    assert two.split()[:4] == ["two", "1", "0", "0"]
    assert first.strip().endswith("a.py:7: m.load_weights('a.h5')")
    assert second.strip().endswith("a.py:2: m.load_weights('a.h5')")
    assert every.split()[:4] == ["all", "2", "2", "1"]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (
            "one/a.py:3 breaks\none/a.py:4-6 breaks\none/a.py:8 breaks\n# read\n",
            "recall 66.6 % (2 of 3), found or named 100.0 %, precision 100.0 % (0 false), "
            "without a verdict 0",
        ),
        (
            "one/a.py:3 fine\none/a.py:7 breaks: the file is not there\none/a.py:5 breaks",
            "recall 50.0 % (1 of 2), found or named 50.0 %, precision 50.0 % (1 false), "
            "without a verdict 0",
        ),
        ("", "recall - (0 of 0), found or named -, precision - (0 false), without a verdict 2"),
    ],
)
def test_rates_by_what_someone_has_read(
    clones: pathlib.Path, tmp_path: pathlib.Path, verdicts: str, expected: str
) -> None:
    (tmp_path / "read.txt").write_text(verdicts)
    assert counted(clones, "--verdicts", str(tmp_path / "read.txt"))[-1] == expected


def test_what_is_to_be_read(clones: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "read.txt").write_text("one/a.py:3 breaks\none/a.py:7 fine\n")
    printed = counted(clones, "--judge", "--verdicts", str(tmp_path / "read.txt"))
    listed = [" ".join(each.split()[:3]) for each in printed if each.startswith("    ")]
    assert listed == ["one/a.py:5 breaks? KC604", "two/a.py:2 fine? m.load_weights('a.h5')"]
