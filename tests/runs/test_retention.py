"""Which checkpoints of a run are kept, against a model of the rule."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.runs import retention
from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.record import Record
from keras_ckpt.runs.retention import Keeper, Retention

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
VALUES = st.none() | st.just(math.nan) | st.sampled_from([0.5, 1.0, 1.5, 2.0])


def entry(number: int, value: float | None, hours: float, **fields: Any) -> Entry:
    time = (START + datetime.timedelta(hours=hours)).isoformat()
    fields = {"mode": "min", "step": 10 * number, **fields}
    record = Record(
        "w.{epoch}.keras",
        "run",
        number,
        START.isoformat(),
        time,
        f"w.{number}.keras",
        value=value,
        **fields,
    )
    return Entry(record.name, record)


def model(saves: list[Entry], rules: Retention, mode: str) -> list[set[str]]:
    """The rule in 20 lines: what is there after each save."""
    there: list[Entry] = []
    for_good: set[str] = set()
    clock = since = START.timestamp()
    history = []
    for each in saves:
        there.append(each)
        clock = max(clock, retention.moment(each.record.time))
        if rules.keep_period and each.record.epoch % rules.keep_period == 0:
            for_good.add(each.path)
        hours = rules.keep_checkpoint_every_n_hours
        if hours and clock - since >= hours * 3600:
            since = clock
            for_good.add(each.path)
        known = [
            e for e in there if e.record.value is not None and e.record.value == e.record.value
        ]
        unknown = [e for e in there if e not in known]
        sign = -1 if mode == "max" else 1
        best = sorted(known, key=lambda e: sign * e.record.value) + unknown  # type: ignore[operator]
        keep = {there[-1].path} | for_good
        keep |= {e.path for e in best[: rules.keep_best_n or 0]}
        if rules.max_to_keep:
            keep |= {e.path for e in there[-rules.max_to_keep :]}
        there = [e for e in there if e.path in keep]
        history.append({e.path for e in there})
    return history


RULES = st.builds(
    Retention,
    max_to_keep=st.none() | st.integers(1, 4),
    keep_best_n=st.none() | st.integers(1, 4),
    keep_period=st.none() | st.integers(1, 5),
    keep_checkpoint_every_n_hours=st.none() | st.sampled_from([0.5, 1, 2.5]),
)
SAVES = st.lists(st.tuples(VALUES, st.floats(-0.5, 2)), min_size=1, max_size=25)


@given(RULES.filter(lambda rules: rules.deletes), SAVES, st.sampled_from(["min", "max"]))
def test_is_what_the_model_keeps(rules: Retention, saves: Any, mode: str) -> None:
    hours = 0.0
    made = []
    for number, (value, since) in enumerate(saves, 1):
        hours += since  # The clock may go back.
        made.append(entry(number, value, hours))
    keeper = Keeper(rules, START.isoformat(), mode)
    there: set[str] = set()
    for each, expected in zip(made, model(made, rules, mode)):
        keeper.add(each)
        there.add(each.path)
        for gone in keeper.over():
            there.remove(gone.path)
            keeper.discard(gone.path)
        assert there == expected


@given(RULES.filter(lambda rules: rules.deletes), SAVES, st.data())
def test_a_run_that_is_taken_up_keeps_the_same(rules: Retention, saves: Any, data: Any) -> None:
    made = []
    hours = 0.0
    for number, (value, since) in enumerate(saves, 1):
        hours += abs(since)
        made.append(entry(number, value, hours))
    expected = model(made, rules, "min")[-1]
    there: dict[str, Entry] = {}
    keeper = Keeper(rules, START.isoformat())
    for each in made:
        if data.draw(st.booleans()):
            keeper = Keeper(rules, START.isoformat())
            for before in there.values():
                keeper.add(before)
        keeper.add(each)
        there[each.path] = each
        for gone in keeper.over():
            del there[gone.path]
            keeper.discard(gone.path)
    assert set(there) == expected


def test_a_long_run_takes_no_room() -> None:
    keeper = Keeper(Retention(max_to_keep=2, keep_best_n=3, keep_period=1), START.isoformat())
    for number in range(1, 2000):
        keeper.add(entry(number, 1 / number, number))
        assert keeper.over() == []
        assert len(keeper.entries) <= 6


def test_what_could_not_be_deleted_comes_again() -> None:
    keeper = Keeper(Retention(max_to_keep=1), START.isoformat())
    keeper.add(entry(1, None, 1))
    keeper.add(entry(2, None, 2))
    assert [each.path for each in keeper.over()] == ["w.1.keras"]
    keeper.add(entry(3, None, 3))
    assert [each.path for each in keeper.over()] == ["w.1.keras", "w.2.keras"]


def test_protected_ones_stay() -> None:
    keeper = Keeper(Retention(max_to_keep=1), START.isoformat())
    for number in (1, 2, 3):
        keeper.add(entry(number, None, number))
    keeper.protect(["w.1.keras"], "keep_period")
    assert [each.path for each in keeper.over(["w.2.keras"])] == []
    assert [each.path for each in keeper.over()] == ["w.2.keras"]


def test_steps_count_with_an_integer_save_freq() -> None:
    rules = Retention(keep_period=20, save_freq=10)
    entries = [entry(number, None, number, batch=3) for number in range(1, 6)]
    kept = retention.explained(entries, rules)
    assert [path for path, names in kept.items() if "keep_period" in names] == [
        "w.2.keras",
        "w.4.keras",
    ]


def test_nothing_is_deleted_by_default() -> None:
    assert not Retention().deletes
    assert Retention().described() == {}
    keeper = Keeper(Retention(), START.isoformat())
    for number in range(1, 5):
        keeper.add(entry(number, None, number))
    assert keeper.over() == []


@given(RULES)
def test_it_comes_back_from_a_record(rules: Retention) -> None:
    assert retention.parse(rules.described()) == rules


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 0, 0.5])
def test_what_makes_no_sense_in_a_record_is_left_out(value: float) -> None:
    assert retention.parse({"max_to_keep": value, "other": 3}) == Retention()


def test_why_each_is_kept() -> None:
    rules = Retention(max_to_keep=2, keep_best_n=1, keep_period=2)
    entries = [entry(number, float(number), number) for number in range(1, 6)]
    assert retention.explained(entries, rules) == {
        "w.5.keras": ["newest", "max_to_keep"],
        "w.4.keras": ["max_to_keep", "keep_period"],
        "w.1.keras": ["keep_best_n"],
        "w.2.keras": ["keep_period"],
    }


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "99999-01-01"])
def test_a_time_that_is_none(text: str) -> None:
    assert retention.moment(text) == 0.0


def test_times() -> None:
    assert retention.moment("1970-01-01T00:01:00+00:00") == 60
    assert retention.moment("1970-01-01T00:01:00Z") == 60
    assert retention.moment("1970-01-01T00:01:00") == 60
