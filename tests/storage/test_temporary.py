"""What processes leave when they die is found by its name, and nothing else is."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

from keras_ckpt.storage import temporary


def dead() -> int:
    """Returns the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_dead_processes_left(tmp_path: pathlib.Path) -> None:
    here = pathlib.Path(temporary.beside(str(tmp_path / "w.h5"), ".h5"))
    alive = f"-{os.getpid()}-"
    assert alive in here.name
    of_the_dead = here.with_name(here.name.replace(alive, f"-{dead()}-"))
    host = here.name.split(".keras_ckpt-")[1].split("-")[0]
    elsewhere = here.with_name(here.name.replace(host, "0123abcd"))
    long_ago = elsewhere.with_name(elsewhere.name.replace(".w.", ".v."))
    foreign = [tmp_path / name for name in ("w.h5", ".w.h5.tmp", ".keras_ckpt", "x.keras_ckpt-1")]
    of_our_number = pathlib.Path(temporary.beside(str(tmp_path / "w.h5"), ".h5"))
    for path in (here, of_the_dead, elsewhere, long_ago, of_our_number, *foreign):
        path.write_bytes(b"")
    os.utime(long_ago, (0, 0))
    os.utime(of_our_number, (0, 0))
    left = sorted(map(str, (of_the_dead, long_ago, of_our_number)))
    assert temporary.left_behind(str(tmp_path)) == left
    assert [temporary.is_one(path.name) for path in foreign] == [False] * 4
    assert temporary.left_behind(str(tmp_path / "nothing")) == []


def test_what_was_pushed_aside_is_not_among_it(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "model")
    first, second = (temporary.beside(path, temporary.ASIDE) for _ in range(2))
    other = temporary.beside(path + "2", temporary.ASIDE)
    now = time.time_ns()
    for number, each in enumerate((first, second, other)):
        os.mkdir(each)
        os.utime(each, ns=(now + number, now + number))
    assert temporary.aside(path) == [(second, True), (first, True)]
    assert temporary.left_behind(str(tmp_path)) == []
    of_the_dead = first.replace(f"-{os.getpid()}-", f"-{dead()}-")
    os.rename(first, of_the_dead)
    assert temporary.aside(path) == [(second, True), (of_the_dead, False)]
    assert temporary.left_behind(str(tmp_path)) == []
    os.mkdir(path)
    assert temporary.left_behind(str(tmp_path)) == [of_the_dead]
