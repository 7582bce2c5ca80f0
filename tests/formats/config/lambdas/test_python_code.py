"""Code of `Lambda` layers: that of this Python runs, that of another never does anything else."""

from __future__ import annotations

import base64
import json
import marshal
import pathlib
import sys
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.formats.config.lambdas import python_code

#: Functions as seven releases of Python compiled them, with what they return for 1.
FUNCTIONS: dict[str, list[list[Any]]] = json.loads(
    (pathlib.Path(__file__).parents[3] / "data" / "python_code" / "functions.json").read_text()
)
RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"


def stored(function: Callable[..., Any]) -> list[Any]:
    code = base64.b64encode(marshal.dumps(function.__code__)).decode()
    return [code, function.__defaults__, None]


@pytest.mark.parametrize("version", sorted(FUNCTIONS))
def test_code_of_each_python_means_the_same_or_is_refused(version: str) -> None:
    made = 0
    for code, defaults, expected in FUNCTIONS[version]:
        try:
            function = python_code.function_of([code, defaults, None], {}, None, True)
        except ValueError as error:
            assert version != RUNNING
            assert f"not that of Python {RUNNING}" in str(error)
        else:
            assert repr(function(1)) == expected
            made += 1
    if version == RUNNING:
        assert made == len(FUNCTIONS[version])


def generator(x: int) -> int:
    return sum(each for each in range(x) if each % 2 or each > 3)


def loop(x: int) -> int:
    total = 0
    for each in range(x):
        if each == 1:
            continue
        try:
            total += each
        except ValueError:
            total = 0
    return total


@pytest.mark.parametrize(
    "function", [generator, loop, lambda x: {x: [each + 1 for each in (x, 2)]}]
)
def test_statements_of_every_kind(function: Callable[[int], Any]) -> None:
    made = python_code.function_of(stored(function), {}, None, True)
    assert made(7) == function(7)


def test_a_name_is_found_among_those_of_the_user() -> None:
    def mine(x: int) -> int:
        return x + 1

    assert python_code.function_of("mine", {"mine": mine}, "module", False) is mine
    with pytest.raises(ValueError, match="'other' of module that a Lambda calls is not known"):
        python_code.function_of("other", {"mine": mine}, "module", False)


def test_what_it_uses_must_be_known() -> None:
    function = stored(lambda x: helper(x))  # type: ignore[name-defined]  # noqa: F821
    with pytest.raises(ValueError, match="uses helper, which it does not hold"):
        python_code.function_of(function, {}, None, True)
    made = python_code.function_of(function, {"helper": abs}, None, True)
    assert made(-3) == 3


def test_variables_around_it_were_not_stored() -> None:
    by = 3
    with pytest.raises(ValueError, match="variables around it"):
        python_code.function_of(stored(lambda x: x * by), {}, None, True)


@given(st.binary(max_size=300))
def test_no_bytes_are_taken_for_code(data: bytes) -> None:
    with pytest.raises(ValueError, match="not that of Python"):
        python_code.function_of(base64.b64encode(data).decode(), {}, None, True)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_damaged_code_is_refused_or_runs(position: int, change: int) -> None:
    data = bytearray(marshal.dumps((lambda x: (x + 1, [x])).__code__))
    data[position % len(data)] ^= change
    text = base64.b64encode(bytes(data)).decode()
    if not python_code._is_laid_out(bytes(data)):
        with pytest.raises(ValueError, match="not that of Python"):
            python_code.function_of(text, {}, None, True)


def test_a_python_before_3_9_makes_no_code_of_another_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = next(each for each in ("3.9", "3.10", "3.8") if each != RUNNING)
    code, defaults, _ = FUNCTIONS[other][0]
    assert python_code.source_of([code, defaults, None]) is not None
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    assert python_code.source_of([code, defaults, None]) is None
