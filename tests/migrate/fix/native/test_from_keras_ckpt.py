"""What is taken from keras_ckpt is native again, as a whole or not at all."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes


def test_what_is_taken_from_keras_ckpt_is_native_again() -> None:
    before = (
        "import keras\n# mine\nfrom keras_ckpt import ModelCheckpoint, load_model  # both\n"
        "import keras_ckpt\n\n"
        "c = ModelCheckpoint('best.hdf5', period=1)\n"
        "k = keras_ckpt.ModelCheckpoint('cp.ckpt', save_weights_only=True)\n"
        "keras_ckpt.load_weights(m, path='cp.ckpt', strict=False)\n"
        "keras_ckpt.save_model(a or b, 'end.keras')\n"
        "m = load_model('best.hdf5', verbose=0)\n"
    )
    assert native(before) == (
        "import keras\n# mine\nfrom keras.callbacks import ModelCheckpoint  # both\n"
        "from keras.models import load_model\n\n"
        "c = ModelCheckpoint('best.keras')\n"
        "k = keras.callbacks.ModelCheckpoint('cp.weights.h5', save_weights_only=True)\n"
        "m.load_weights(filepath='cp.weights.h5')\n"
        "(a or b).save('end.keras')\n"
        "m = load_model('best.keras')\n"
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            "from keras_ckpt import ModelCheckpoint\nModelCheckpoint('a.keras', period=2)",
            "`period=2`",
        ),
        ("from keras_ckpt import ModelCheckpoint\nModelCheckpoint(path)", "line 2 is not known"),
        ("import keras_ckpt\nkeras_ckpt.latest_checkpoint('a')", "no `latest_checkpoint`"),
        ("import keras_ckpt\nkeras_ckpt.install()", "no `install`"),
        ("import keras_ckpt as k\nk.load_weights(m, 'a', **more)", "no argument `None`"),
        ("from keras_ckpt.compat import for_version", "no `for_version`"),
    ],
)
def test_what_needs_keras_ckpt_stays_as_a_whole(code: str, why: str) -> None:
    assert native(code) == code
    (only,) = notes(code)
    assert "keras_ckpt stays" in only and why in only
