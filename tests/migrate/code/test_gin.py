"""What gin binds to parameters."""

from __future__ import annotations

import ast
import pathlib

import pytest

from keras_ckpt.migrate.code import gin
from keras_ckpt.migrate.code.modules import Project

CODE = """
import gin
@gin.configurable
def plain(path): pass
@gin.configurable(module="a.b")
def in_module(path): pass
@gin.register("other")
class Named:
    def __init__(self, path): pass
    def method(self, path): pass
def unknown(path): pass
"""
BOUND = """
# plain.path = "no"
W = 'w'
plain.path = "a"
scope/plain.path = %W
x.in_module.path = 1 + 1
other.path = "c"
unknown.path = "d"
plain.path = @function()
method.path = "e"
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", [("'a'", 4), ("'w'", 5)]),
        ("in_module", [("1 + 1", 6)]),
        ("__init__", [("'c'", 7)]),
        ("unknown", []),
        ("method", []),
    ],
)
def test_what_is_bound(name: str, expected: list[tuple[str, int]], tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.gin").write_text(BOUND)
    module = Project([str(tmp_path / "a.py")]).module(str(tmp_path / "a.py"))
    assert module is not None
    scope = next(s for node, s in module.functions.items() if getattr(node, "name", "") == name)
    (binding,) = scope.bindings["path"]
    assert binding.node is not None
    found = gin.bound(binding.node, binding.at, "path")
    assert [(ast.unparse(each.node), int(each.of.split()[-1])) for each in found] == expected
    assert all("a.gin" in each.of for each in found)
