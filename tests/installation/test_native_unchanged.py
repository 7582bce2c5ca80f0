"""What Keras 3's own saving and loading did before `install()`, it does the same after.

`scripts/native.py` does it in every way that there is, in a process with `install()` and in one
without, and writes down results, files, exceptions, output, warnings and logs.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any, Dict

import pytest

from keras_ckpt import runtime

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "data" / "scripts" / "native.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not runtime.is_keras_3(), reason="in Keras 2 nothing but the callback is replaced"
    ),
]

#: What begins so is what `install()` adds. Nothing else may change.
LEGACY = "legacy: "
#: Whole models in HDF5 that some releases of Keras 3 write and cannot read. Others do.
MENDED = "mended_"
#: Whose optimizer Keras 3 makes for no variables, so that the model cannot train on.
TRAINS_ON = "with its optimizer: "

Reports = Dict[str, Dict[str, Any]]


def report(directory: pathlib.Path, *install: str) -> Reports:
    target = directory / ("report{}.json".format("".join(install)))
    process = subprocess.run(
        [sys.executable, str(SCRIPT), str(target), *install],
        cwd=str(directory),
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    found: Reports = json.loads(target.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reports, Reports]:
    directory = tmp_path_factory.mktemp("native")
    return report(directory), report(directory, "install")


def test_all_else_is_the_same(reports: tuple[Reports, Reports]) -> None:
    before, after = reports
    assert list(before) == list(after) and len(before) > 150
    told = ("result", "error", "files", "output", "warnings", "logged")
    changed = {
        name: [(each.get(key), after[name].get(key))]
        for name, each in before.items()
        if not name.startswith((LEGACY, TRAINS_ON))
        and not (name.startswith(MENDED) and "error" in each)
        for key in told
        if each.get(key) != after[name].get(key)
    }
    assert not changed


def test_the_table_has_both_what_works_and_what_does_not(
    reports: tuple[Reports, Reports],
) -> None:
    before, _ = reports
    failing = [name for name, each in before.items() if "error" in each]
    # An error of the script itself would be the same with and without.
    assert 50 < len(failing) < len(before) - 50
    for each in before.values():
        assert each.get("error", [""])[0] not in ("NameError", "AttributeError")


def test_legacy_calls_were_errors_and_are_none(reports: tuple[Reports, Reports]) -> None:
    before, after = reports
    for name in [name for name in after if name.startswith(MENDED)]:
        assert "error" not in after[name], (name, after[name].get("traceback"))
    trains_on = [name for name in after if name.startswith(TRAINS_ON)]
    assert trains_on and not any("error" in after[name] for name in trains_on)
    legacy = [name for name in before if name.startswith(LEGACY)]
    assert len(legacy) > 15
    for name in legacy:
        assert before[name]["error"][0] in ("ValueError", "TypeError"), name
        assert "error" not in after[name], (name, after[name].get("traceback"))
        assert after[name]["files"], name
