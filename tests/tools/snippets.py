"""What the tests of `check` and `fix` share: what is found in a piece of code, and made of it."""

from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING

from keras_ckpt import runtime
from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.code.scopes import Module, Position
from keras_ckpt.migrate.releases.release import Release, newest, release
from keras_ckpt.migrate.report.finding import Finding
from keras_ckpt.migrate.sites.finder import Sites

if TYPE_CHECKING:
    from keras_ckpt.migrate.fix.rewrite import Rewritten

#: How most calls in these tests are made.
HEAD = "import tensorflow as tf\nMC = tf.keras.callbacks.ModelCheckpoint\n"


def found(code: str, old: str, new: str = "") -> list[Finding]:
    """Returns what is found in some code, in order, without notes of what is not followed."""
    return [each for each in everything(code, old, new) if each.level == "error"]


def everything(code: str, old: str, new: str = "") -> list[Finding]:
    """Returns what is found in some code, and what is not followed, in order."""
    one = source.from_bytes("x.py", textwrap.dedent(code).encode())
    problems = checker.problems_of(one, release(old), release(new) if new else newest())
    findings = [checker.finding(one, problem) for problem in problems]
    return sorted(each for each in findings if each is not None)


def codes(code: str, old: str, new: str = "") -> list[str]:
    """Returns the codes of what is found in some code."""
    return [each.code for each in found(code, old, new)]


def unfollowed(code: str, old: str = "2.4") -> list[str]:
    """Returns the codes of what is not followed in some code."""
    return [each.code for each in everything(code, old) if each.level == "note"]


def fixed(
    code: str, to_keras_ckpt: bool, old: str = "2.4", new: str = "", everything: bool = True
) -> Rewritten:
    """Returns what `fix` makes of some code, with every callback from keras_ckpt by default."""
    from keras_ckpt.migrate.fix import rewrite

    until = release(new) if new else newest()
    target = rewrite.Target(to_keras_ckpt, release(old), until, everything=everything)
    return rewrite.rewrite("x.py", code.encode(), target)


def redirected(code: str, old: str = "2.4") -> str:
    """Returns the code that `fix --to-keras-ckpt` makes."""
    return fixed(code, True, old).content.decode()


def native(code: str, old: str = "2.4", new: str = "") -> str:
    """Returns the code that `fix --native` makes."""
    return fixed(code, False, old, new).content.decode()


def notes(code: str, to_keras_ckpt: bool = False, old: str = "2.4") -> list[str]:
    """Returns the notes of `fix`: line, code of the rule, text."""
    done = fixed(code, to_keras_ckpt, old)
    return [f"{each.line} {each.code} {each.text}" for each in done.notes]


def sites(code: str) -> Sites:
    """Returns the sites of some code."""
    return Sites(Module(ast.parse(textwrap.dedent(code))))


def last(code: str) -> tuple[ast.expr, Position]:
    """Returns the expression that some code ends with, and where it stands."""
    tree = ast.parse(textwrap.dedent(code))
    statement = tree.body[-1]
    assert isinstance(statement, ast.Expr)
    module = Module(tree)
    # Everything above has been run.
    return statement.value, Position(module.scope, module.scope.block, 1 << 30)


def running() -> Release:
    """Returns the release of the Keras that runs."""
    major, minor = runtime.version()[:2]
    return release(f"{major}.{minor}")


def runs_on_keras_3() -> bool:
    """Returns whether a Keras is installed, and it is Keras 3."""
    try:
        return runtime.is_keras_3()
    except ImportError:
        return False
