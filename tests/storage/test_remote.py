"""Checkpoints on other file systems, of which TensorFlow has one in memory."""

from __future__ import annotations

import os
import pathlib
import uuid
from typing import Any

import pytest

from keras_ckpt import runtime
from keras_ckpt.storage import remote

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
    copy = gfile.copy

    def noted(source: str, target: str, overwrite: bool = False) -> None:
        order.append(os.path.basename(target))
        copy(source, target, overwrite=overwrite)

    monkeypatch.setattr(gfile, "copy", noted)
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


def test_without_tensorflow_it_is_named(monkeypatch: Any) -> None:
    monkeypatch.setattr("keras_ckpt.runtime.installed.has_tensorflow", lambda: False)
    for copied in (remote.uploading, remote.downloaded):
        with pytest.raises(ImportError, match="needs TensorFlow"), copied("gs://bucket/a.h5"):
            raise AssertionError("nothing is written or read")


@needs_tensorflow
def test_what_is_overwritten_is_the_new(bucket: str) -> None:
    for text in (b"the first one", b"the second"):
        with remote.uploading(bucket + "/file") as local, open(local, "wb") as file:
            file.write(text)
    assert files(runtime.tensorflow().io.gfile, bucket) == {"file": b"the second"}


@needs_tensorflow
def test_a_file_system_that_keeps_less_is_an_error(bucket: str, monkeypatch: Any) -> None:
    gfile = runtime.tensorflow().io.gfile
    copy = gfile.copy

    def cut(source: str, target: str, overwrite: bool = False) -> None:
        copy(source, target, overwrite)
        with gfile.GFile(target, "wb") as file:
            file.write(b"half")

    monkeypatch.setattr(gfile, "copy", cut)
    with pytest.raises(OSError, match="not kept all"), remote.uploading(bucket + "/file") as local:
        pathlib.Path(local).write_bytes(b"the whole of it")
