"""`keras-ckpt convert` of a folder: all that is in it, and what became of each."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from command_line import run

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.cli import convert_folder

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="converts on Keras 3")

MODULE = """
import keras
def small():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
"""


@pytest.fixture
def old(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder with a whole model, weights, a TensorFlow checkpoint and a damaged file."""
    monkeypatch.chdir(tmp_path)
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.set_weights([np.full((3, 2), 2.0), np.ones(2)])
    folder = tmp_path / "old"
    (folder / "deep").mkdir(parents=True)
    keras_ckpt.save_model(model, folder / "deep" / "whole.h5", verbose=0)
    keras_ckpt.formats.api.write(model, str(folder / "cp-1.ckpt"), weights_only=True)
    keras_ckpt.save_weights(model, folder / "w.weights.h5", verbose=0)
    (folder / "broken.keras").write_bytes(b"PK\x03\x04 cut off")
    (folder / "notes.txt").write_text("no checkpoint")
    (tmp_path / "models_of_folder.py").write_text(MODULE)
    return folder


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_all_are_written_and_what_is_not_is_named(old: pathlib.Path) -> None:
    before = contents(old)
    code, output = run("convert", "old", "new", "--model", "models_of_folder:small")
    lines = output.splitlines()
    assert code == 1
    assert lines[0].startswith("broken.keras: FAILED: ")
    assert lines[1:] == [
        "cp-1.ckpt: wrote: new/cp-1.weights.h5",
        "deep/whole.h5: wrote: new/deep/whole.keras",
        "w.weights.h5: wrote: new/w.weights.h5",
        "3 written, 0 there already, 1 failed.",
    ]
    assert contents(old) == before
    keras = runtime.keras()
    assert keras.models.load_model("new/deep/whole.keras").get_weights()[0][0, 0] == 2
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.load_weights("new/cp-1.weights.h5")
    assert model.get_weights()[1][0] == 1
    # Once more, nothing that is there is written again.
    written = contents(old.parent / "new")
    code, output = run("convert", "old", "new", "--model", "models_of_folder:small")
    assert (code, output.splitlines()[-1]) == (1, "0 written, 3 there already, 1 failed.")
    assert contents(old.parent / "new") == written


def test_weights_without_a_model_say_what_they_need(old: pathlib.Path) -> None:
    code, output = run("convert", "old", "new")
    assert code == 1
    assert "cp-1.ckpt: FAILED: " in output and "Give the model that they are of" in output
    assert "1 written, 0 there already, 3 failed." in output


def test_another_ending_and_an_exit_code_of_0(old: pathlib.Path) -> None:
    for name in ("broken.keras", "w.weights.h5", "cp-1.ckpt.index"):
        (old / name).unlink()
    assert run("convert", "old", "new", "--to", ".h5") == (
        0,
        "deep/whole.h5: wrote: new/deep/whole.h5\n1 written, 0 there already, 0 failed.\n",
    )
    assert keras_ckpt.inspect("new/deep/whole.h5").format == "HDF5 file of a whole model"
    assert run("convert", "old", "quiet", "--quiet") == (0, "")


def test_two_that_would_have_one_name(old: pathlib.Path) -> None:
    keras_ckpt.convert(old / "deep" / "whole.h5", old / "deep" / "whole.orbax_", verbose=0)
    keras_ckpt.convert(old / "deep" / "whole.h5", old / "deep" / "whole.hdf5", verbose=0)
    code, output = run("convert", "old/deep", "new")
    assert code == 1
    assert "whole.hdf5: FAILED: new/whole.keras is what whole.h5 has become" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old", "old"], "originals stay"),
        (["old", "old/new"], "originals stay"),
        (["old", "."], "originals stay"),
        (["empty", "new"], "There is no checkpoint in empty"),
        (["old", "new", "--to", "keras"], "An ending begins with a dot"),
        (["old/deep/whole.h5", "m.keras", "--to", ".h5"], "--to is for folders"),
    ],
)
def test_what_cannot_be_is_an_error(old: pathlib.Path, arguments: list[str], message: str) -> None:
    (old.parent / "empty").mkdir()
    code, output = run("convert", *arguments)
    assert code == 2 and message in output


def test_a_terminal_gets_a_table(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    convert_folder.show(
        [
            convert_folder.Converted("a.h5", "wrote", "new/a.keras"),
            convert_folder.Converted("b[red].h5", "FAILED", "it is cut off"),
        ]
    )
    output = capsys.readouterr().out
    assert "Checkpoint" in output and "b[red].h5" in output
    assert output.rstrip().endswith("1 written, 0 there already, 1 failed.")
