"""Which classes derive from `ModelCheckpoint`."""

from __future__ import annotations

import ast

import pytest

from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.sites import classes

HEAD = "from keras.callbacks import ModelCheckpoint as M\n"


@pytest.mark.parametrize(
    ("code", "own", "passes_on"),
    [
        ("class A(M): pass", False, False),
        ("class A(M):\n    def __init__(self, p): super().__init__(p)", True, True),
        ("class B(M): pass\nclass A(B): pass", False, False),
        ("class B(M):\n    def __init__(self): pass\nclass A(B): pass", True, False),
    ],
)
def test_derived(code: str, own: bool, passes_on: bool) -> None:
    found = Module(ast.parse(HEAD + code)).classes[-1]
    derived = classes.derivation(found.node, found.at)
    assert derived is not None and derived.name == "keras.callbacks.ModelCheckpoint"
    assert (derived.own, derived.initializer is not None) == (own, passes_on)


@pytest.mark.parametrize("code", ["class A: pass", "class A(B): pass", "class A(A): pass"])
def test_not_derived(code: str) -> None:
    found = Module(ast.parse(HEAD + code)).classes[-1]
    assert classes.derivation(found.node, found.at) is None


def test_names() -> None:
    assert classes.is_any("keras_ckpt.ModelCheckpoint")
    assert classes.is_any("wandb.keras.WandbModelCheckpoint")
    assert not classes.is_any("torch.ModelCheckpoint")
