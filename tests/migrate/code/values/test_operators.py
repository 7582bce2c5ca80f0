"""The values of constants and operators."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import UNKNOWN, Constant, Number, Sequence, Str, value


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("None", Constant(None)),
        ("True", Constant(True)),
        ("1.5", Constant(1.5)),
        ("b'a'", UNKNOWN),
        ("...", UNKNOWN),
        ("2 + 3 * 4", Constant(14)),
        ("7 // 2", Constant(3)),
        ("-5", Constant(-5)),
        ("-x", UNKNOWN),
        ("not 0", Constant(True)),
        ("not x", UNKNOWN),
        ("1 / 0", Number()),
        ("10 ** 9", Number()),
        ("1e300 * 1e300", Number()),
        ("5 * steps", Number()),
        ("n // batch", Number()),
        ("a + b", UNKNOWN),
        ("'a' + 'b' + c", Str(("ab", None))),
        ("a + 'b'", Str((None, "b"))),
        ("a / 'b'", Str((None, "/b"))),
        ("1 if x else 1", Constant(1)),
        ("1 if x else 2", Number()),
        ("True if x else False", UNKNOWN),
        ("'a.h5' if x else 'b.h5'", Str((None, ".h5"))),
        ("'a' if x else 'b'", Str((None,))),
        ("'a.h5' if x else y", UNKNOWN),
        ("x or 'a.h5'", UNKNOWN),
        ("'b.h5' or 'a.h5'", Str((None, ".h5"))),
    ],
)
def test_values(code: str, expected: object) -> None:
    assert value(*last(code)) == expected


def test_lists_are_joined() -> None:
    found = value(*last("[1] + (2, 3)"))
    assert isinstance(found, Sequence)
    assert (len(found.items), found.complete) == (3, True)


def test_a_long_sum_is_no_deep_one() -> None:
    found = value(*last(" + ".join(["'a'"] * 500)))
    assert found == Str(("a" * 500,))
