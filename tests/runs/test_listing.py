"""The order of checkpoints, and their names, by their records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.runs import listing
from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.record import Record


def record(**fields: object) -> Record:
    given = {"template": "w.{epoch}.keras", "run": "r", "epoch": 1, "started": "2024", "time": "t"}
    return Record(**{**given, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "tail"),
    [
        ("w.{epoch}.keras", "w.{epoch}.keras"),
        ("/a/b/w.{epoch}.keras", "w.{epoch}.keras"),
        ("a/{epoch}/model.keras", "{epoch}/model.keras"),
        ("a/best.keras", "best.keras"),
        ("a\\best.keras", "best.keras"),
        ("a/{epoch}/", "{epoch}"),
        ("a/{{b}}/w.{epoch}.keras", "w.{epoch}.keras"),
        ("a/{{b}}.keras", "{{b}}.keras"),
        ("a{/b.keras", "a{/b.keras"),
    ],
)
def test_what_of_a_template_names_the_files(template: str, tail: str) -> None:
    assert listing.tail(template) == tail


@pytest.mark.parametrize(
    ("fields", "path", "found"),
    [
        ({"name": "w.1.keras"}, "run/w.1.keras", True),
        ({"name": "w.1.keras", "template": "/old/place/w.{epoch}.keras"}, "w.1.keras", True),
        # Copies, and other templates.
        ({"name": "w.1.keras"}, "run/w.2.keras", False),
        ({"name": "w.1.keras", "template": "w.{epoch}.best.keras"}, "w.1.keras", False),
    ],
)
def test_what_was_saved_from_a_template(fields: dict, path: str, found: bool) -> None:
    assert listing.is_of("run/w.{epoch}.keras", path, record(**fields)) is found


def test_the_run_that_was_saved_last_comes_last() -> None:
    old = [Entry(f"old{n}", record(run="a", epoch=n, time=f"2024-01-0{n}")) for n in (1, 2, 3)]
    new = [Entry(f"new{n}", record(run="b", epoch=n, time=f"2024-02-0{n}")) for n in (1, 2)]
    assert listing.in_order([new[1], old[2], old[0], new[0], old[1]]) == [*old, *new]


def test_a_clock_that_went_back_does_not_turn_a_run_around() -> None:
    made = [
        Entry("1", record(epoch=1, time="2024-01-05")),
        Entry("2", record(epoch=1, batch=7, time="2024-01-01")),
        Entry("3", record(epoch=2, time="2024-01-02")),
    ]
    assert listing.in_order(reversed(made)) == made


@given(
    st.integers(0, 999),
    st.floats(0, 9).map(lambda value: round(value, 2)),
    st.sampled_from(["", "dir/", "/a/b/"]),
)
def test_values_in_a_name(epoch: int, loss: float, directory: str) -> None:
    template = directory + "w-{epoch:02d}-{val_loss:.2f}.h5"
    path = template.format(epoch=epoch, val_loss=loss)
    assert listing.values_in(template, path) == {"epoch": f"{epoch:02d}", "val_loss": f"{loss:.2f}"}
    assert listing.values_in(template, path + "x") == {}


def test_values_in_the_name_of_a_directory() -> None:
    assert listing.values_in("a/{epoch}/m.keras", "elsewhere/12/m.keras") == {"epoch": "12"}


@pytest.mark.parametrize(
    ("template", "beside"),
    [
        ("run/w.{epoch:02d}-{val_loss:.2f}.keras", "run/w.exception.keras"),
        ("w-{epoch}.weights.h5", "w.exception.weights.h5"),
        ("best.weights.h5", "best.exception.weights.h5"),
        ("best.keras", "best.exception.keras"),
        ("cp/{epoch}", "cp/exception"),
        ("cp/cp-{epoch:04d}.ckpt", "cp/cp.exception.ckpt"),
        ("a/{epoch}/model.keras", "a/model.exception.keras"),
        ("{epoch}.keras", "exception.keras"),
        ("a{{b}}/{{c}}-{epoch}.keras", "a{b}/{c}.exception.keras"),
        ("a{{b}}/c{{}}.keras", "a{b}/c{}.exception.keras"),
        ("a{{b}}/{epoch}{{x}}", "a{b}/exception"),
    ],
)
def test_the_name_of_what_a_template_cannot_name(template: str, beside: str) -> None:
    assert listing.beside(template, "exception") == beside


@pytest.mark.parametrize(
    ("template", "path"),
    [("a{{b}}/c.keras", "a{b}/c.keras"), ("{epoch}.keras", "{epoch}.keras"), ("a{", "a{")],
)
def test_the_path_that_a_template_without_placeholders_is(template: str, path: str) -> None:
    assert listing.literal(template) == path


def test_a_life_that_was_cut_at_an_earlier_batch_comes_later() -> None:
    made = [
        Entry("1", record(epoch=1, batch=30, restarts=0, time="2024-01-05")),
        Entry("2", record(epoch=1, batch=9, restarts=1, time="2024-01-01")),
        Entry("3", record(epoch=2, restarts=0, time="2024-01-01")),
    ]
    assert listing.in_order(reversed(made)) == made
