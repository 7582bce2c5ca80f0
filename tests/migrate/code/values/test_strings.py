"""The values of strings and paths, however they are put together."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import Str, value


def shown(code: str) -> str:
    found = value(*last("import os, pathlib\n" + code))
    return found.shown if isinstance(found, Str) else f"{found}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("'a' 'b'", "ab"),
        ("f'{x}/a'", "…/a"),
        ("x = 'd'\nf'{x}/{x!s}{x!r}{x:>3}a'", "d/d…a"),
        ("x = 'd'\nf'{{epoch}}{x}'", "{epoch}d"),
        ("'%s-%d.h5' % ('a', 3)", "a-….h5"),
        ("'%s' % x", "…"),
        ("'%(a)s.h5' % d", "….h5"),
        ("'100%%'  % ()", "100%"),
        ("'%s.h5' % 'a'", "a.h5"),
        ("'{}-{}'.format('a', x)", "a-…"),
        ("'{1}-{0}'.format('a', 'b')", "b-a"),
        ("'{a}-{b}'.format(a='c')", "c-…"),
        ("'{a:02d}'.format(a=3)", "…"),
        ("'{'.format(a)", "…"),
        ("'a'.format(**d)", "a"),
        ("os.path.join('a', x, 'b')", "a/…/b"),
        ("os.path.join('a/', 'b')", "a/b"),
        ("os.path.join('a', '/b')", "/b"),
        ("os.path.join(*parts, 'b')", "…/b"),
        ("pathlib.Path('a') / 'b' / x", "a/b/…"),
        ("pathlib.Path('a', 'b').resolve()", "a/b"),
        ("pathlib.Path(x).joinpath('b')", "…/b"),
        ("pathlib.Path('a.h5').with_suffix('.keras')", "….keras"),
        ("pathlib.Path('a/b').with_name('c')", "…c"),
        ("str(pathlib.Path('a'))", "a"),
        ("os.fspath('a')", "a"),
        ("str(5)", "5"),
    ],
)
def test_parts(code: str, expected: str) -> None:
    assert shown(code) == expected
