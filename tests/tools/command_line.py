"""What the tests of the command line share: how to run it, and a file to run it on."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from click.testing import CliRunner

from keras_ckpt.cli import main


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments, prog_name="keras-ckpt")
    return result.exit_code, result.output


def python(*arguments: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        # Elsewhere than beside the package in the source, which has no keras_ckpt.compat.
        cwd=cwd or tempfile.gettempdir(),
    )


def write_weights(directory: pathlib.Path) -> str:
    """Writes weights as Keras 2 saved them, for which no Keras is needed; returns the path."""
    path = str(directory / "w.h5")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.attrs["keras_version"] = b"2.15.0"
        group = file.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/[red]bias\x1b[0m:0"]
        group["dense/kernel:0"] = np.zeros((300, 5), "float32")
        group["dense/[red]bias\x1b[0m:0"] = np.zeros((5,), "float32")
    return path
