"""Each test leaves Keras as it found it."""

from __future__ import annotations

import pathlib
from typing import Iterator

import pytest
import replaced

import keras_ckpt


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = replaced.everything()
    yield
    keras_ckpt.uninstall()
    after = replaced.everything()
    assert {name: after[name] for name in before} == before
    # Nor is any replacement in modules that were imported meanwhile.
    assert not [name for name, value in after.items() if replaced.is_replacement(value)]


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed() -> None:
    keras_ckpt.install()
