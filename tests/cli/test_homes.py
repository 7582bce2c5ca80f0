"""The homes of Keras: TensorFlow under its other names, tf_keras, stand-alone Keras."""

from __future__ import annotations

import pathlib
import sys

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
if sys.version_info < (3, 9):
    pytest.skip("reading code needs Python 3.9", allow_module_level=True)

from click.testing import CliRunner

from keras_ckpt.cli import main

CALL = "ModelCheckpoint('w{epoch:08d}.h5', 'val_loss', 1, False, True, 'auto', 5)\n"


def check(folder: pathlib.Path, text: str, *options: str) -> tuple[int, list[str], str]:
    """The exit code, the codes of what is found, and the output."""
    (folder / "train.py").write_text(text)
    result = CliRunner().invoke(main, ["check", str(folder), *options])
    lines = result.output.splitlines()
    codes = [line.split(": ")[1].split()[0] for line in lines if ": KC" in line]
    return result.exit_code, codes, result.output


@pytest.mark.parametrize(
    "home",
    [
        "tensorflow.python.keras",
        "tensorflow_core.python.keras",
        "tensorflow_core.keras",
        "tensorflow.compat.v1.keras",
    ],
)
def test_tensorflow_under_its_other_names(home: str, tmp_path: pathlib.Path) -> None:
    text = "from %s.callbacks import ModelCheckpoint\nModelCheckpoint('a.keras', period=5)\n"
    assert check(tmp_path, text % home)[1] == ["KC101"]
    text = f"import {home} as K\nK.callbacks.ModelCheckpoint('a.keras', period=5)\n"
    assert check(tmp_path, text)[1] == ["KC101"]


def test_what_is_of_tf_keras_is_left_alone(tmp_path: pathlib.Path) -> None:
    text = (
        "import tensorflow as tf\n"
        "import tf_keras as keras\n"
        "model = keras.Sequential()\n"
        "model.compile('adam', 'mse')\n"
        "keras.callbacks.ModelCheckpoint('a.ckpt', period=5)\n"
        "model.load_weights('cp.ckpt')\n"
        "model.save('saved')\n"
        "keras.models.load_model('saved')\n"
    )
    code, codes, output = check(tmp_path, text)
    assert (code, codes) == (0, [])
    assert "--from tf_keras checks it too" in output
    assert check(tmp_path, text, "--from", "2.15")[:2] == (0, [])
    for release in ("tf_keras", "tf_keras==2.16"):
        codes = check(tmp_path, text, "--from", release)[1]
        assert codes == ["KC202", "KC101", "KC601", "KC604", "KC602"]
    # Beside it what is TensorFlow's own is not.
    both = text + "tf.keras.callbacks.ModelCheckpoint('a.keras', period=5)\n"
    code, codes, output = check(tmp_path, both)
    assert code == 1
    assert codes == ["KC601", "KC604", "KC101"]
    assert "from TF 2.15 (" in output


def test_stand_alone_keras(tmp_path: pathlib.Path) -> None:
    text = "from keras.callbacks import ModelCheckpoint\n" + CALL
    for options in ((), ("--from", "keras==2.2.4"), ("--from", "keras 2.0"), ("--from", "2.4")):
        code, codes, output = check(tmp_path, text, *options)
        assert (code, codes) == (1, ["KC201", "KC105"])
        assert "`period=5`" in output
    assert "from Keras 2.2 (as specified) to" in check(tmp_path, text, "--from", "keras==2.2.4")[2]
    # It follows from that number alone.
    only = text.replace(".h5", ".weights.h5")
    code, codes, output = check(tmp_path, only)
    assert (code, codes) == (1, ["KC105"])
    assert "from Keras 2.3 (the seventh by position is a number)" in output
    (tmp_path / "requirements.txt").write_text("keras==2.2.4\ntensorflow==1.14.0\n")
    assert "from Keras 2.2 (requirements.txt pins keras==2.2.4" in check(tmp_path, only)[2]
    (tmp_path / "requirements.txt").write_text("tensorflow==1.14.0\n")
    assert "from TF 2.15" in check(tmp_path, only)[2]
    code, _, output = check(tmp_path, text, "--from", "keras==2.4")
    assert code == 2
    assert "There is no ModelCheckpoint of version 'keras==2.4'" in output


def test_keras_ckpt_in_the_place_of_stand_alone_keras(tmp_path: pathlib.Path) -> None:
    code, codes, output = check(tmp_path, "from keras_ckpt import ModelCheckpoint\n" + CALL)
    assert (code, codes) == (1, ["KC105"])
    assert "`period=5`, in epochs, or `save_freq=5`, in batches" in output
