"""Best-only saves at the end of batches."""

from __future__ import annotations

import pathlib
import warnings

import pytest
from keras_3 import needs_keras_3
from snippets import HEAD, codes, found, notes, running

from keras_ckpt import runtime


@pytest.mark.parametrize(
    ("arguments", "new", "expected"),
    [
        ("save_best_only=True, save_freq=9", "3.9", []),
        ("save_best_only=True, save_freq=9", "3.10", ["KC303"]),
        ("monitor='loss', save_best_only=True, save_freq=9", "3.10", []),
        ("monitor='loss', save_best_only=True, save_freq=9", "3.11", ["KC303"]),
        ("monitor='loss', save_best_only=True, save_freq=5 * steps", "3.11", ["KC303"]),
        ("monitor='loss', save_best_only=True, save_freq='epoch'", "3.11", []),
        ("monitor='loss', save_best_only=True, save_freq=freq", "3.11", []),
        ("monitor=metric, save_best_only=True, save_freq=9", "3.11", []),
        ("save_freq=9", "3.11", []),
    ],
)
def test_depends_on_the_releases(arguments: str, new: str, expected: list[str]) -> None:
    assert codes(f"{HEAD}MC('a.keras', {arguments})", "2.4", new) == expected


def test_what_never_saved_is_not_kept_by_keras_ckpt() -> None:
    (of_validation,) = notes(HEAD + "MC('a.keras', save_best_only=True, save_freq=9)")
    assert "TF 2.4 never saved anything" in of_validation
    (of_training,) = notes(HEAD + "MC('a.keras', 'loss', save_best_only=True, save_freq=9)")
    assert "need keras_ckpt" in of_training


@needs_keras_3
def test_keras_3_does_what_is_said(tmp_path: pathlib.Path) -> None:
    import numpy as np

    keras = runtime.keras()
    call = "keras.callbacks.ModelCheckpoint(%r, %r, save_best_only=True, save_freq=2)"
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.zeros((8, 2)), np.zeros((8, 1))
    path = tmp_path / "m.keras"

    def fit(text: str) -> None:
        callback = eval(text, {"keras": keras})
        model.fit(x, y, batch_size=1, validation_split=0.1, verbose=0, callbacks=[callback])

    of_validation = call % (str(path), "val_loss")
    expected = bool(found("import keras\n" + of_validation, "2.4", running().name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(of_validation)
    assert path.exists() == expected
    of_training = call % (str(path), "loss")
    if found("import keras\n" + of_training, "2.4", running().name):
        with pytest.raises(TypeError, match="'NoneType' object is not callable"):
            fit(of_training)
    else:
        fit(of_training)
