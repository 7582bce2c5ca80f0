"""The arguments of Keras's functions as those of keras_ckpt."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import redirected

HEAD = "import keras\nimport keras_ckpt\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("m.load_weights('cp.ckpt')", "keras_ckpt.load_weights(m, 'cp.ckpt')"),
        (
            "m.load_weights(filepath='cp.ckpt', by_name=False)",
            "keras_ckpt.load_weights(m, path='cp.ckpt', by_name=False)",
        ),
        (
            "m.load_weights('cp.ckpt').expect_partial()",
            "keras_ckpt.load_weights(m, 'cp.ckpt', strict=False).expect_partial()",
        ),
        (
            "self.net.load_weights(\n    'cp.ckpt',  # old\n)",
            "keras_ckpt.load_weights(\n    self.net, 'cp.ckpt',  # old\n)",
        ),
        ("m.save_weights('cp.ckpt', True)", "keras_ckpt.save_weights(m, 'cp.ckpt')"),
        (
            "m.save('dir', save_format='tf', include_optimizer=True)",
            "keras_ckpt.save_model(m, 'dir', format='tf')",
        ),
        (
            "keras.models.save_model(m, 'dir', overwrite=True)",
            "keras_ckpt.save_model(m, 'dir')",
        ),
        (
            "keras.models.load_model('dir', None, False)",
            "keras_ckpt.load_model('dir', None, False)",
        ),
        ("keras.models.load_model(path)", "keras_ckpt.load_model(path)"),
        ("m.load_weights(path)", "keras_ckpt.load_weights(m, path)"),
        (
            "m.save_weights('w.weights.h5', save_format='hdf5')",
            "keras_ckpt.save_weights(m, 'w.weights.h5', format=\"h5\")",
        ),
        ("m.save('m.keras', save_traces=False)", "keras_ckpt.save_model(m, 'm.keras')"),
        (
            "m.load_weights('w.weights.h5', options=o)",
            "keras_ckpt.load_weights(m, 'w.weights.h5', options=o)",
        ),
        (
            "keras.models.load_model('m.keras', options=None)",
            "keras_ckpt.load_model('m.keras')",
        ),
    ],
)
def test_takes_from_keras_ckpt_what_keras_3_refuses(before: str, after: str) -> None:
    head = "m.compile(loss='mse')\n"
    assert redirected(f"import keras\n{head}{before}\n") == HEAD + head + after + "\n"
