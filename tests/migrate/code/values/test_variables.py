"""The values of variables, and how they were changed since."""

from __future__ import annotations

import pytest
from snippets import last, sites

from keras_ckpt.migrate.code.values.infer import (
    UNKNOWN,
    Constant,
    Mapping,
    Number,
    Sequence,
    Str,
    value,
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 'a'\nx", Str(("a",))),
        ("x = 'a'\nx = 'b'\nx", Str(("b",))),
        ("x = 'a'\nif y:\n    x = 'b'\nx", Str((None,))),
        ("if y:\n    x = 1\nelse:\n    x = 2\nx", Number()),
        ("x = 'a'\nx += '.h5'\nx", Str(("a.h5",))),
        ("x = 1\nx += 1\nx", UNKNOWN),
        ("x, y = 1, 2\ny", Constant(2)),
        ("x = x\nx", UNKNOWN),
        ("for x in y: pass\nx", UNKNOWN),
        ("import x\nx", UNKNOWN),
        ("x", UNKNOWN),
        ("while z:\n    x = y\n    y = x\nx", UNKNOWN),
    ],
)
def test_what_is_bound(code: str, expected: object) -> None:
    assert value(*last(code)) == expected


@pytest.mark.parametrize(
    ("code", "keys", "complete"),
    [
        ("x = {}\nx['a'] = 1\nx.update(b=2)\nx", ["a", "b"], True),
        ("x = {'a': 1}\ndel x['a']\nx", [], True),
        ("x = {'a': 1}\nif y:\n    del x['a']\nx", [], False),
        ("x = {}\nx[y] = 1\nx", [], False),
        ("x = {}\nx.setdefault('a', 1)\nx", ["a"], True),
        ("x = {}\nx.update(y)\nx", [], False),
    ],
)
def test_dicts_that_are_changed(code: str, keys: list[str], complete: bool) -> None:
    found = value(*last(code))
    assert isinstance(found, Mapping)
    assert (list(found.items), found.complete) == (keys, complete)


def test_what_is_changed_in_a_branch_is_not_sure() -> None:
    found = value(*last("x = {'a': 1}\nif y:\n    x['a'] = 2\nx"))
    assert isinstance(found, Mapping)
    assert not found.items["a"].sure


@pytest.mark.parametrize(
    ("code", "count", "complete"),
    [
        ("x = []\nx.append(1)\nx.insert(0, 2)\nx.extend([3, 4])\nx", 4, True),
        ("x = [1]\nx += [2]\nx", 2, True),
        ("x = []\nx.extend(y)\nx", 0, False),
    ],
)
def test_lists_that_are_changed(code: str, count: int, complete: bool) -> None:
    found = value(*last(code))
    assert isinstance(found, Sequence)
    assert (len(found.items), found.complete) == (count, complete)


CLASS = """
from keras.callbacks import ModelCheckpoint
class A:
    path = 'a.h5'
    def __init__(self):
        self.other = 'b.h5'
    def f(self):
        ModelCheckpoint(self.%s)
"""


@pytest.mark.parametrize(
    ("name", "expected"), [("path", "a.h5"), ("other", "b.h5"), ("absent", None)]
)
def test_attributes_of_self(name: str, expected: str | None) -> None:
    (site,) = sites(CLASS % name).facts.checkpoints()
    found = site.positional[0].value
    assert (found.known if isinstance(found, Str) else None) == expected
