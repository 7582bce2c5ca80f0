"""The callback from R, through reticulate: `tox -e r`, which needs Debian's r-cran-reticulate."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).resolve().parent.parent

if "KERAS_CKPT_R" not in os.environ:
    pytest.skip("tox -e r runs it, where R is", allow_module_level=True)


def run(script, directory):
    """Runs an R script with the Python that runs the tests."""
    rscript = shutil.which("Rscript")
    assert rscript, "R is not installed: apt-get install r-cran-reticulate"
    return subprocess.run(
        [rscript, "--vanilla", str(script)],
        cwd=str(directory),
        env=dict(os.environ, RETICULATE_PYTHON=sys.executable, TF_CPP_MIN_LOG_LEVEL="3"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def test_the_calls_of_r_users(tmp_path):
    done = run(ROOT / "tests" / "data" / "r" / "calls.R", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "every call works" in done.stdout


def test_the_documentation(tmp_path):
    page = (ROOT / "docs" / "r.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```r\n(.*?)```", page, re.DOTALL)
    script = tmp_path / "page.R"
    script.write_text("\n".join(blocks), encoding="utf-8")
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stdout
    saved = sorted(path.name for path in tmp_path.glob("weights.*"))
    assert saved == ["weights.02.hdf5", "weights.04.hdf5"]
    assert "Epoch 2: saving model to weights.02.hdf5" in done.stdout
    assert sorted(path.name for path in (tmp_path / "training").iterdir()) == [
        "checkpoint",
        "cp.data-00000-of-00001",
        "cp.index",
        "cp.keras_ckpt.json",
    ]
