"""The command that counts findings in a folder of clones."""

from __future__ import annotations

import pathlib
import subprocess
import sys

TOOL = pathlib.Path(__file__).parents[1] / "tools" / "field.py"


def test_a_table_of_clones(tmp_path: pathlib.Path) -> None:
    for name, code in (("one", "m.save_weights('a.ckpt')\n"), ("two", "m.load_weights('a.h5')\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("import keras\n" + code)
    ran = subprocess.run(
        [sys.executable, str(TOOL), str(tmp_path), "--missed"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    head, one, two, missed, every = ran.stdout.splitlines()
    assert head.split() == ["clone", "files", "found", "notes", "seconds", "by", "rule"]
    assert one.split()[:4] == ["one", "1", "1", "0"] and "KC604:1" in one
    assert two.split()[:4] == ["two", "1", "0", "0"]
    assert missed.strip().endswith("a.py:2: m.load_weights('a.h5')")
    assert every.split()[:4] == ["all", "2", "1", "0"]
