"""Scripts before and after: what a user sees is the same.

Before is the script as it stands, run on Keras 3 by `keras-ckpt run`. After is what `fix` makes of
it, run by Python alone.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("libcst")

from keras_ckpt import runtime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not runtime.has_tensorflow() or not runtime.is_keras_3(),
        reason="the scripts are for `tf.keras`, and run on Keras 3",
    ),
]

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "data" / "fix"
SCRIPTS = sorted(path.name for path in (FOLDER / "scripts").glob("*.py"))
#: What cannot be native, and the error that Keras 3 raises then.
NEED_KERAS_CKPT = {"latest.py": "ValueError", "period.py": "TypeError"}


def python(*arguments: str) -> str:
    process = subprocess.run(
        [sys.executable, *arguments],
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode in (0, 1), process.stderr[-3000:]
    return process.stdout


def printed(text: str) -> dict[str, str]:
    parts = text.split("== ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    here = str(tmp_path_factory.mktemp("before"))
    command = ("-m", "keras_ckpt", "run", str(FOLDER / "all.py"), str(FOLDER / "scripts"), here)
    return printed(python(*command))


def after(option: str, tmp_path: pathlib.Path) -> tuple[dict[str, str], str]:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in SCRIPTS:
        (scripts / name).write_text((FOLDER / "scripts" / name).read_text())
    release = "{}.{}".format(*runtime.version())
    fix = ("-m", "keras_ckpt", "fix", option, "--write", "--from", "2.4", "--to", release)
    output = python(*fix, str(scripts))
    return printed(python(str(FOLDER / "all.py"), str(scripts), str(tmp_path / "here"))), output


def test_the_scripts_do_what_they_say(before: dict[str, str]) -> None:
    assert sorted(before) == SCRIPTS
    assert not [each for each in before.values() if "error" in each]
    assert before["period.py"].startswith("period: ['weights.02.hdf5', 'weights.04.hdf5']\n")
    assert "latest: cp-0003.ckpt\nuntrained: False\ntrained: True\n" in before["latest.py"]


def test_with_keras_ckpt_they_do_the_same(before: dict[str, str], tmp_path: pathlib.Path) -> None:
    found, output = after("--to-keras-ckpt", tmp_path)
    assert "not changed" not in output
    assert found == before


def test_natively_they_do_the_same_or_it_is_said(
    before: dict[str, str], tmp_path: pathlib.Path
) -> None:
    found, output = after("--native", tmp_path)
    for name in SCRIPTS:
        said = "%s:" % (tmp_path / "scripts" / name)
        left = [line for line in output.splitlines() if said in line and "not changed" in line]
        assert bool(left) == (name in NEED_KERAS_CKPT)
        script = (tmp_path / "scripts" / name).read_text()
        if name in NEED_KERAS_CKPT:
            assert script == (FOLDER / "scripts" / name).read_text()
            assert found[name].splitlines()[-1] == "error: " + NEED_KERAS_CKPT[name]
        else:
            assert "keras_ckpt" not in script
            assert found[name] == before[name]
