"""What each argument can be."""

from __future__ import annotations

import decimal
import fractions
import inspect
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import ModelCheckpoint
from keras_ckpt.engine import arguments


@given(st.one_of(st.floats(), st.integers(-(10**6), 10**6), st.booleans(), st.text(), st.none()))
def test_whole_number_is_one_or_is_refused(value: Any) -> None:
    good = (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and value >= 1
        and value != float("inf")
        and value == int(value)
    )
    if good:
        found = arguments.whole_number("n", value)
        assert type(found) is int
        assert found == value
    else:
        with pytest.raises(ValueError, match="`n` must be a whole number from 1 on. Received: "):
            arguments.whole_number("n", value)


@pytest.mark.parametrize("value", [np.int16(3), np.float16(3), np.array(3), fractions.Fraction(3)])
def test_whole_number_of_other_types(value: Any) -> None:
    assert arguments.whole_number("n", value) == 3


@pytest.mark.parametrize("value", [np.bool_(True), np.array(True), decimal.Decimal("2.5"), 3j, "3"])
def test_no_whole_number(value: Any) -> None:
    with pytest.raises(ValueError, match="`period` must be a whole number"):
        arguments.whole_number("period", value)


def test_string() -> None:
    assert arguments.string("monitor", "val_loss") == "val_loss"
    for wrong in (None, 5, b"val_loss", ["val_loss"]):
        with pytest.raises(TypeError, match="`monitor` must be a string. Received: .*of type "):
            arguments.string("monitor", wrong)
    with pytest.raises(ValueError, match="`monitor` must not be empty"):
        arguments.string("monitor", "")


@pytest.mark.parametrize("value", [True, 1, 1.0, np.True_, np.int64(1), np.array(True)], ids=repr)
def test_true(value: Any) -> None:
    assert arguments.boolean("b", value) is True


def test_text() -> None:
    assert arguments.boolean("b", "True") is True
    with pytest.warns(UserWarning, match="`b` is the text 'false'"):
        assert arguments.boolean("b", "false") is False


@pytest.mark.parametrize("value", [False, 0, 0.0, np.False_, np.array(0), None], ids=repr)
def test_false(value: Any) -> None:
    assert arguments.boolean("b", value) is False


@pytest.mark.parametrize("value", ["no", "", 2, -1, [], [True], float("nan")], ids=repr)
def test_neither_true_nor_false(value: Any) -> None:
    with pytest.raises(ValueError, match="`b` must be True or False. Received: "):
        arguments.boolean("b", value)


def test_number() -> None:
    assert arguments.number("verbose", 2) == 2
    assert arguments.number("verbose", 0.5) == 0.5
    assert arguments.number("verbose", np.array(1)) == 1
    found = arguments.number("verbose", True)
    assert found == 1
    assert type(found) is int
    for wrong in ("1", None, float("nan"), [1]):
        with pytest.raises(ValueError, match="`verbose` must be a number"):
            arguments.number("verbose", wrong)


def test_options_or_threshold() -> None:
    some = object()
    assert arguments.options_or_threshold(None, None) == (None, None)
    assert arguments.options_or_threshold(some, None) == (some, None)
    assert arguments.options_or_threshold(some, 3) == (some, 3.0)
    assert arguments.options_or_threshold(0, None) == (None, 0.0)
    assert arguments.options_or_threshold(np.float32(-0.5), None) == (None, -0.5)
    # A boolean is no threshold: it stays in its place, to be refused there.
    assert arguments.options_or_threshold(True, None) == (True, None)
    assert type(arguments.options_or_threshold(None, np.float32(2))[1]) is float
    with pytest.raises(TypeError, match="`initial_value_threshold` is given twice: 0.5 .* 0.25"):
        arguments.options_or_threshold(0.5, 0.25)
    for wrong in ("0.5", [0.5], float("nan")):
        with pytest.raises(ValueError, match="`initial_value_threshold` must be a number"):
            arguments.options_or_threshold(None, wrong)
    with pytest.raises(ValueError, match="`initial_value_threshold` must be a number"):
        arguments.options_or_threshold(float("nan"), None)
    assert arguments.options_or_threshold(float("-inf"), None) == (None, float("-inf"))


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("moniter", "monitor"),
        ("save_best", "save_best_only"),
        ("save_weight_only", "save_weights_only"),
        ("Verbose", "verbose"),
        ("file_path", "filepath"),
        ("load_weight_on_restart", "load_weights_on_restart"),
        ("initial_value_treshold", "initial_value_threshold"),
        ("qqqq", ""),
    ],
)
def test_unknown(typo: str, meant: str) -> None:
    assert arguments.unknown({typo: 1, "period": 2}) == {typo: meant}


def test_nothing_unknown() -> None:
    assert arguments.unknown(dict.fromkeys(arguments.LEGACY)) == {}


def test_what_other_libraries_call_it() -> None:
    assert {"save_top_k", "save_last", "every_n_epochs", "save_total_limit"} < set(arguments.PEERS)
    assert {"n_saved", "num_to_keep"} < set(arguments.PEERS)
    parameters = set(inspect.signature(ModelCheckpoint).parameters) | set(arguments.LEGACY)
    for name, ours in arguments.PEERS.items():
        assert name not in parameters
        assert ours in parameters or callable(getattr(ModelCheckpoint, ours.strip("()"))), ours
        with pytest.warns(UserWarning, match=rf"`{name}` is not an argument .*`{re.escape(ours)}`"):
            ModelCheckpoint("{epoch}.keras", **{name: 3})
    assert set(arguments.NAMES + arguments.OWN) == parameters - {"kwargs"}
