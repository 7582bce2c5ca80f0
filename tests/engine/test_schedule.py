"""When to save: the count of batches, and what `save_freq` can be."""

from __future__ import annotations

import fractions
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.engine import schedule


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=6),
    st.integers(1, 7),
)
def test_every_batch_is_counted_once(sizes: list[int], stride: int) -> None:
    """One call ends `stride` batches, or as many as are left in the epoch."""
    last = None
    total = 0
    for size in sizes:
        ends = sorted({min(end, size) - 1 for end in range(stride, size + stride, stride)})
        counted = []
        for batch in ends:
            counted.append(schedule.batches_since(batch, last))
            last = batch
        assert len(ends) == -(-size // stride)
        # An epoch of a single call looks like the next one of a longer epoch only if it is longer.
        if counted[0] == ends[0] + 1:
            assert sum(counted) == size
        total += sum(counted)
    assert total <= sum(sizes)


def test_first_call_counts_from_the_first_batch() -> None:
    assert schedule.batches_since(0, None) == 1
    assert schedule.batches_since(4, None) == 5
    # With 0 in place of None, as in most releases, one is lost.
    assert schedule.batches_since(4, 0) == 4
    assert schedule.batches_since(0, 0) == 1
    assert schedule.batches_since(4, 9) == 5
    assert schedule.batches_since(4, 0, knows_none=False) == 4
    with pytest.raises(TypeError, match="'<=' not supported"):
        schedule.batches_since(4, None, knows_none=False)


@pytest.mark.parametrize(
    "value",
    [5, 5.0, np.int8(5), np.uint64(5), np.float32(5), np.array(5), fractions.Fraction(10, 2)],
    ids=repr,
)
def test_whole_numbers(value: Any) -> None:
    found = schedule.checked_save_freq(value)
    assert found == 5
    assert type(found) is int


@pytest.mark.parametrize(
    "value",
    [True, False, np.True_, 0, -1, 0.5, 2.5, float("nan"), float("inf"), 1j, "5", "Epoch", None]
    + [[5], np.array([5])],
    ids=repr,
)
def test_refused(value: Any) -> None:
    with pytest.raises(
        ValueError,
        match="Unrecognized save_freq: .*`save_freq` must be 'epoch' or a whole number from 1 on",
    ):
        schedule.checked_save_freq(value)


def test_epoch() -> None:
    assert schedule.checked_save_freq("epoch") == "epoch"
    assert schedule.checked_save_freq(np.str_("epoch")) == "epoch"


def test_what_the_releases_take() -> None:
    for value in ("epoch", 1, 0, -3, True):
        assert schedule.is_frequency(value) is True
    for value in ("batch", 2.0, None, np.int64(5)):
        assert schedule.is_frequency(value) is False
