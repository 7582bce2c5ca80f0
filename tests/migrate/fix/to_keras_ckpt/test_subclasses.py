"""What subclasses save by themselves."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import redirected


def test_what_a_subclass_saves_by_itself_may_be_called_anything() -> None:
    before = (
        "import keras\nimport keras_ckpt\n"
        "class A(keras.callbacks.ModelCheckpoint):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        path = self.filepath.format(epoch=epoch)\n"
        "        self.model.save_weights(path, overwrite=True)\n"
        "        self.model.save(path)\n"
        "        self.model.save(path + '.keras')\n"
        "        self.model.save_weights('last.weights.h5')\n"
        "        self.log.save(path)\n"
        "class B(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        self.model.save(self.path + '.keras')\n"
    )
    after = (
        before.replace(
            "self.model.save_weights(path, overwrite=True)",
            "keras_ckpt.save_weights(self.model, path)",
        )
        .replace("self.model.save(path)", "keras_ckpt.save_model(self.model, path)")
        .replace("import keras_ckpt", "import keras_ckpt\nfrom keras_ckpt import ModelCheckpoint")
        .replace("(keras.callbacks.ModelCheckpoint", "(ModelCheckpoint")
    )
    assert redirected(before) == after
