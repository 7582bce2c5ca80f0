"""What saving and loading take changes within Keras 3, too: the rules go by the releases given."""

from __future__ import annotations

import pathlib
import re

import pytest
from click.testing import CliRunner

from keras_ckpt.cli import main

SHARDED = 'model.load_weights("m.weights.json")'
HUB_SAVE = 'model.save("hf://x/y")'
HUB_LOAD = 'keras.models.load_model("hf://x/y")'
OLD = 'model.load_weights("m.ckpt")'


def lines(code: str, *command: str, tmp_path: pathlib.Path) -> str:
    path = tmp_path / "train.py"
    path.write_text(f"import keras\nmodel = keras.Sequential([])\n{code}\n")
    result = CliRunner().invoke(main, [*command, str(path)], prog_name="keras-ckpt")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


@pytest.mark.parametrize(
    ("code", "old", "new", "expected"),
    [
        (SHARDED, "2.15", "3.4", "KC601"),
        (SHARDED, "3.15", "3.9", "KC601"),
        (SHARDED, "2.15", "3.10", ""),
        (SHARDED, "3.10", "3.15", ""),
        (HUB_SAVE, "3.5", "3.4", "KC604"),
        (HUB_SAVE, "2.15", "3.5", ""),
        (HUB_LOAD, "3.15", "3.5", "KC602"),
        (HUB_LOAD, "2.15", "3.6", ""),
        (OLD, "2.15", "3.4", "KC601"),
        # It was refused before.
        (OLD, "3.15", "3.4", ""),
    ],
)
def test_is_found_where_a_release_lacks_it(
    code: str, old: str, new: str, expected: str, tmp_path: pathlib.Path
) -> None:
    output = lines(code, "check", "--from", old, "--to", new, tmp_path=tmp_path)
    assert re.findall(r"KC\d+", output) == ([expected] if expected else [])


@pytest.mark.parametrize("way", ["--native", "--to-keras-ckpt"])
def test_weights_in_several_files_are_left(way: str, tmp_path: pathlib.Path) -> None:
    output = lines(SHARDED, "fix", way, "--from", "2.15", "--to", "3.4", tmp_path=tmp_path)
    assert "KC601 not changed:" in output and "1 place left" in output
    assert "keras_ckpt.load_weights" not in output
