"""The values of dicts, lists and tuples."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import Mapping, Sequence, value


@pytest.mark.parametrize(
    ("code", "keys", "complete"),
    [
        ("{'a': 1, 'b': 2}", ["a", "b"], True),
        ("dict(a=1, b=2)", ["a", "b"], True),
        ("{**{'a': 1}, 'b': 2}", ["a", "b"], True),
        ("{**x, 'b': 2}", ["b"], False),
        ("{x: 1, 'b': 2}", ["b"], False),
        ("dict(x, b=2)", ["b"], False),
        ("dict({'a': 1}, **{'b': 2})", ["a", "b"], True),
        ("{'a': 1}.copy()", ["a"], True),
        ("{}", [], True),
    ],
)
def test_dicts(code: str, keys: list[str], complete: bool) -> None:
    found = value(*last(code))
    assert isinstance(found, Mapping)
    assert (list(found.items), found.complete) == (keys, complete)


@pytest.mark.parametrize(
    ("code", "count", "complete"),
    [
        ("[1, 2]", 2, True),
        ("(1,)", 1, True),
        ("[*(1, 2), 3]", 3, True),
        ("[*x, 3]", 1, False),
        ("list((1, 2))", 2, True),
        ("tuple([])", 0, True),
    ],
)
def test_lists(code: str, count: int, complete: bool) -> None:
    found = value(*last(code))
    assert isinstance(found, Sequence)
    assert (len(found.items), found.complete) == (count, complete)


def test_the_last_of_a_key_counts() -> None:
    found = value(*last("{'a': 1, **{'a': 2}}"))
    assert isinstance(found, Mapping)
    part = found.items["a"]
    assert value(part.node, part.at) == value(*last("2"))
