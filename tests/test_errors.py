"""The errors that checkpoints raise: their tree, and which is raised for what."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

import keras_ckpt
from keras_ckpt import errors, formats


def pickled(error):
    return pickle.loads(pickle.dumps(error))


TYPES = [getattr(errors, name) for name in errors.__all__]


def test_the_docstring_draws_the_tree():
    drawn = re.findall(r"^ *[*+] (\w+)", errors.__doc__, re.MULTILINE)
    root, *rest = (getattr(errors, name) for name in drawn)
    assert root is keras_ckpt.CheckpointError
    assert root.__bases__ == (ValueError,)
    assert rest == root.__subclasses__()
    assert sorted(drawn) == errors.__all__


@pytest.mark.parametrize("kind", TYPES)
def test_each_is_public_and_documented(kind):
    name = kind.__name__
    for package in (keras_ckpt, formats):
        assert getattr(package, name) is kind
        assert name in package.__all__
    assert kind.__doc__


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
@pytest.mark.parametrize("kind", TYPES)
def test_they_can_be_copied_and_pickled(kind, again):
    """As processes of a pool hand them on."""
    error = kind("m.h5", "it is in two pieces", "glue it")
    error.rank = 3
    made = again(error)
    assert type(made) is kind
    assert str(made) == "Cannot load m.h5: it is in two pieces. Glue it."
    assert vars(made) == vars(error)


def test_the_advice_of_a_type_can_be_replaced_or_left_out():
    assert str(errors.DamagedCheckpoint("a", "b")) == "Cannot load a: b. Copy the file again."
    assert errors.DamagedCheckpoint("a", "b", "").advice == ""
    assert str(errors.CheckpointError("a", "b")) == "Cannot load a: b."


def test_a_mismatch_says_what_does_not_fit():
    shapes = [("dense/kernel", (2, 3), (2, 4))]
    error = errors.MismatchedCheckpoint("a", "b", None, ("c",), iter(["d"]), shapes)
    made = pickled(error)
    assert (made.missing, made.unused, made.shapes) == (["c"], ["d"], shapes)
    nothing = errors.MismatchedCheckpoint("a", "b")
    assert (nothing.missing, nothing.unused, nothing.shapes) == ([], [], [])
