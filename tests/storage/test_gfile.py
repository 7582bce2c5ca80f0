"""TensorFlow's file system does what fsspec's do."""

from __future__ import annotations

import pathlib
import uuid

import pytest

from keras_ckpt import runtime
from keras_ckpt.storage import files, remote
from keras_ckpt.storage.gfile import GFile

pytestmark = pytest.mark.skipif(not runtime.has_tensorflow(), reason="of TensorFlow")


@pytest.fixture
def address() -> str:
    made = f"ram://{uuid.uuid4().hex}"
    try:
        runtime.tensorflow().io.gfile.makedirs(made)
    except runtime.tensorflow().errors.OpError:
        pytest.skip("this TensorFlow has no file system in memory")
    return made


def test_what_is_written_is_read(address: str, tmp_path: pathlib.Path) -> None:
    content = bytes(range(256)) * 999
    (tmp_path / "file").write_bytes(content)
    url = address + "/below/file"
    for _ in range(2):
        remote.put(str(tmp_path / "file"), url)
    assert files.isfile(url) and not files.isdir(url) and files.isdir(address + "/below")
    assert files.getsize(url) == len(content)
    assert files.listdir(address + "/below") == ["file"] and list(files.below(address)) == [url]
    with files.reading(url) as found:
        found.seek(1000)
        assert found.read(5000) == content[1000:6000]
    with remote.local_file(url) as local:
        assert pathlib.Path(local).read_bytes() == content
    with remote.writing(url) as file:
        file.write(b"new")
    assert files.reading(url).read() == b"new"
    remote.copy(url, address + "/copy")
    remote.remove(address + "/below")
    assert not files.exists(url) and files.exists(address + "/copy")


def test_what_is_not_there(address: str) -> None:
    assert not files.exists(address + "/none") and files.below(address + "/none") == {}
    with pytest.raises(FileNotFoundError):
        files.reading(address + "/none")
    with pytest.raises(FileNotFoundError):
        GFile().rm_file(address + "/none")
