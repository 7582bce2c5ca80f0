"""What saves and loads: a save and the load of the same path go together."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import fixed
from test_needs import rewritten

HEAD = "import keras\nmodel = keras.Sequential()\n"
TRAINER = """\
import keras


class Trainer:
    def __init__(self, model):
        self.model = model
        self.model.compile("adam", "mse")

    def keep(self, path):
        self.model.save_weights(path)

    def back(self, path):
        self.model.load_weights(path)
"""


def test_a_path_that_is_not_known_is_saved_and_loaded_by_keras_ckpt() -> None:
    done = fixed(TRAINER, True, everything=False)
    assert "keras_ckpt.save_weights(self.model, path)" in done.content.decode()
    assert "keras_ckpt.load_weights(self.model, path)" in done.content.decode()
    assert done.notes == []


def test_both_branches() -> None:
    code = (
        HEAD + "def load(backbone, w, part):\n    if part:\n        backbone.load_weights(w)\n"
        "    else:\n        model.load_weights(w)\n"
    )
    after = fixed(code, True, everything=False).content.decode()
    assert "keras_ckpt.load_weights(backbone, w)" in after
    assert "keras_ckpt.load_weights(model, w)" in after


def test_where_neither_is_known_it_is_named() -> None:
    code = "import keras\ndef load(net, path):\n    net.load_weights(path)\n"
    done = fixed(code, True, everything=False)
    assert done.content.decode() == code
    (note,) = done.notes
    assert note.code == "KC902" and "neither the file nor the model is known" in note.text


@pytest.mark.parametrize(
    ("saves", "loads"),
    [
        ("model.save_weights('out/w.h5')", "model.load_weights('out/w.h5')"),
        ("model.save_weights('out/w.h5')", "model.load_weights('../out/w.h5')"),
        ("model.save_weights(f'out/w{1}.h5')", "model.load_weights('out/w1.h5')"),
        (
            "keras.callbacks.ModelCheckpoint('w.{epoch:02d}.hdf5', save_weights_only=True)",
            "model.load_weights('w.07.hdf5')",
        ),
    ],
)
@pytest.mark.parametrize("in_one", [True, False])
def test_what_keras_ckpt_writes_is_read_by_it(saves: str, loads: str, in_one: bool) -> None:
    if in_one:
        code = rewritten(a=HEAD + saves + "\n" + loads + "\n")["a"]
    else:
        code = "".join(rewritten(a=HEAD + saves + "\n", b=HEAD + loads + "\n").values())
    assert "keras_ckpt.load_weights(model, " in code
    assert "keras_ckpt.save_weights(model, " in code or "from keras_ckpt import Model" in code


def test_what_keras_3_writes_is_read_by_it() -> None:
    code = HEAD + "model.save('m.h5')\nkeras.models.load_model('m.h5')\n"
    assert rewritten(a=code) == {"a": code}
    other = HEAD + "model.load_weights('other.h5')\n"
    assert rewritten(a=HEAD + "model.save_weights('w.h5')\n", b=other)["b"] == other
