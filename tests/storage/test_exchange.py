"""Two paths trade places at once, where the system can do that."""

from __future__ import annotations

import pathlib
import sys

import pytest

from keras_ckpt.storage.exchange import exchange


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system cannot")
def test_exchange(tmp_path: pathlib.Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"")
    if not exchange(str(tmp_path / "a"), str(tmp_path / "b")):
        pytest.skip("this file system cannot")
    assert (tmp_path / "a" / "b").is_file()
    assert (tmp_path / "b" / "a").is_file()


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system cannot")
def test_what_is_not_there_is_no_lack_of_the_system(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileNotFoundError):
        exchange(str(tmp_path / "a"), str(tmp_path / "b"))
