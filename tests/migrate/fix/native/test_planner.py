"""Calls that Keras 3 takes: changed as a whole, or not at all."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes

CALL = "from keras.callbacks import ModelCheckpoint\n%s\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ModelCheckpoint('a.keras', period=1)", "ModelCheckpoint('a.keras')"),
        (
            "ModelCheckpoint('a.keras', period=5, save_freq=9)",
            "ModelCheckpoint('a.keras', save_freq=9)",
        ),
        ("ModelCheckpoint(period=1, filepath='a.keras')", "ModelCheckpoint(filepath='a.keras')"),
        (
            "ModelCheckpoint('a.keras', options=None, verbose=1)",
            "ModelCheckpoint('a.keras', verbose=1)",
        ),
        ("ModelCheckpoint('a.keras', options=o)", "ModelCheckpoint('a.keras')"),
        ("ModelCheckpoint('a.keras', load_weights_on_restart=False)", "ModelCheckpoint('a.keras')"),
        ("ModelCheckpoint('a.keras', save_best=True)", "ModelCheckpoint('a.keras')"),
        (
            "ModelCheckpoint('a.keras', 'loss', 0, False, False, 'min', 'epoch', o)",
            "ModelCheckpoint('a.keras', 'loss', 0, False, False, 'min', 'epoch')",
        ),
        ("ModelCheckpoint('a.hdf5')", "ModelCheckpoint('a.keras')"),
        ("ModelCheckpoint('a')", "ModelCheckpoint('a.keras')"),
        (
            "ModelCheckpoint('cp.ckpt', save_weights_only=True)",
            "ModelCheckpoint('cp.weights.h5', save_weights_only=True)",
        ),
        (
            "ModelCheckpoint('w.h5', save_weights_only=True)",
            "ModelCheckpoint('w.weights.h5', save_weights_only=True)",
        ),
        ("ModelCheckpoint(f'{d}/{{epoch}}.hdf5')", "ModelCheckpoint(f'{d}/{{epoch}}.keras')"),
        ("ModelCheckpoint(r'C:\\d' '.hdf5')", "ModelCheckpoint(r'C:\\d' '.keras')"),
        ("ModelCheckpoint('m-%s.hdf5' % name)", "ModelCheckpoint('m-%s.keras' % name)"),
        (
            "args = {'period': 1, 'verbose': 1}\nModelCheckpoint('a.keras', **args)",
            "args = {'verbose': 1}\nModelCheckpoint('a.keras', **args)",
        ),
        (
            "args = dict(\n    period=1,\n    filepath='a.hdf5',\n)\nModelCheckpoint(**args)",
            "args = dict(\n    filepath='a.keras',\n)\nModelCheckpoint(**args)",
        ),
        (
            "ModelCheckpoint('a.keras', monitor='val_auc', save_best_only=True)",
            "ModelCheckpoint('a.keras', monitor='val_auc', save_best_only=True, mode=\"max\")",
        ),
        (
            "ModelCheckpoint('a.keras', 'val_out_loss', mode='auto')",
            "ModelCheckpoint('a.keras', 'val_out_loss', mode=\"min\")",
        ),
        (
            "ModelCheckpoint(\n    'a.keras',\n    'val_auc',\n    save_best_only=True\n)",
            "ModelCheckpoint(\n    'a.keras',\n    'val_auc',\n    save_best_only=True,\n"
            "    mode=\"max\"\n)",
        ),
    ],
)  # fmt: skip
def test_writes_what_keras_3_takes(before: str, after: str) -> None:
    assert native(CALL % before) == CALL % after


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("ModelCheckpoint('a.hdf5', period=5)", "`period=5` needs keras_ckpt"),
        ("ModelCheckpoint('a.keras', load_weights_on_restart=True)", "needs keras_ckpt"),
        ("ModelCheckpoint('a.keras', 'loss', save_best_only=True, save_freq=9)", "need keras_ckpt"),
        ("ModelCheckpoint('a.keras', monitor='val_dice', save_best_only=True)", "is not known"),
        ("p = 'a.hdf5'\nModelCheckpoint(p)\nupload(p)", "something else, in line 4"),
        ("ModelCheckpoint('a.hdf5')\nupload('a.hdf5')", "something else, in line 3"),
        ("p = 'a.hdf5' if x else 'b.hdf5'\nModelCheckpoint(p)", "not written in one place"),
        ("class A(ModelCheckpoint):\n  def _save_model(self, epoch, logs):\n    pass", "private"),
        (
            "class A(ModelCheckpoint):\n  def f(self):\n    self.path = 'a'\n"
            "    ModelCheckpoint(self.path)\na.path",
            "something else",
        ),
        ("import keras\nkeras.models.load_model('dir')", "nothing in this file writes it"),
        ("ModelCheckpoint('a.{epoch}.hdf5')\nglob.glob('*.hdf5')", "by their ending, in line 3"),
        (
            "import keras\nclass M(keras.Model):\n  pass\n"
            "ModelCheckpoint('dir')\nkeras.models.load_model('dir')",
            "without the class `M`",
        ),
        (
            "import tensorflow as tf\nm.load_weights(tf.train.latest_checkpoint('d'))",
            "newest checkpoint",
        ),
    ],
)  # fmt: skip
def test_says_what_cannot_be_native(call: str, why: str) -> None:
    code = CALL % call
    assert native(code) == code
    assert any("not changed: " in each and why in each for each in notes(code))


def test_a_call_is_made_native_as_a_whole_or_not_at_all() -> None:
    code = CALL % "ModelCheckpoint('a.hdf5', options=None, period=5)"
    assert native(code) == code
    assert len(notes(code)) == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{\n    'period': 1,  # p\n    'verbose': 1,\n}", "{\n    # p\n    'verbose': 1,\n}"),
        ("{\n    'verbose': 1,\n    'period': 1,  # p\n}", "{\n    'verbose': 1,\n    # p\n}"),
        ("{\n    'period': 1,  # p\n}", "{\n    # p\n}"),
    ],
)
def test_lines_and_comments_of_a_dict_stay(before: str, after: str) -> None:
    code = "options = %s\nModelCheckpoint('a.keras', **options)"
    assert native(CALL % (code % before)) == CALL % (code % after)
