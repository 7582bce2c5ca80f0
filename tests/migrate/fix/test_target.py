"""What code is rewritten to."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import fixed

from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.releases.release import newest, release


def test_by_default_all_rules_are_asked_and_little_is_changed() -> None:
    target = Target(True, release("2.4"), newest())
    assert target.selected("KC101")
    assert not target.everything and not target.tf_keras


def test_every_callback_is_taken_only_if_that_is_asked_for() -> None:
    code = "import keras\nkeep = keras.callbacks.ModelCheckpoint('m.keras')\n"
    assert fixed(code, True, everything=False).content.decode() == code
    assert "from keras_ckpt import" in fixed(code, True, everything=True).content.decode()
