"""Values of expressions that are made of several kinds."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import UNKNOWN, Mapping, Str, integer, text, value


def test_every_kind_of_handler_is_there() -> None:
    code = """
    import os
    folder = f"{'run'}"
    path = os.path.join(folder, "w") + ("%s.h5" % "x")
    path
    """
    assert value(*last(code)) == Str(("run/wx.h5",))


def test_a_table_of_paths() -> None:
    found = value(*last("d = 'a'\n{'path': d + '/b.h5', 'freq': 2 * 5}"))
    assert isinstance(found, Mapping)
    path, frequency = (found.items[name] for name in ("path", "freq"))
    assert text(path.node, path.at) == ("a/b.h5",)
    assert integer(value(frequency.node, frequency.at)) == 10


@pytest.mark.parametrize("code", ["f(x)", "x[0]", "lambda: 1", "[y for y in z]", "x < 1", "{1, 2}"])
def test_of_others_nothing_is_known(code: str) -> None:
    assert value(*last(code)) == UNKNOWN


def test_nesting_ends() -> None:
    assert value(*last("-" * 200 + "1")) == UNKNOWN
    names = "x0 = 'a'\n" + "".join(f"x{n} = x{n - 1} + x{n - 1}\n" for n in range(1, 200))
    found = value(*last(names + "x199"))
    assert not isinstance(found, Str) or found.known is None
