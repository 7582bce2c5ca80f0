"""Variables get all that a checkpoint has for them, or keep what they have."""

from __future__ import annotations

import re
import warnings

import helpers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt import errors, runtime
from keras_ckpt.formats import assignment
from keras_ckpt.formats.assignment import Assignment

keras = helpers.keras


@pytest.fixture(scope="module")
def model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])


def values(model):
    return [np.array(runtime.to_numpy(each)) for each in model.weights]


def assignments(model, value, fails_at=None, error=None):
    def read(number, shape):
        if number == fails_at:
            raise error
        return np.full(shape, value, "float32")

    return [
        Assignment(variable, tuple(variable.shape), lambda n=n, v=variable: read(n, v.shape))
        for n, variable in enumerate(model.weights)
    ]


def test_all_get_their_values(model):
    assignment.assign(model, assignments(model, 5))
    assert all((each == 5).all() for each in values(model))


@pytest.mark.parametrize("error", [OSError("gone"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("number", range(4))
def test_all_keep_theirs_if_one_cannot_be_read(model, number, error):
    assignment.assign(model, assignments(model, 1))
    with pytest.raises(type(error)) as caught:
        assignment.assign(model, assignments(model, 2, fails_at=number, error=error))
    assert caught.value is error
    assert all((each == 1).all() for each in values(model))


def test_what_was_derived_from_variables_is_derived_again():
    class Derives(keras.layers.Layer):
        finalized = 0

        def finalize_state(self):
            self.finalized += 1

    layer = Derives()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), layer])
    assignment.assign(model, assignments(model, 1))
    assert layer.finalized == 1
    with pytest.raises(OSError):
        assignment.assign(model, assignments(model, 2, fails_at=1, error=OSError()))
    assert layer.finalized == 2


NAMES = st.sets(st.text("abc/", min_size=1, max_size=5), max_size=12)


@settings(max_examples=50)
@given(missing=NAMES, unused=NAMES, wrong=st.sets(st.integers(0, 3)))
def test_what_does_not_fit_is_named_with_all_of_it(missing, unused, wrong):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    asked = [
        each._replace(shape=(7, 7)) if number in wrong else each
        for number, each in enumerate(assignments(model, 5))
    ]
    if not (missing or unused or wrong):
        assert assignment.fit("cp", asked) == asked
        return
    with pytest.raises(errors.MismatchedCheckpoint) as caught:
        assignment.fit("cp", asked, missing, unused)
    assert list(caught.value.missing) == sorted(missing)
    assert list(caught.value.unused) == sorted(unused)
    assert len(caught.value.shapes) == len(wrong)
    assert "cp" in str(caught.value)
    if len(missing) > 8:
        assert re.search(f"and {len(missing) - 8} more", str(caught.value))
    if len(wrong) == len(asked):
        with pytest.raises(errors.MismatchedCheckpoint, match="nothing in it fits"):
            assignment.fit("cp", asked, missing, unused, strict=False)
        return
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        kept = assignment.fit("cp", asked, missing, unused, strict=False)
    assert len(said) == 1 and "is loaded in part" in str(said[0].message)
    assert kept == [each for number, each in enumerate(asked) if number not in wrong]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", 4),
        ("bfloat16", 2),
        ("int8", 1),
        ("uint64", 8),
        ("bool", 1),
        ("float8_e4m3fn", 1),
    ],
)
def test_width(dtype, expected):
    assert assignment.width(dtype) == expected


def test_a_model_without_variables_is_refused():
    model = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="has no variables yet, so that its weights cannot be sav"):
        assignment.require_variables(model, "saved")
    model.build((None, 3))
    assignment.require_variables(model, "saved")
