"""Nothing but `keras_ckpt.storage` renames, removes or flushes files, or makes temporary ones."""

import ast
import pathlib

import pytest

import keras_ckpt

PACKAGE = pathlib.Path(keras_ckpt.__file__).parent

OF_MODULES = {
    "os": {
        "fdatasync", "fsync", "link", "remove", "removedirs", "rename", "renames", "replace",
        "rmdir", "unlink",
    },
    "shutil": {"move", "rmtree"},
}  # fmt: skip
# Of whatever object: pathlib's, mostly.
METHODS = {"fdatasync", "fsync", "rmdir", "rmtree", "unlink"}


def commits(source):
    """Returns the lines of `source` that do what only storage may."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            hit = any(alias.name == "tempfile" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            hit = node.module == "tempfile" or bool(names & OF_MODULES.get(node.module, set()))
        elif isinstance(node, ast.Attribute):
            owner = getattr(node.value, "id", None)
            hit = node.attr in METHODS or node.attr in OF_MODULES.get(owner, set())
        else:
            hit = False
        if hit:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import tempfile",
        "from tempfile import mkdtemp",
        "from os import replace",
        "import os\nos.rename(a, b)",
        "import shutil\nshutil.rmtree(a)",
        "pathlib.Path(a).unlink()",
        "os.fsync(file.fileno())",
    ],
)
def test_each_way_to_do_so_is_found(source):
    assert commits(source)


def test_only_storage_commits():
    modules = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    found = {name: commits(path.read_text("utf-8")) for name, path in modules.items()}
    elsewhere = {name: lines for name, lines in found.items() if not name.startswith("storage/")}
    assert {name: lines for name, lines in elsewhere.items() if lines} == {}
    # And it does: the walk sees the package.
    assert found["storage/commit.py"]
