"""Looking at files and reading them: in memory as on the disk."""

from __future__ import annotations

import os
import pathlib
import uuid
from typing import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.storage import files, remote

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    yield f"memory://{uuid.uuid4().hex}"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def both(memory: str, tmp_path: pathlib.Path) -> tuple[str, str]:
    """The same files on the disk and in memory."""
    for name, content in (("a", b"first"), ("b/c", b"second" * 99), ("b/d.index", b"")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        remote.put(str(path), f"{memory}/{name}")
    return str(tmp_path), memory


@pytest.mark.parametrize("looked_at", [False, True])
@pytest.mark.parametrize("name", ["a", "b", "b/c", "b/d.index", "b/none", "none/a", "none"])
def test_all_answers_are_those_of_a_disk(name: str, both: tuple[str, str], looked_at: bool) -> None:
    def answers(root: str) -> list[object]:
        path = files.join(root, name)
        size = files.getsize(path) if files.isfile(path) else None
        content = files.reading(path).read() if files.isfile(path) else None
        names = sorted(files.listdir(path)) if files.isdir(path) else None
        return [files.exists(path), files.lexists(path), size, content, names]

    if not looked_at:
        assert answers(both[0]) == answers(both[1])
        return
    with files.looking():
        files.below(both[1])
        assert answers(both[0]) == answers(both[1])


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("memory://a", ("memory://", "a")),
        ("memory://a/b", ("memory://a", "b")),
        ("s3://bucket/a/{b}.h5", ("s3://bucket/a", "{b}.h5")),
        ("a/b", ("a", "b")),
        ("/a", ("/", "a")),
    ],
)
def test_the_parts_of_a_path(path: str, parts: tuple[str, str]) -> None:
    assert files.split(path) == parts
    assert files.join(*parts) == path


@given(data=st.data())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_is_read_as_it_is(
    data: st.DataObject, memory: str, tmp_path: pathlib.Path
) -> None:
    size = data.draw(st.sampled_from([0, 1, files._FEW, files._WHOLE + 3 * files._FEW + 1]))
    path = tmp_path / "file"
    path.write_bytes(os.urandom(min(size, 997)) * (size // 997 + 1))
    url = memory + "/file"
    remote.put(str(path), url)
    with open(path, "rb") as local, files.reading(url) as found:
        for _ in range(data.draw(st.integers(1, 8))):
            start = data.draw(st.integers(0, path.stat().st_size))
            count = data.draw(st.integers(0, 2 * files._FEW))
            assert local.seek(start) == found.seek(start)
            assert local.read(count) == found.read(count)


def test_what_is_replaced_while_it_is_read_is_noticed(memory: str, tmp_path: pathlib.Path) -> None:
    path, url = tmp_path / "file", memory + "/file"
    path.write_bytes(b"a" * (files._WHOLE + 4 * files._FEW))
    remote.put(str(path), url)
    with files.reading(url) as found:
        found.read(10)
        path.write_bytes(b"b" * (files._WHOLE + 4 * files._FEW))
        remote.put(str(path), url)
        with pytest.raises(DamagedCheckpoint, match="replaced meanwhile"):
            found.seek(files._WHOLE)
            found.read(10)
