"""Subclasses that set `self.model`."""

from __future__ import annotations

import pytest
from snippets import HEAD, codes

CLASS = HEAD + "class A(MC):\n    %s\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def set_model(self, model): self.model = model", ["KC502"]),
        ("def __init__(self, m):\n        super().__init__('a.keras'); self.model = m", ["KC502"]),
        ("def f(self): self.model, x = m, 1", ["KC502"]),
        ("def f(self): self.model.x = 1", []),
        ("def f(self): other.model = 1", []),
        ("def f(self): self.models = 1", []),
        # A class may have its own.
        ("model = None\n    def f(self): self.model = 1", []),
        ("@property\n    def model(self): return 1\n    def f(self): self.model = 1", []),
    ],
)
def test_what_sets_it(body: str, expected: list[str]) -> None:
    assert codes(CLASS % body, "2.4") == expected


def test_other_callbacks_may() -> None:
    other = "class A(tf.keras.callbacks.Callback):\n    def f(self, m): self.model = m\n"
    assert codes(HEAD + other, "2.4") == []


def test_within_keras_2_it_can_be_set() -> None:
    body = "def f(self): self.model = 1"
    assert codes(CLASS % body, "2.4", "2.15") == []
    assert codes(CLASS % body, "3.0", "3.15") == []
