"""Why a path cannot get another ending."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes

HEAD = "import keras\nimport tensorflow as tf\nm = keras.Sequential()\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("m.save_weights('w')\nm.load_weights('w', by_name=True)", "loads it by name"),
        ("m.save_weights('w')\nm.load_weights('w', True)", "loads it by name"),
        ("m.save('a', True, False, 'tf')", "more arguments by position than Keras 3 takes"),
        ("m.save('a', **more)", "more arguments by position than Keras 3 takes"),
        ("m.save('a', include_optimizer=False)", "saves without the optimizer"),
        ("m.save('a', True, False)", "more arguments by position than Keras 3 takes"),
        ("m.save_weights('w')\nkeras.models.load_model('w')", "loads a whole model"),
        (
            "m.save_weights('d/w')\nm.load_weights(tf.train.latest_checkpoint('d'))",
            "finds TensorFlow checkpoints alone",
        ),
        (
            "class L(keras.layers.Layer): pass\nm.save('a')\nkeras.models.load_model('a')",
            "without the class `L`",
        ),
        ("m.save_weights('w.ckpt')\nglob.glob('*.ckpt')", "looked for by their ending"),
        ("m.save_weights('w.ckpt')\nf.endswith('.ckpt')", "looked for by their ending"),
    ],
)
def test_what_stands_against_it(code: str, why: str) -> None:
    assert native(HEAD + code) == HEAD + code
    assert any(why in each for each in notes(HEAD + code))


@pytest.mark.parametrize(
    "code",
    [
        "m.save_weights('w')\nm.load_weights('w', by_name=False)",
        "m.save('a', True)",
        "m.save('a', include_optimizer=True)",
        "class L(keras.layers.Layer): pass\nm.save('a')\n"
        "keras.models.load_model('a', custom_objects={'L': L})",
        "m.save_weights('w.ckpt')\nglob.glob('*.txt')",
    ],
)
def test_what_does_not(code: str) -> None:
    assert native(HEAD + code) != HEAD + code
