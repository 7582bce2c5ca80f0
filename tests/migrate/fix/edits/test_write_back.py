"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest

from keras_ckpt.migrate.fix.edits.write_back import NotWritten, write


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "x.py"
    path.write_bytes(b"before")
    return path


def test_content_and_mode(path: pathlib.Path) -> None:
    path.chmod(0o751)
    write(str(path), b"before", b"after")
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(path.parent) == ["x.py"]


def test_a_link_goes_on_to_point_to_it(path: pathlib.Path) -> None:
    link = path.parent / "link.py"
    link.symlink_to(path)
    write(str(link), b"before", b"after")
    assert link.is_symlink()
    assert path.read_bytes() == b"after"


def test_what_changed_meanwhile_stays(path: pathlib.Path) -> None:
    with pytest.raises(NotWritten, match="x.py is not written: it has changed meanwhile"):
        write(str(path), b"other", b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(path.parent) == ["x.py"]


def test_what_is_read_only_stays(path: pathlib.Path) -> None:
    path.chmod(0o444)
    with pytest.raises(NotWritten, match="it is read-only"):
        write(str(path), b"before", b"after")
    assert path.read_bytes() == b"before"


def test_what_is_gone_is_not_made(path: pathlib.Path) -> None:
    path.unlink()
    with pytest.raises(NotWritten, match="No such file"):
        write(str(path), b"before", b"after")
    assert not path.exists()
