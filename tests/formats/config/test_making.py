"""Which errors say that a model cannot be made, and which come out as they are."""

from __future__ import annotations

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats.config import making


class Own:
    """Code of the user's."""

    @staticmethod
    def fail(error: BaseException) -> None:
        raise error


@pytest.mark.parametrize("kind", [ValueError, KeyError, ZeroDivisionError, RecursionError])
def test_refusal_becomes_an_error_with_the_advice(kind: type[Exception]) -> None:
    text = "It fails: .*no such.*Do this"
    with pytest.raises(keras_ckpt.UnsupportedModel, match=text) as at, making.from_description(
        "m.h5", "do this", "It fails"
    ):
        raise kind("no such")
    assert type(at.value.__cause__) is kind


@pytest.mark.parametrize("kind", [TypeError, AttributeError, RuntimeError, MemoryError, OSError])
def test_error_of_the_users_code_comes_out_as_it_is(kind: type[Exception]) -> None:
    error = kind("mine")
    with pytest.raises(kind) as caught, making.from_description("m.h5", fails="It fails"):
        Own.fail(error)
    assert caught.value is error


def test_error_that_names_the_file_already_comes_out_as_it_is() -> None:
    error = keras_ckpt.DamagedCheckpoint("m.h5", "it is damaged")
    with pytest.raises(keras_ckpt.DamagedCheckpoint) as caught, making.from_description("m.h5"):
        raise error
    assert caught.value is error


def test_interruption_is_no_refusal() -> None:
    with pytest.raises(KeyboardInterrupt), making.from_description("m.h5"):
        raise KeyboardInterrupt


@pytest.mark.skipif(not runtime.is_keras_3(), reason="what Keras 3 makes")
def test_what_is_frozen_does_not_train() -> None:
    keras = runtime.keras()
    layers = keras.layers
    inputs = keras.Input((3,))
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3, trainable=False)])
    x = layers.Dense(3, trainable=False)(layers.Dense(3)(inner(inputs)))
    model = keras.Model(inputs, x)
    making.freeze(model)
    assert len(model.trainable_weights) == 2
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.ones((4, 3)), np.zeros((4, 3)), verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
    assert same == [True, True, False, False, True, True]
