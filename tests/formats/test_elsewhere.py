"""What is written on Keras 3, read by the real TensorFlow 2.0 to 2.15 with its own functions."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)

import elsewhere
import oracle
import write_ours

pytestmark = pytest.mark.slow

LIVE = [release for release in elsewhere.RELEASES if oracle.python_of(release).exists()]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: Any) -> pathlib.Path:
    directory: pathlib.Path = tmp_path_factory.mktemp("ours")
    write_ours.main(str(directory))
    return directory


def test_all_releases_have_been_asked() -> None:
    assert set(elsewhere.told()) == set(elsewhere.RELEASES)


@pytest.mark.parametrize("release", LIVE)
def test_files_are_read_elsewhere(release: str, ours: pathlib.Path) -> None:
    assert elsewhere.ask(release, str(ours)) == elsewhere.told()[release]
