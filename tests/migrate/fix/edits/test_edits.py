"""Changes, noted by the nodes of `ast` and made all at once."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.fix.answers import CannotRewrite
from keras_ckpt.migrate.fix.edits.edits import Edits, Unit, index_of


class Code:
    """Some code, its nodes by their own code, and its edits."""

    def __init__(self, code: str) -> None:
        self.source = source.from_bytes("x.py", code.encode())
        tree = self.source.parse()
        assert tree is not None
        self.tree = tree
        self.edits = Edits(self.source)

    def node(self, code: str) -> ast.AST:
        found = [
            each
            for each in ast.walk(self.tree)
            if ast.get_source_segment(self.source.text, each) == code
        ]
        return found[-1]

    def call(self, code: str) -> ast.Call:
        node = self.node(code)
        assert isinstance(node, ast.Call)
        return node

    def statement(self, code: str) -> ast.stmt:
        return next(
            each
            for each in ast.walk(self.tree)
            if isinstance(each, ast.stmt) and ast.get_source_segment(self.source.text, each) == code
        )

    def done(self) -> str:
        (text,) = self.edits.apply([Unit(1, self.source.text)])
        return text


def test_nothing_noted_is_nothing_changed() -> None:
    code = Code("f(1)  # c\n")
    assert not code.edits
    assert code.done() == "f(1)  # c\n"


def test_changes_of_one_line_do_not_move_each_other() -> None:
    code = Code("é = f('a.h5'); g(x=1, y=2); h.k  # c\n")
    code.edits.text(code.node("'a.h5'"), lambda text: text.replace("h5", "keras"))
    code.edits.call(code.call("g(x=1, y=2)")).dropped.add(0)
    code.edits.replace(code.node("h.k"), "other")
    assert code.done() == "é = f('a.keras'); g(y=2); other  # c\n"


def test_a_call_within_a_call() -> None:
    code = Code("f(g(a=1, b=2), c=3)\n")
    code.edits.call(code.call("g(a=1, b=2)")).dropped.add(1)
    code.edits.call(code.call("f(g(a=1, b=2), c=3)")).named[1] = "d"
    assert code.done() == "f(g(a=1), d=3)\n"


def test_statements_before_and_behind() -> None:
    code = Code("# top\nif x:\n    f(p)  # c\n")
    statement = code.statement("f(p)")
    code.edits.before(statement, "os.makedirs(%s)", code.node("p"))
    code.edits.before(statement, "os.makedirs(%s)", code.node("p"))
    code.edits.insert(statement, "g()")
    assert code.done() == "# top\nif x:\n    os.makedirs(p)\n    f(p)  # c\n    g()\n"


def test_a_first_statement_stands_behind_the_docstring() -> None:
    code = Code('"""Doc."""\nfrom __future__ import annotations\nx = f.g\n')
    code.edits.insert(None, "import y")
    code.edits.replace(code.node("f.g"), "y")
    assert code.done() == ('"""Doc."""\nfrom __future__ import annotations\nimport y\nx = y\n')


def test_only_units_with_changes_are_parsed() -> None:
    code = Code("f.a\nf.b\n")
    code.edits.replace(code.node("f.b"), "c")
    assert code.edits.apply([Unit(1, "f.a"), Unit(2, "f.b")]) == ["f.a", "c"]
    assert code.edits.apply([Unit(1, "print 1"), Unit(2, "f.b")]) == ["print 1", "c"]
    with pytest.raises(CannotRewrite, match="LibCST cannot parse it"):
        code.edits.apply([Unit(1, "f.a"), Unit(2, "print 1")])


def test_the_index_of_an_argument_is_by_its_node() -> None:
    call = Code("f(a, *b, c=d, **e)").call("f(a, *b, c=d, **e)")
    assert index_of(call, call.args[1]) == 1
    assert index_of(call, call.keywords[0].value) == 2
    assert index_of(call, call.keywords[1].value) == 3
    assert index_of(call, call.func) is None
