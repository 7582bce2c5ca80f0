"""`keras-ckpt check` and `keras-ckpt rule`, as a user sees them."""

from __future__ import annotations

import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time
from typing import Any

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
if sys.version_info < (3, 9):
    pytest.skip("reading code needs Python 3.9", allow_module_level=True)

from click.testing import CliRunner

from keras_ckpt import compat
from keras_ckpt.cli import main
from keras_ckpt.migrate.rules.definition import rules

NEWEST = compat.VERSIONS[-1]
PERIOD = (
    "from tensorflow.keras.callbacks import ModelCheckpoint\nModelCheckpoint('a.keras', period=5)\n"
)
CLEAN = "from tensorflow.keras.callbacks import ModelCheckpoint\nModelCheckpoint('a.keras')\n"
# Broken on Keras 3.11, and nothing shows what it was written for.
OF_ANY = PERIOD.replace("period=5", "'val_auc', save_best_only=True")


def run(*arguments: Any, input: str | None = None) -> tuple[int, str]:
    words = [str(each) for each in arguments]
    result = CliRunner().invoke(main, words, prog_name="keras-ckpt", input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def write(folder: pathlib.Path, **files: str) -> pathlib.Path:
    for name, text in files.items():
        (folder / (name + ".py")).write_text(text, encoding="utf-8")
    return folder


def found(output: str) -> list[str]:
    """The codes in text output."""
    return [line.split(": ")[1].split()[0] for line in output.splitlines() if ": KC" in line]


def test_text_and_exit_codes(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD)
    code, output = run("check", tmp_path)
    place, advice, summary = output.splitlines()
    assert code == 1
    assert place == (
        f"{tmp_path / 'train.py'}:2:28: KC101 Keras {NEWEST} raises TypeError: "
        "ModelCheckpoint.__init__() got an unexpected keyword argument 'period'."
    )
    assert advice.startswith("    Write `save_freq=5 * steps_per_epoch`")
    assert summary == f"1 finding in 1 file, from TF 2.15 (`period` is passed) to Keras {NEWEST}."
    write(tmp_path, train=CLEAN)
    assert run("check", tmp_path)[0] == 0
    assert run("check", tmp_path / "absent.py")[0] == 2
    assert run("check")[0] == 2
    assert run("check", tmp_path, "--from", "1.15")[0] == 2
    assert run("check", tmp_path, "--select", "KC999")[0] == 2


def test_from_and_to(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD.replace("period=5", "save_freq=100"))
    assert run("check", tmp_path, "--from", "tensorflow==2.1.0", "--to", "2.3")[0] == 1
    assert run("check", tmp_path, "--from", "2.2", "--to", "keras==3.8")[0] == 0


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("ModelCheckpoint('a.h5', 'val_auc')", "Keras 3.15"),
        ("ModelCheckpoint('a', 'val_auc')", "TF 2.15"),
        ("ModelCheckpoint('a.keras', options=None)", "TF 2.15"),
        ("class A(ModelCheckpoint):\n    def _save_model(self, epoch, logs): pass", "TF 2.5"),
        ("model.load_weights('cp.ckpt')", "TF 2.15"),
    ],
)
def test_the_release_is_determined_from_the_code(
    call: str, expected: str, tmp_path: pathlib.Path
) -> None:
    write(tmp_path, train=CLEAN.splitlines()[0] + "\n" + call + "\n")
    code, output = run("check", tmp_path, "--to", "3.15")
    if expected == "Keras 3.15":
        # It runs on the newest, which shows nothing.
        assert "Pass --from" in output or code == 0
    else:
        assert f"from {expected} (" in output


def test_tf_keras_stays_as_it_is(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=OF_ANY.replace("tensorflow.keras", "tf_keras"))
    code, output = run("check", tmp_path)
    assert (code, found(output)) == (0, [])
    assert "runs as it is; --from tf_keras checks it too" in output
    assert found(run("check", tmp_path, "--from", "tf_keras")[1]) == ["KC403"]


def test_without_sites_nothing_is_asked(tmp_path: pathlib.Path) -> None:
    write(tmp_path, other="import os\n", clean=CLEAN)
    assert run("check", tmp_path) == (0, f"Nothing found in 2 files, checked for Keras {NEWEST}.\n")


def on_terminal(*command: str, answer: bytes = b"", when: bytes = b"") -> tuple[int, bytes]:
    """Runs Python on a terminal; returns how it ends, and what can be read there."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *command],
        stdin=child,
        stdout=child,
        stderr=child,
        cwd=tempfile.gettempdir(),
    )
    os.close(child)
    output, begun = b"", time.monotonic()
    while time.monotonic() - begun < 60:
        if not select.select([parent], [], [], 1)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            read = os.read(parent, 10000)
        except OSError:  # That is how it ends on Linux.
            break
        output += read
        if not read:
            break
        if answer and when in output:
            os.write(parent, answer)
            answer = b""
    os.close(parent)
    return process.wait(), output


def test_on_a_terminal_the_release_is_asked_for(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=OF_ANY)
    code, output = on_terminal(
        "-m", "keras_ckpt", "check", str(tmp_path), answer=b"nonsense\n2.4\n", when=b"as 2.4:"
    )
    assert code == 1, output
    assert b"KC403" in output
    assert b"Error: There is no ModelCheckpoint of version 'nonsense'" in output


def test_a_bar_is_shown_on_a_terminal_when_it_takes_long(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD, other=CLEAN)
    script = (
        "import sys; from keras_ckpt import progress; from keras_ckpt.cli import main\n"
        "progress._SECONDS = float(sys.argv[2]); main(['check', sys.argv[1]])\n"
    )
    for seconds, shown in (("-1", True), ("60", False)):
        code, output = on_terminal("-c", script, str(tmp_path), seconds)
        assert code == 1, output
        assert (b"Checking" in output) == shown
        assert b"KC101" in output
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), "-1"],
        capture_output=True,
        cwd=tempfile.gettempdir(),
    )
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_select_and_ignore(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD.replace("a.keras", "a.hdf5"))
    assert found(run("check", tmp_path)[1]) == ["KC202", "KC101"]
    assert found(run("check", tmp_path, "--select", "KC1")[1]) == ["KC101"]
    assert found(run("check", tmp_path, "--ignore", "kc101,KC3")[1]) == ["KC202"]
    assert run("check", tmp_path, "--ignore", "KC101,KC202")[0] == 0
    assert found(run("check", tmp_path, "--select", "period")[1]) == ["KC101"]
    assert found(run("check", tmp_path, "--ignore", "Period")[1]) == ["KC202"]
    (tmp_path / "setup.cfg").write_text("[keras-ckpt]\nselect = model-ending\n")
    assert found(run("check", tmp_path)[1]) == ["KC202"]


def test_settings(tmp_path: pathlib.Path) -> None:
    (tmp_path / "src").mkdir()
    write(tmp_path / "src", train=OF_ANY, old=PERIOD)
    cfg = tmp_path / "setup.cfg"
    cfg.write_text("[keras-ckpt]\nfrom = 2.4\nselect = KC1, KC4\nexclude =\n    old.py\n")
    code, output = run("check", tmp_path / "src")
    assert (code, found(output)) == (1, ["KC403"])
    assert run("check", tmp_path / "src", "--select", "KC1")[0] == 0
    assert "from TF 2.5" in run("check", tmp_path / "src", "--from", "2.5")[1]
    cfg.write_text("[keras-ckpt]\noutput-format = json\nfrom = 2.4\n")
    assert len(json.loads(run("check", tmp_path / "src")[1])) == 2
    cfg.write_text("[keras-ckpt]\nformat = json\n")
    code, output = run("check", tmp_path / "src")
    assert code == 2
    assert "there is no setting 'format'" in output
    assert "from, to, select, ignore, exclude, output-format" in output
    cfg.write_text("[keras-ckpt]\nselect = KC8\n")
    assert run("check", tmp_path / "src")[0] == 2


def notebook(*cells: str, **more: Any) -> str:
    made = [{"cell_type": "markdown", "source": ["# ModelCheckpoint"]}]
    made += [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]
    return json.dumps(dict({"cells": made, "nbformat": 4, "nbformat_minor": 2}, **more))


def test_notebooks(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "train.ipynb"
    path.write_text(
        notebook(
            "%matplotlib inline\n!pip install \\\n  tensorflow\n"
            "from tensorflow.keras.callbacks import ModelCheckpoint\n",
            "files = !ls\n%time c = ModelCheckpoint('a.keras', period=5)\nmodel?\n",
            "%%bash\nrm -rf ModelCheckpoint\n",
            "%%time\nawait ready()\nModelCheckpoint('b.keras', period=5)\n",
            "print ModelCheckpoint\n",
        )
    )
    code, output = run("check", path)
    assert code == 1
    places = [line.split(": KC")[0] for line in output.splitlines() if ": KC" in line]
    assert places[:-1] == [f"{path}:cell 3:2:38", f"{path}:cell 5:3:28"]
    assert places[-1].startswith(f"{path}:cell 6:1:")
    assert found(output)[-1] == "KC001"
    as_json = json.loads(run("check", path, "--output-format", "json")[1])
    assert (as_json[0]["cell"], as_json[0]["line"]) == (3, 2)
    silent = notebook("ModelCheckpoint = 1  # noqa\nprint ModelCheckpoint  # noqa\n")
    path.write_text(silent)
    assert run("check", path)[0] == 0


def test_notebooks_that_are_none(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "train.ipynb"
    for text in ("", "[]", "{}", "null", '{"cells": 3}', '{"cells": [3]}', "[" * 100000):
        path.write_text(text)
        code, output = run("check", path)
        assert (code, found(output)) == (1, ["KC001"]), text[:20]
        assert "not a Jupyter notebook" in output
    path.write_text(notebook("print ModelCheckpoint", metadata={"language_info": {"name": "R"}}))
    assert run("check", path)[0] == 0


def test_a_syntax_error_is_one_finding(tmp_path: pathlib.Path) -> None:
    write(tmp_path, old=PERIOD + "print 'done'\n", unconcerned="print 'done'\n", train=PERIOD)
    code, output = run("check", tmp_path)
    assert (code, found(output)) == (1, ["KC001", "KC101"])
    assert f"{tmp_path / 'old.py'}:3:" in output


def test_what_is_too_deep_or_no_text_is_no_crash(tmp_path: pathlib.Path) -> None:
    deep = "x = ModelCheckpoint" + "(" * 5000 + ")" * 5000 + "\n"
    write(tmp_path, deep=deep, sum=PERIOD + "x = " + " + ".join(["'a'"] * 3000) + "\n", empty="")
    (tmp_path / "null.py").write_bytes(b"ModelCheckpoint\0\n")
    code, output = run("check", tmp_path)
    assert code == 1
    assert found(output)[:2] == ["KC001", "KC001"]
    latin = PERIOD.replace("a.keras", "é.keras")
    (tmp_path / "latin.py").write_bytes(b"# coding: latin-1\n" + latin.encode("latin-1"))
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbf" + latin.encode("utf-8"))
    output = run("check", tmp_path)[1]
    assert "latin.py:3:28: KC101" in output
    assert "bom.py:2:28: KC101" in output
    (tmp_path / "bad.py").write_bytes(latin.encode("latin-1"))
    code, output = run("check", tmp_path)
    assert code == 2
    assert f"Error: {tmp_path / 'bad.py'} cannot be read" in output


def test_files_are_found_below_directories(tmp_path: pathlib.Path) -> None:
    for folder in ("src", "venv", ".git", "build", "node_modules", "own"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, train=PERIOD)
    (tmp_path / "own" / "pyvenv.cfg").write_text("")
    (tmp_path / "src" / "circle").symlink_to(tmp_path / "src", target_is_directory=True)
    (tmp_path / "src" / "lost.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "src" / "notes.txt").write_text(PERIOD)
    code, output = run("check", tmp_path)
    assert (code, found(output)) == (2, ["KC101"])
    assert "lost.py cannot be read" in output
    (tmp_path / "src" / "lost.py").unlink()
    assert run("check", tmp_path)[0] == 1
    for nothing in (("--exclude", "src"), ("--exclude", "src/*.py")):
        code, output = run("check", tmp_path, *nothing)
        assert code == 2
        assert "no Python file or notebook" in output
    assert run("check", tmp_path / "src" / "notes.txt")[0] == 2
    (tmp_path / "src" / "script").write_text("#!/usr/bin/env python3\n" + PERIOD)
    assert found(run("check", tmp_path / "src" / "script")[1]) == ["KC101"]
    assert found(run("check", tmp_path / "venv", tmp_path / "venv")[1]) == ["KC101"]


def test_json(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD)
    code, output = run("check", tmp_path, "--output-format", "json")
    (only,) = json.loads(output)
    assert code == 1
    assert only.pop("message").startswith(f"Keras {NEWEST} raises TypeError")
    assert only.pop("advice")
    assert only == {
        "path": str(tmp_path / "train.py"),
        "line": 2,
        "column": 28,
        "end_line": 2,
        "end_column": 36,
        "level": "error",
        "code": "KC101",
        "name": "period",
        "page": "docs/rules/KC101.md",
    }
    write(tmp_path, train=CLEAN)
    assert run("check", tmp_path, "--output-format", "json") == (0, "[]\n")


def test_github(tmp_path: pathlib.Path) -> None:
    odd = tmp_path / "a,b:c%"
    odd.mkdir()
    write(odd, train=PERIOD)
    code, output = run("check", odd, "--output-format", "github")
    assert code == 1
    (line,) = output.splitlines()
    assert line.startswith("::error file=")
    place = "a%2Cb%3Ac%25/train.py,line=2,endLine=2,col=28"
    assert f"{place},title=KC101 (period)::Keras {NEWEST}" in line
    write(odd, train=CLEAN)
    assert run("check", odd, "--output-format", "github") == (0, "")


def test_sarif(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD)
    (tmp_path / "n.ipynb").write_text(notebook(PERIOD))
    log = json.loads(run("check", tmp_path, "--output-format", "sarif")[1])
    assert log["version"] == "2.1.0"
    (ran,) = log["runs"]
    named = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    assert named == list(rules())
    assert all(rule["help"]["markdown"] for rule in ran["tool"]["driver"]["rules"])
    of_cell, of_file = ran["results"]
    assert named[of_file["ruleIndex"]] == of_file["ruleId"] == "KC101"
    place = of_file["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == (tmp_path / "train.py").as_uri()
    assert place["region"] == {"startLine": 2, "startColumn": 28, "endLine": 2, "endColumn": 36}
    assert "region" not in of_cell["locations"][0]["physicalLocation"]
    assert of_cell["message"]["text"].startswith("Cell 2, line 2: ")


def test_rule(tmp_path: pathlib.Path) -> None:
    code, output = run("rule", "kc101")
    assert code == 0
    assert output.startswith("# KC101: period\n")
    assert run("rule", "period") == (0, output)
    assert run("rule", "KC1")[0] == 2
    assert f"- from TF 2.0–2.15 to Keras 3.0–{NEWEST}" in output
    assert run("rule")[1].count("\n") == len(rules())
    code, output = run("rule", "KC999")
    assert code == 2
    assert "There is no rule KC999" in output


def test_no_keras_is_imported(tmp_path: pathlib.Path) -> None:
    write(tmp_path, train=PERIOD)
    script = (
        "import sys; from keras_ckpt.cli import main\n"
        f"try: main(['check', {str(tmp_path)!r}])\n"
        "except SystemExit as end: assert end.code == 1\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tempfile.gettempdir())
