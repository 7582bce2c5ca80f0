"""Attributes: of classes, instances, modules and configurations."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import Str, value

CLASS = """
class Base:
    where = "base"

class A(Base):
    path: str = "a"

    def __init__(self, name):
        self.name = "n" + ".h5"
        self.inner = Inner()

    @property
    def best(self):
        return self.path + "/best"

class Inner:
    last = "z"
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A.path", "a"),
        ("A.where", "base"),
        ("A('x').path", "a"),
        ("A('x').best", "a/best"),
        ("a = A('x')\na.name", "n.h5"),
        ("a = A('x')\na.inner.last", "z"),
        ("a = A('x')\na.path = 'b'\na.path", "b"),
        ("def f(a: A):\n    return a.path\nf(1)", "a"),
        ("def make():\n    return A('x')\nmake().path", "a"),
        ("c = Namespace(path='c')\nc.path", "c"),
        ("c = EasyDict()\nd = c\nc.TRAIN.PATH = 'd'\nd.TRAIN.PATH", "d"),
        ("c = {'path': 'e'}\nc.path", "e"),
    ],
)
def test_known(code: str, expected: str) -> None:
    assert value(*last(CLASS + code)) == Str((expected,))


@pytest.mark.parametrize("code", ["A.absent", "x.path", "a = b()\na.path", "a = a.b\na.path"])
def test_unknown(code: str) -> None:
    assert not isinstance(value(*last(CLASS + code)), Str)
