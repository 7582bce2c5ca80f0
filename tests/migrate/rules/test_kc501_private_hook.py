"""Overridden private methods."""

from __future__ import annotations

import ast

import pytest
from snippets import HEAD, codes, found, native, sites

from keras_ckpt.migrate import origin
from keras_ckpt.migrate.rules.kc501_private_hook import can_be_called

CLASS = HEAD + "class A(MC):\n    def %s: %s\n"


@pytest.mark.parametrize(
    ("method", "old", "new", "expected"),
    [
        ("_save_model(self, epoch, logs)", "2.4", "3.15", ["KC501"]),
        ("_save_model(self, epoch, logs)", "2.4", "2.5", []),
        ("_save_model(self, epoch, batch, logs)", "2.4", "3.15", []),
        ("_save_model(self, *args)", "2.4", "3.15", []),
        ("_save_model(self, **kwargs)", "2.4", "3.15", []),
        ("_save_model(self, epoch, logs=None, batch=None)", "2.4", "3.15", []),
        ("_get_file_path(self, epoch, logs)", "2.4", "3.15", ["KC501"]),
        ("_own(self, epoch, logs)", "2.4", "3.15", []),
    ],
)
def test_goes_by_the_form(method: str, old: str, new: str, expected: list[str]) -> None:
    assert codes(CLASS % (method, "pass"), old, new) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("super()._save_model(epoch, logs)", ["KC501"]),
        ("super()._save_model(epoch, batch, logs)", []),
        ("super()._save_model(epoch=epoch, batch=None, logs=logs)", []),
        ("super()._save_model(*args)", []),
        ("self._save_model(epoch=epoch, logs=logs)", ["KC501"]),
        ("other._save_model(epoch, logs)", []),
    ],
)
def test_goes_by_how_it_is_called(body: str, expected: list[str]) -> None:
    assert codes(CLASS % ("on_epoch_end(self, epoch, logs=None)", body), "2.4") == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("def f(self, a, b): pass", True),
        ("def f(self, a): pass", False),
        ("def f(self, a, b, c): pass", False),
        ("def f(self, a, b, c=1): pass", True),
        ("def f(self, a, /, b): pass", True),
        ("def f(self, *, b, a): pass", True),
        ("def f(self, *, b, a, c): pass", False),
        ("def f(self, *a, **b): pass", True),
        ("@staticmethod\ndef f(a, b): pass", True),
        ("@staticmethod\ndef f(self, a, b): pass", False),
    ],
)
def test_by_position_or_by_name(method: str, expected: bool) -> None:
    node = ast.parse(method).body[0]
    assert isinstance(node, ast.FunctionDef)
    assert can_be_called(node, ["a", "b"]) is expected


def test_a_form_shows_the_release() -> None:
    found_in = sites(CLASS % ("_save_model(self, epoch, logs)", "pass"))
    shown = origin.release_of([found_in], [])
    assert (shown.release and shown.release.title, shown.why) == (
        "TF 2.5",
        "`_save_model` is overridden",
    )


def test_natively_it_is_left() -> None:
    code = CLASS % ("_save_model(self, epoch, logs)", "pass")
    assert native(code) == code
    (only,) = found(code, "2.4")
    assert "Write `def _save_model(self, epoch, batch, logs)`" in only.advice
