"""The types of values: endings, joins, numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.migrate.code.values import types
from keras_ckpt.migrate.code.values.types import UNKNOWN, Constant, Number, Str

PARTS = st.lists(st.one_of(st.none(), st.text(alphabet=".ah5w", max_size=6)), max_size=4)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("a.h5",), True),
        (("a.keras",), False),
        ((None, ".h5"), True),
        ((None, "h5"), None),
        ((None,), None),
        (("a.h5", None), None),
        ((None, ".hdf5"), False),
        ((), False),
    ],
)
def test_endings(parts: tuple[str | None, ...], expected: bool | None) -> None:
    assert Str(parts).ends_in((".h5",)) is expected


def test_what_is_not_known_is_not_taken_for_the_first_half_of_an_ending() -> None:
    assert Str((None, ".h5")).ends_in((".weights.h5",)) is False
    assert Str((None, "s.h5")).ends_in((".weights.h5",)) is None


@given(PARTS)
def test_parts_are_joined_and_nothing_is_lost(parts: list[str | None]) -> None:
    made = types.of_parts(parts)
    texts = [each for each in parts if each is not None]
    assert "".join(each or "" for each in made.parts) == "".join(texts)
    assert all((one is None) != (other is None) for one, other in zip(made.parts, made.parts[1:]))
    assert (made.known is None) == (None in parts)


@given(
    st.lists(st.text(alphabet="ab.", max_size=5), min_size=1, max_size=3),
    st.text("ab.", max_size=2),
)
def test_what_ends_alike_ends_so_together(texts: list[str], ending: str) -> None:
    joined = types.joined([Str((each + ending,)) for each in texts])
    assert isinstance(joined, Str)
    assert joined.ends_in((ending,)) is not False


@pytest.mark.parametrize(
    ("value", "number", "integer"),
    [
        (Constant(3), 3, 3),
        (Constant(1.5), 1.5, None),
        (Constant(True), None, None),
        (Constant(None), None, None),
        (Number(), None, None),
        (Str(("3",)), None, None),
        (UNKNOWN, None, None),
    ],
)
def test_numbers(value: types.Value, number: float | None, integer: int | None) -> None:
    assert types.number(value) == number
    assert types.integer(value) == integer


def test_a_long_string_is_cut_at_its_beginning() -> None:
    assert types.of_parts(["a" * types.LONG + ".h5"]).ends_in((".h5",))
    assert len(types.of_parts(["a" * types.LONG * 2]).parts[0] or "") == types.LONG


def test_nothing_in_particular_is_known_of_nothing() -> None:
    assert types.joined([]) == UNKNOWN
