"""Whose method it is."""

from __future__ import annotations

import ast

import pytest
from snippets import last

from keras_ckpt.migrate.code.scopes import dotted_text
from keras_ckpt.migrate.sites.receivers import is_imported, is_made, receiver

HEAD = "import keras, torch\nfrom agents import DQN, Base\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("m = keras.Sequential()\nm", "keras"),
        ("m = keras.models.load_model('a')\nm", "keras"),
        ("m = keras.applications.VGG16()\nm", "keras"),
        ("m = keras.layers.Dense(1)\nm", "unknown"),
        ("class M(keras.Model): pass\nm = M()\nm", "keras"),
        ("class M(keras.Model): pass\nclass N(M): pass\nN()", "keras"),
        ("m = DQN()\nm", "elsewhere"),
        ("m = torch.nn.Linear(1).to(device)\nm", "elsewhere"),
        ("class M(Base): pass\nm = M()\nm", "elsewhere"),
        ("class M: pass\nm = M()\nm", "unknown"),
        ("m = make()\nm", "unknown"),
        ("m", "unknown"),
        ("if x:\n    m = DQN()\nelse:\n    m = keras.Sequential()\nm", "keras"),
        ("if x:\n    m = DQN()\nelse:\n    m = make()\nm", "unknown"),
        ("a = m = keras.Sequential()\nb = a\nb", "keras"),
        ("x[0]", "unknown"),
    ],
)
def test_by_where_it_was_made(code: str, expected: str) -> None:
    node, at = last(HEAD + code)
    assert receiver(node, at, ()) == expected
    assert is_made(node, at) is (expected == "keras")


def test_what_is_compiled_is_a_model_unless_it_may_be_a_wrapper() -> None:
    node, at = last(HEAD + "m")
    assert receiver(node, at, {"m"}) == "keras"
    node, at = last(HEAD + "m = DQN()\nm")
    assert receiver(node, at, {"m"}) == "unknown"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("a", "a"), ("self.a.b", "self.a.b"), ("f().a", ""), ("a[0].b", ""), ("'a'.b", "")],
)
def test_dotted_names(code: str, expected: str) -> None:
    assert dotted_text(ast.parse(code, mode="eval").body) == expected


def test_imported_names() -> None:
    _, at = last(HEAD + "x = 1\nx")
    assert is_imported("torch.nn", at)
    assert not is_imported("x", at) and not is_imported("absent.y", at)
