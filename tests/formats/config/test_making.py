"""Which errors say that a model cannot be made, and which come out as they are."""

from __future__ import annotations

import pytest

import keras_ckpt
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
