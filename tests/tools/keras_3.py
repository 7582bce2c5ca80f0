"""What Keras 3 itself says to a call, for the tests of the rules that repeat it."""

from __future__ import annotations

import os

import pytest
from snippets import found, running, runs_on_keras_3

from keras_ckpt import runtime

needs_keras_3 = pytest.mark.skipif(not runs_on_keras_3(), reason="asks Keras 3 itself")


def refused_in_its_words(arguments: str) -> None:
    """Checks that one thing is found in a call of the callback, in the words of the error."""
    call = f"keras.callbacks.ModelCheckpoint({arguments})"
    (only,) = found("import keras\n" + call, "2.15", running().name)
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(call, {"keras": runtime.keras()})
    assert type(caught.value).__name__ in only.message
    if "keyword" in str(caught.value):
        # Up to Python 3.9 the class is not named.
        assert str(caught.value).rpartition("__init__")[2] in only.message
    elif isinstance(caught.value, ValueError):
        assert str(caught.value) in only.message


def runs_and_leaves(arguments: str) -> list[str]:
    """Trains with a callback in which nothing is found; returns the files that it leaves here."""
    import numpy as np

    keras = runtime.keras()
    call = f"keras.callbacks.ModelCheckpoint({arguments})"
    assert not found("import keras\n" + call, "2.15", running().name)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.zeros((4, 2)), np.zeros((4, 1))
    callback = eval(call, {"keras": keras})
    model.fit(x, y, validation_split=0.5, verbose=0, callbacks=[callback])
    return os.listdir()
