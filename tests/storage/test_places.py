"""Which file system a URL is of, what is said where there is none, and what its errors say."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import numpy as np
import pytest
import training

from keras_ckpt import ModelCheckpoint, formats, runtime
from keras_ckpt.storage import places

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("fsspec.implementations.memory")


def test_a_local_path_is_none_of_a_place() -> None:
    for path in ("a", "/a/b", "C:\\a", "a:b", pathlib.Path("a"), "run/{epoch}.keras"):
        assert not places.is_url(path)
        places.check(path)


def test_what_nothing_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="nosuch:// is no kind of place .* s3"):
        places.check("nosuch://bucket/a.keras")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (pathlib.PurePosixPath("s3://bucket/a.keras"), "pass a string, s3://bucket/a.keras"),
        ("memory:/a.keras", "pass a string, memory://a.keras"),
        ("simplecache::s3://bucket/a.keras", "itself, such as s3://bucket/a.keras"),
        ("zip://a.keras::memory://a.zip", "itself, such as memory://a.zip"),
        ("dbfs:/run/a.keras", "Pass /dbfs/run/a.keras"),
        ("dir://a.keras", "itself, such as s3://"),
    ],
)
def test_what_means_another_place_is_refused(url: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        places.check(url)


def test_a_package_that_a_library_misses_is_named(monkeypatch: Any) -> None:
    def misses(*_: object, **__: object) -> None:
        raise ImportError("No module named 'pyarrow'")

    places._system.cache_clear()
    monkeypatch.setattr(fsspec.core, "url_to_fs", misses)
    monkeypatch.setattr(runtime, "has_tensorflow", lambda: False)
    with pytest.raises(ImportError, match="needs the packages fsspec and pyarrow"):
        places.check("hdfs://host/a.keras")
    places._system.cache_clear()


@pytest.mark.parametrize("kind", places.READ_ONLY)
def test_what_is_for_reading(kind: str) -> None:
    with pytest.raises(ValueError, match="can be read, and not written.* s3://"):
        places.check(kind + "://host/a.keras")


@pytest.mark.parametrize("kind", sorted(fsspec.available_protocols()))
def test_all_that_fsspec_knows_is_accepted_or_refused_at_once(kind: str, monkeypatch: Any) -> None:
    def connects(*_: object, **__: object) -> None:
        raise AssertionError(f"{kind} was asked")

    monkeypatch.setattr("socket.getaddrinfo", connects)
    try:
        places.check(f"{kind}://host/run/a.keras")
    except (ImportError, ValueError) as error:
        assert f"{kind}://" in str(error)
        return
    try:
        system = fsspec.get_filesystem_class(kind)
    except ImportError:
        # TensorFlow knows it.
        return
    # Nothing that cannot remove a file can hold checkpoints.
    names = ("rm", "_rm", "rm_file", "_rm_file")
    base = fsspec.AbstractFileSystem
    assert any(getattr(system, name, None) is not getattr(base, name, None) for name in names)


@pytest.mark.parametrize("kind", ["s3", "gs", "az", "sftp"])
def test_a_missing_package_is_named(kind: str, monkeypatch: Any) -> None:
    package = places.KINDS[kind].package
    places._system.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(runtime, "has_tensorflow", lambda: False)

    def missing(protocol: str) -> None:
        raise ImportError

    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    with pytest.raises(ImportError, match=rf'"keras-ckpt\[remote\]" {package}'):
        places.check(kind + "://bucket/a.keras")


@pytest.mark.parametrize("kind", ["s3", "memory"])
def test_without_fsspec_it_is_named(kind: str, monkeypatch: Any) -> None:
    places._system.cache_clear()
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setattr(runtime, "has_tensorflow", lambda: False)
    with pytest.raises(ImportError, match=r'fsspec.*"keras-ckpt\[remote\]"'):
        places.check(kind + "://bucket/a.keras")


@pytest.mark.skipif(not runtime.is_keras_3(), reason="of Keras 2 the model writes")
@pytest.mark.parametrize(
    "url",
    [
        "nosuch://bucket/{epoch}.keras",
        "https://host/{epoch}.keras",
        "simplecache::s3://bucket/{epoch}.keras",
        pathlib.PurePosixPath("s3://bucket/{epoch}.keras"),
    ],
)
def test_the_callback_says_so_when_it_is_made(url: Any) -> None:
    with pytest.raises(ValueError, match="://"):
        ModelCheckpoint(url)
    with pytest.raises(ValueError, match="://"):
        formats.save_model(object(), url)


class Hosted(fsspec.implementations.memory.MemoryFileSystem):  # type: ignore[misc]
    """A place of which each host has its own files, as of FTP, HDFS or Azure's accounts."""

    protocol = "hosted"
    cachable = True
    _of_hosts: Any = {}

    def __init__(self, host: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not host:
            raise TypeError("a host is missing")
        self.store, self.pseudo_dirs = self._of_hosts.setdefault(host, ({}, [""]))

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        return {"host": path.split("://")[1].split("/")[0]}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        inner = path.split("://")[-1].split("/", 1)
        return "/" + inner[1] if "://" in path and len(inner) > 1 else path


@pytest.mark.skipif(not runtime.is_keras_3(), reason="of Keras 2 the model writes")
def test_each_host_is_another_place() -> None:
    fsspec.register_implementation("hosted", Hosted, clobber=True)
    found = {}
    for host in ("one", "other"):
        seen = training.fit(ModelCheckpoint(f"hosted://{host}/run/{{epoch}}.keras"), 1)
        found[host] = seen.model.get_weights()[0] + (host == "other")
        seen.model.layers[0].kernel.assign(found[host])
        formats.save_model(seen.model, f"hosted://{host}/run/1.keras")
    for host, kernel in found.items():
        loaded = formats.load_model(f"hosted://{host}/run/1.keras")
        np.testing.assert_array_equal(loaded.get_weights()[0], kernel)


class NoCredentialsError(Exception):
    """As botocore calls it."""


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (FileNotFoundError("nothing"), FileNotFoundError, "nothing"),
        (PermissionError("signature"), places.Refused, "signature.*AWS_ACCESS_KEY_ID"),
        (NoCredentialsError("no key"), places.Refused, "no key.*AWS_ACCESS_KEY_ID"),
        (OSError(5, "internal error"), places.Unreachable, "internal error.*AWS_ENDPOINT_URL"),
        (TimeoutError(), places.Unreachable, "TimeoutError"),
        (RuntimeError("broken"), places.Unreachable, "broken"),
    ],
)
def test_errors_are_told_with_the_url(raised: Exception, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said) as caught, places.errors("s3://bucket/a"):
        raise raised
    assert type(caught.value) is kind
    assert "s3://bucket/a" in str(caught.value)


def test_what_is_wrong_here_is_told_as_it_is() -> None:
    with pytest.raises(KeyError), places.errors("s3://bucket/a"):
        raise KeyError("a")
