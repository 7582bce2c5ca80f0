"""Arguments by position: the seventh of stand-alone Keras, the eighth, the ninth."""

from __future__ import annotations

import pytest
from keras_3 import needs_keras_3, refused_in_its_words
from snippets import HEAD, codes, found, native, notes

ALONE = "from keras.callbacks import ModelCheckpoint\n"
OWN = "from keras_ckpt import ModelCheckpoint\n"
CALL = "ModelCheckpoint('a.keras', 'val_loss', 0, False, False, 'min', %s)"


@pytest.mark.parametrize("old", ["2.4", "2.15", "keras==2.2.4"])
def test_stand_alone_keras_had_the_period_in_the_seventh_place(old: str) -> None:
    (only,) = found(ALONE + CALL % "5", old)
    assert only.code == "KC105"
    assert "`period=5`" in only.advice


@pytest.mark.parametrize(
    ("seventh", "old", "new", "expected"),
    [
        # With that release anything there is one, but for what it would have refused.
        ("every", "keras 2.3", "3.15", ["KC105"]),
        ("every", "2.15", "3.15", []),
        ("'epoch'", "keras 2.3", "3.15", []),
        ("5", "keras 2.3", "2.4", ["KC105"]),
        ("5", "2.4", "2.15", []),
        ("period", "2.4", "3.15", ["KC105"]),
        ("True", "2.15", "3.15", []),
    ],
)
def test_which_values_may_be_a_period(
    seventh: str, old: str, new: str, expected: list[str]
) -> None:
    assert codes(ALONE + CALL % seventh, old, new) == expected


def test_of_tensorflow_a_number_is_a_frequency() -> None:
    assert not found(
        "from tensorflow.keras.callbacks import ModelCheckpoint\n" + CALL % "5", "2.15"
    )


@pytest.mark.parametrize("head", [HEAD.replace("MC =", "ModelCheckpoint ="), OWN])
def test_what_a_subclass_calls_period_is_one(head: str) -> None:
    named = """
class Mine(ModelCheckpoint):
    def __init__(self, path, monitor, verbose, best, weights, mode="min", period=1):
        super(Mine, self).__init__(path, monitor, verbose, best, weights, mode, period)
"""
    assert codes(head + named, "2.15") == ["KC105"]


def test_keras_ckpt_takes_it_for_batches_too() -> None:
    call = OWN + CALL.replace(")", ", period=2)") % "5"
    (only,) = found(call, "2.15")
    assert only.code == "KC105"
    assert "In Keras before 2.4 it was `period`" in only.message
    assert "`period=5`, in epochs, or `save_freq=5`" in only.advice
    assert codes(OWN + CALL % "'epoch'", "2.15") == []
    # It takes options in the eighth place as well.
    assert codes(OWN + CALL % "'epoch', o", "2.4") == []


@pytest.mark.parametrize(
    ("rest", "old", "new", "expected"),
    [
        ("'epoch', o", "2.4", "3.15", ["KC105"]),
        ("'epoch', None", "2.4", "3.15", []),
        ("'epoch', o", "2.4", "2.15", []),
        ("'epoch', None, 0.5", "2.8", "3.15", ["KC105"]),
        ("*more", "2.4", "3.15", []),
    ],
)
def test_the_eighth_and_ninth_moved(rest: str, old: str, new: str, expected: list[str]) -> None:
    head = HEAD.replace("MC =", "ModelCheckpoint =")
    assert codes(head + CALL % rest, old, new) == expected


def test_natively_the_ninth_keeps_its_meaning() -> None:
    after = CALL % "'epoch', initial_value_threshold=0.5"
    assert native(ALONE + CALL % "'epoch', None, 0.5", "2.8") == ALONE + after


def test_natively_a_period_of_one_goes_and_another_stays() -> None:
    assert native(ALONE + CALL % "1", "keras==2.2.4") == ALONE + CALL.replace(", %s", "")
    assert native(ALONE + CALL % "5", "keras==2.2.4") == ALONE + CALL % "5"
    (only,) = notes(ALONE + CALL % "5", old="keras==2.2.4")
    assert "KC105 not changed: `period` needs keras_ckpt" in only


@needs_keras_3
def test_keras_3_says_the_same() -> None:
    refused_in_its_words("'m.keras', 'loss', 0, True, False, 'min', 'epoch', None, None")
