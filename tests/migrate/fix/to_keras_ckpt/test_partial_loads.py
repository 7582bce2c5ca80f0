"""Loads of which something is left over stay possible, as they were in TensorFlow."""

from __future__ import annotations

import pathlib

import pytest

pytest.importorskip("libcst")

from snippets import redirected

from keras_ckpt.migrate.fix import project
from keras_ckpt.migrate.fix.rewrite import Rewritten
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.releases.release import newest, release

NETS = """
import tensorflow as tf


def build(size, training=False, name="net"):
    inputs = tf.keras.Input((size,))
    outputs = tf.keras.layers.Dense(2)(inputs)
    if training:
        outputs = tf.keras.layers.Dense(3)(outputs)
    return tf.keras.Model(inputs, outputs, name=name)
"""
TRAIN = """
from nets import build

model = build(8, training=True, name="trained")
model.compile("adam", "mse")
model.load_weights("net.ckpt")
"""
TEST = """
import tensorflow as tf
from nets import build

model = build(8, name="tested", {})
model.load_weights({})
"""


def rewritten(tmp_path: pathlib.Path, arguments: str, path: str) -> str:
    files = {"nets.py": NETS, "train.py": TRAIN, "test.py": TEST.format(arguments, path)}
    for name, code in files.items():
        (tmp_path / name).write_text(code)
    contents = {str(tmp_path / name): code.encode() for name, code in files.items()}
    target = Target(True, release("2.4"), newest())
    outcome = project.rewrite_all(contents, target)[str(tmp_path / "test.py")]
    assert isinstance(outcome, Rewritten)
    return outcome.content.decode()


@pytest.mark.parametrize(
    ("arguments", "path", "partial"),
    [
        ("training=False", "'net.ckpt'", True),
        ("training=False", "tf.train.latest_checkpoint('runs')", True),
        ("training=True", "'net.ckpt'", False),
        ("limit=3", "'net.ckpt'", False),
        ("training=False", "'net.npz'", True),
        ("training=False); model.save_weights('net.ckpt'", "'net.ckpt'", False),
    ],
)
def test_a_model_that_is_not_the_one_that_was_trained(
    tmp_path: pathlib.Path, arguments: str, path: str, partial: bool
) -> None:
    code = rewritten(tmp_path, arguments, path)
    assert "keras_ckpt.load_weights(model, " in code
    assert ("strict=False" in code) is partial


@pytest.mark.parametrize(
    ("method", "partial"),
    [
        ("expect_partial", True),
        ("assert_existing_objects_matched", True),
        ("assert_consumed", False),
    ],
)
def test_what_the_code_says_of_the_load(method: str, partial: bool) -> None:
    for code in (f"m.load_weights('cp').{method}()", f"s = m.load_weights('cp')\ns.{method}()"):
        after = redirected(f"import keras\nm = keras.Sequential()\n{code}\n")
        assert ("strict=False" in after) is partial
