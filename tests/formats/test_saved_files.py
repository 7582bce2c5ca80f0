"""The files that the template of a callback has left."""

from __future__ import annotations

import os
import pathlib
from typing import Any

from keras_ckpt.formats import saved_files


def _touch(path: pathlib.Path, time: float) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    os.utime(str(path), (time, time))
    return str(path)


def test_saved_newest_last(tmp_path: pathlib.Path) -> None:
    late = _touch(tmp_path / "w.02-0.5.h5", 2000.0)
    early = _touch(tmp_path / "w.10-0.1.h5", 1000.0)
    _touch(tmp_path / "other.h5", 3000.0)
    _touch(tmp_path / "w.10-0.1.h5.tmp", 3000.0)
    template = str(tmp_path / "w.{epoch:02d}-{loss:.1f}.h5")
    assert saved_files.saved(template) == [early, late]


def test_saved_at_the_same_time_goes_by_number(tmp_path: pathlib.Path) -> None:
    files = [_touch(tmp_path / f"w{n}.h5", 1000.0) for n in (9, 10, 100)]
    assert saved_files.saved(str(tmp_path / "w{epoch}.h5")) == files


def test_saved_tensorflow_checkpoints_by_their_prefix(tmp_path: pathlib.Path) -> None:
    for n in (1, 2):
        _touch(tmp_path / f"cp-{n:04d}.ckpt.index", 1000.0 + n)
        _touch(tmp_path / f"cp-{n:04d}.ckpt.data-00000-of-00001", 1000.0 + n)
    _touch(tmp_path / "checkpoint", 2000.0)
    found = saved_files.saved(str(tmp_path / "cp-{epoch:04d}.ckpt"))
    assert found == [str(tmp_path / "cp-0001.ckpt"), str(tmp_path / "cp-0002.ckpt")]


def test_saved_is_not_the_file_called_checkpoint(tmp_path: pathlib.Path) -> None:
    """TensorFlow's list of checkpoints lies beside them and is the newest file."""
    _touch(tmp_path / "1.index", 1000.0)
    _touch(tmp_path / "1.data-00000-of-00001", 1000.0)
    _touch(tmp_path / "checkpoint", 2000.0)
    assert saved_files.saved(str(tmp_path / "{epoch}")) == [str(tmp_path / "1")]


def test_saved_in_directories_with_placeholders(tmp_path: pathlib.Path) -> None:
    first = _touch(tmp_path / "1" / "m.h5", 1000.0)
    second = _touch(tmp_path / "2" / "m.h5", 2000.0)
    assert saved_files.saved(str(tmp_path / "{epoch}" / "m.h5")) == [first, second]


def test_saved_takes_other_signs_for_themselves(tmp_path: pathlib.Path) -> None:
    path = _touch(tmp_path / "a[1]+{x}.h5", 1000.0)
    _touch(tmp_path / "a1{x}.h5", 2000.0)
    assert saved_files.saved(str(tmp_path / "a[{epoch}]+{{x}}.h5")) == [path]
    assert saved_files.saved(str(tmp_path / "absent")) == []


def test_saved_of_a_bare_name(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    _touch(tmp_path / "cp.h5", 1000.0)
    assert saved_files.saved("cp.h5") == ["cp.h5"]
    assert saved_files.saved("cp-{epoch}.h5") == []


def test_saved_takes_counts_for_counts(tmp_path: pathlib.Path) -> None:
    """The best model of another callback, and notes, lie beside them."""
    first = _touch(tmp_path / "w01.h5", 1000.0)
    for name in ("wbest.h5", "wnotes.h5"):
        _touch(tmp_path / name, 2000.0)
    assert saved_files.saved(str(tmp_path / "w{epoch:02d}.h5")) == [first]


def test_saved_behind_two_slashes(tmp_path: pathlib.Path) -> None:
    first = _touch(tmp_path / "a" / "w1.h5", 1000.0)
    assert saved_files.saved(str(tmp_path) + "/a//w{epoch}.h5") == [first]


def test_saved_passes_over_links_that_lead_nowhere(tmp_path: pathlib.Path) -> None:
    first = _touch(tmp_path / "w1.h5", 1000.0)
    (tmp_path / "w2.h5").symlink_to(tmp_path / "gone")
    assert saved_files.saved(str(tmp_path / "w{epoch}.h5")) == [first]
