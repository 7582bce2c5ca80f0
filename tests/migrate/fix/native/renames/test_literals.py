"""Where the end of a path is written, and what that goes to."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames import literals
from keras_ckpt.migrate.fix.native.renames.literals import Paths


def paths(code: str) -> tuple[Names, Paths, ast.Call]:
    """Returns a module, its paths, and the first call of `save` in it."""
    names = Names(ast.parse("import os, pathlib\n" + code))
    calls = [each.node for each in names.calls if ast.unparse(each.node.func) == "save"]
    arguments = [call.args[0] for call in calls if call.args]
    return names, Paths(names, arguments, set(calls)), calls[0]


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("save('a.h5')", "'a.h5'"),
        ("p = 'a.h5'\nsave(p)", "'a.h5'"),
        ("save(d + '/a.h5')", "'/a.h5'"),
        ("save('%s.h5' % d)", "'%s.h5'"),
        ("save('{}.h5'.format(d))", "'{}.h5'"),
        ("save(os.path.join(d, 'a.h5'))", "'a.h5'"),
        ("save(str(pathlib.Path(d) / 'a.h5'))", "'a.h5'"),
        ("save(pathlib.Path(d).joinpath('a.h5').resolve())", "'a.h5'"),
        ("p = f'{d}.h5'\nq = p\nsave(q)", "f'{d}.h5'"),
        ("p = 'a.h5'\nif x:\n    p = 'b.h5'\nsave(p)", None),
        ("save(p)", None),
        ("save(os.path.join(*parts))", None),
        ("p = 'a'\np += '.h5'\nsave(p)", None),
    ],
)
def test_back_to_where_it_is_written(code: str, end: str | None) -> None:
    names, found, call = paths(code)
    node = found.end_of(call.args[0], names.calls[-1].at)
    assert (None if node is None else ast.unparse(node)) == end


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("save(p)", [True]),
        ("save(p); print(p)", [True, True]),
        ("save(p); log.info('saved %s', p)", [True, True]),
        ("save(p); os.path.exists(p) and os.remove(p)", [True, True, True]),
        ("save(p); upload(p)", [True, False]),
        ("q = p\nsave(q)", [True]),
        ("q = d + p\nsave(q); upload(q)", [True, False]),
        ("save(pathlib.Path(p)); pathlib.Path(p).exists()", [True, True]),
        ("save(p)\ndef f():\n    global p\n    p = 1", [False]),
        ("save(p); x = [p]", [True, False]),
    ],
)
def test_on_to_what_it_goes_to(code: str, known: list[bool]) -> None:
    names, found, _ = paths("p = 'a.h5'\n" + code)
    text = next(each for each in ast.walk(names.tree) if literals.text_of(each) == "a.h5")
    assert [each.known for each in found.uses(text)] == known


@pytest.mark.parametrize(
    ("code", "alone"),
    [
        ("save(path='a.h5')", True),
        ("save(**{'path': 'a.h5'})", True),
        ("k = dict(path='a.h5')\nsave(**k)", True),
        ("k = {'path': 'a.h5'}\nsave(**k)", True),
        ("k = {'path': 'a.h5'}\nsave(**k); other(**k)", False),
        ("k = {'path': 'a.h5'}\nsave(**k); print(k['path'])", False),
    ],
)
def test_whether_an_argument_goes_nowhere_else(code: str, alone: bool) -> None:
    names, found, _ = paths(code)
    text = next(each for each in ast.walk(names.tree) if literals.text_of(each) == "a.h5")
    assert found.is_alone(text) is alone


@pytest.mark.parametrize(
    ("code", "pure"),
    [
        ("d + '/a.h5'", True),
        ("os.path.join(d, '{}.h5'.format(x))", True),
        ("make_path()", False),
        ("(p := 'a.h5')", False),
        ("d + next(names)", False),
    ],
)
def test_what_is_the_same_the_second_time(code: str, pure: bool) -> None:
    names = Names(ast.parse("import os\n" + code))
    statement = names.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    assert literals.is_pure(names, statement.value) is pure


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.h5", "./a.h5", True),
        ("w.{epoch:02d}.h5", "w.07.h5", True),
        ("w.07.h5", "w.%02d.h5", True),
        ("w.{epoch}.h5", "w/7.h5", False),
        ("w.{epoch}.h5", "w..h5", False),
        ("w.*.h5", "w.7.h5", False),
    ],
)
def test_a_template_that_is_filled_in(one: str, other: str, expected: bool) -> None:
    assert literals.fit(one, other) is expected
