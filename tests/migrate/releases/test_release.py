"""What the rules ask of a release."""

from __future__ import annotations

import pytest

from keras_ckpt import compat
from keras_ckpt.migrate.releases.release import (
    STAND_ALONE,
    every,
    newest,
    newest_of_keras_2,
    release,
    stand_alone,
)


@pytest.mark.parametrize(
    ("version", "title"),
    [
        ("2.4", "TF 2.4"),
        ("tensorflow==2.4.1", "TF 2.4"),
        ("3.15", "Keras 3.15"),
        ("keras==3.8.0", "Keras 3.8"),
        ("2.16", "Keras 3.0"),
        ("tf_keras", "tf_keras"),
        ("keras 2.3", "Keras 2.3"),
        ("keras==2.2.4", "Keras 2.2"),
        ("Keras-2.0", "Keras 2.0"),
    ],
)
def test_any_form_of_a_version(version: str, title: str) -> None:
    assert release(version).title == title


@pytest.mark.parametrize("version", ["1.15", "keras==2.4", "nonsense", "", "4.0"])
def test_no_such_release(version: str) -> None:
    with pytest.raises(ValueError, match="There is no ModelCheckpoint of version"):
        release(version)


def test_parameters_are_in_order() -> None:
    assert release("2.4").parameters[-1] == "options"
    assert release("2.8").parameters[-2:] == ("options", "initial_value_threshold")
    assert release("3.15").parameters[-2:] == ("save_freq", "initial_value_threshold")
    assert release("2.4").any_keyword and not release("3.15").any_keyword


def test_stand_alone_keras_is_tf_2_0_with_a_period() -> None:
    alone, first = release(STAND_ALONE), release("2.0")
    assert alone.parameters == tuple(
        "period" if each == "save_freq" else each for each in first.parameters
    )
    assert not alone.any_keyword
    assert (alone.is_keras_3, alone.is_tf_keras) == (False, False)
    assert [each.name for each in stand_alone()] == list(compat.STAND_ALONE)
    assert stand_alone()[-1] is alone
    for each in stand_alone():
        assert each.is_stand_alone and not first.is_stand_alone
        assert each.takes("period") and not each.takes("load_weights_on_restart")
    assert first.takes("period") and first.takes("load_weights_on_restart")
    assert not release("3.15").takes("period")


def test_every_release_once_in_order() -> None:
    names = [each.name for each in every()]
    assert names == list(compat.VERSIONS)
    assert newest() is every()[-1]
    at = every().index(newest_of_keras_2())
    assert not any(each.is_keras_3 for each in every()[: at + 1])
    assert all(each.is_keras_3 for each in every()[at + 1 :])


def test_the_same_release_is_made_once() -> None:
    assert release("2.4") is release("2.4")
    assert release("2.4") == release("tensorflow==2.4.1")
