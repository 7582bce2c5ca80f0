"""Writing in other places: in memory by fsspec, killed at each moment, and by TensorFlow."""

from __future__ import annotations

import functools
import os
import pathlib
import uuid
from typing import Any, Callable, Iterator

import pytest

from keras_ckpt import runtime
from keras_ckpt.storage import commit, places, remote, temporary
from keras_ckpt.storage import files as looked_at
from keras_ckpt.storage.gfile import GFile

needs_tensorflow = pytest.mark.skipif(
    not runtime.has_tensorflow(), reason="TensorFlow knows the file systems"
)


@pytest.fixture
def bucket() -> str:
    """The address of an empty directory in memory."""
    tensorflow = runtime.tensorflow()
    address = f"ram://{uuid.uuid4().hex}"
    try:
        tensorflow.io.gfile.makedirs(address)
    except tensorflow.errors.OpError:
        pytest.skip("this TensorFlow has no file system in memory")
    return address


def files(gfile: Any, address: str) -> dict[str, bytes]:
    """Returns the content of each file below a directory."""
    found = {}
    for folder, _, names in gfile.walk(address):
        for name in names:
            path = folder.rstrip("/") + "/" + name
            with gfile.GFile(path, "rb") as file:
                found[path[len(address) + 1 :]] = file.read()
    return found


def test_a_local_path_is_given_as_it_is() -> None:
    with remote.uploading("a/b") as path:
        assert path == "a/b"
    with remote.downloaded("a/b") as path:
        assert path == "a/b"


@needs_tensorflow
def test_what_is_written_is_there_afterwards(bucket: str) -> None:
    gfile = runtime.tensorflow().io.gfile
    with remote.uploading(bucket + "/run/model.h5") as path:
        assert not runtime.is_remote(path)
        assert os.path.basename(path) == "model.h5"
        pathlib.Path(path).write_bytes(b"content")
        assert files(gfile, bucket) == {}
    assert files(gfile, bucket) == {"run/model.h5": b"content"}
    assert not os.path.exists(os.path.dirname(path))
    with remote.downloaded(bucket + "/run/model.h5") as path:
        assert pathlib.Path(path).read_bytes() == b"content"
    assert not os.path.exists(path)


@needs_tensorflow
def test_nothing_is_written_after_a_failure(bucket: str) -> None:
    with pytest.raises(KeyError), remote.uploading(bucket + "/model.h5") as path:
        pathlib.Path(path).write_bytes(b"half")
        raise KeyError
    assert files(runtime.tensorflow().io.gfile, bucket) == {}


@needs_tensorflow
def test_the_files_of_a_checkpoint_come_together(bucket: str, monkeypatch: Any) -> None:
    gfile = runtime.tensorflow().io.gfile
    names = ["checkpoint", "cp.data-00000-of-00001", "cp.index"]
    order = []
    put = remote.put

    def noted(source: str, target: str) -> None:
        order.append(os.path.basename(target))
        put(source, target)

    monkeypatch.setattr(remote, "put", noted)
    with remote.uploading(bucket + "/cp") as path:
        for name in names:
            pathlib.Path(path).with_name(name).write_bytes(name.encode())
    # A reader finds no index whose data is not there yet.
    assert order == ["cp.data-00000-of-00001", "cp.index", "checkpoint"]
    with gfile.GFile(bucket + "/cpu.index", "wb") as file:
        file.write(b"another")
    with remote.downloaded(bucket + "/cp") as path:
        assert sorted(os.listdir(os.path.dirname(path))) == names[1:]


@needs_tensorflow
def test_a_directory_comes_with_all_that_is_in_it(bucket: str) -> None:
    with remote.uploading(bucket + "/saved/") as path:
        pathlib.Path(path, "variables").mkdir(parents=True)
        pathlib.Path(path, "saved_model.pb").write_bytes(b"graph")
        pathlib.Path(path, "variables", "variables.index").write_bytes(b"index")
    with remote.downloaded(bucket + "/saved") as path:
        assert pathlib.Path(path, "saved_model.pb").read_bytes() == b"graph"
        assert pathlib.Path(path, "variables", "variables.index").read_bytes() == b"index"


@needs_tensorflow
def test_what_is_overwritten_is_the_new(bucket: str) -> None:
    for text in (b"the first one", b"the second"):
        with remote.uploading(bucket + "/file") as local, open(local, "wb") as file:
            file.write(text)
    assert files(runtime.tensorflow().io.gfile, bucket) == {"file": b"the second"}


@needs_tensorflow
def test_a_file_system_that_keeps_less_is_an_error(bucket: str, monkeypatch: Any) -> None:
    gfile = runtime.tensorflow().io.gfile

    def cut(self: GFile, source: str, target: str) -> None:
        with gfile.GFile(target, "wb") as file:
            file.write(b"half")

    monkeypatch.setattr(GFile, "put_file", cut)
    with pytest.raises(OSError, match="has kept 4 of 15 bytes"), remote.uploading(
        bucket + "/file"
    ) as local:
        pathlib.Path(local).write_bytes(b"the whole of it")


class Killed(BaseException):
    """What ends a process at once."""


#: The calls of fsspec's memory that change something.
_CHANGING = ("put_file", "mv", "cp_file", "rm_file", "rm", "pipe_file", "open")


@pytest.fixture
def memory() -> Iterator[str]:
    system = pytest.importorskip("fsspec").filesystem("memory")
    yield f"memory://{uuid.uuid4().hex}"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def killed_at(number: int, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> bool:
    """Calls `act` in a process that is killed before its change of this number.

    Returns:
        Boolean, `False` if it has made fewer.
    """
    system = places.place("memory://a").system
    left = [number]

    def watched(name: str) -> Callable[..., Any]:
        real = getattr(system, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "open" and "w" not in (*args[1:], kwargs.get("mode", ""))[0]:
                return real(*args, **kwargs)
            left[0] -= 1
            if left[0] < 0:
                raise Killed  # And what would be tidied up afterwards is not.
            with monkeypatch.context() as inside:
                for each in _CHANGING:
                    inside.setattr(system, each, reals[each])
                return real(*args, **kwargs)

        return call

    reals = {name: getattr(system, name) for name in _CHANGING}
    with monkeypatch.context() as patched:
        for name in _CHANGING:
            patched.setattr(system, name, watched(name))
        try:
            act()
        except Killed:
            return True
    return False


def tree(root: pathlib.Path, **content: str) -> str:
    for name, text in content.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def below(url: str) -> dict[str, bytes]:
    found = {}
    for each in looked_at.below(url):
        with looked_at.reading(each) as file:
            found[each[len(url) + 1 :]] = file.read()
    return found


@pytest.mark.parametrize("swaps", [True, False])
@pytest.mark.parametrize("taken", [True, False])
def test_a_directory_is_the_old_or_the_new_wherever_it_is_killed(
    taken: bool, swaps: bool, memory: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(places.KINDS, "memory", places.Kind("", swaps))
    members, last = ("part", "more", "old", "graph", "record"), ("record", "graph")
    old = tree(tmp_path / "a", part="old", more__inside="old", old="old", graph="old")
    new = tree(tmp_path / "b", part="new", more__inside="new", record="new", graph="new")
    whole = [{"part": b"new", "more/inside": b"new", "record": b"new", "graph": b"new"}]
    whole += [{"part": b"old", "more/inside": b"old", "old": b"old", "graph": b"old"}]
    for number in range(1000):
        url = f"{memory}/{number}/model"
        if taken:
            remote.replace_tree(old, url, members, last)
            remote.put(str(tmp_path / "a" / "part"), url + "/users.txt")
        act = functools.partial(remote.replace_tree, new, url, members, last)
        if not killed_at(number, monkeypatch, act):
            break
        # What is half has a name that says so.
        found = below(remote.actual(url)).items()
        there = {name: each for name, each in found if not temporary.is_one(name.split("/")[-1])}
        assert there.pop("users.txt", None) is None or taken
        if taken:
            assert there in whole, number
        else:  # It is found by what comes last.
            assert "graph" not in there or there == whole[0], number
        # The next save finishes what was begun, and one after it leaves nothing else.
        remote.replace_tree(new, url, members, last)
        there = below(url)
        assert there.pop("users.txt", b"old") == b"old"
        assert there == whole[0]
        monkeypatch.setattr(temporary, "is_dead", lambda name, changed: True)
        commit.remove_left_behind(f"{memory}/{number}")
        assert not [name for name in below(f"{memory}/{number}") if ".keras_ckpt-" in name]
    assert number > (8 if taken else 3)


@pytest.mark.parametrize("swaps", [True, False])
def test_a_file_is_the_old_or_the_new_wherever_it_is_killed(
    swaps: bool, memory: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(places.KINDS, "memory", places.Kind("", swaps))
    (tmp_path / "new").write_bytes(b"new")
    url = memory + "/file"
    for number in range(100):
        with remote.writing(url) as file:
            file.write(b"old")
        if not killed_at(number, monkeypatch, lambda: remote.put(str(tmp_path / "new"), url)):
            break
        with looked_at.reading(url) as found:
            assert found.read() in (b"old", b"new")
    assert number == (1 if swaps else 2)
    with looked_at.reading(url) as found:
        assert found.read() == b"new"


def test_a_writer_that_fails_leaves_the_old(memory: str) -> None:
    url = memory + "/file"
    with remote.writing(url) as file:
        file.write(b"old")
    with pytest.raises(KeyError), remote.writing(url) as file:
        file.write(b"half")
        raise KeyError
    assert below(memory) == {"file": b"old"}
