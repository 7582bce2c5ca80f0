"""Which file system a URL is of, what is said where there is none, and what its errors say."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import pytest

from keras_ckpt import ModelCheckpoint, runtime
from keras_ckpt.storage import places

fsspec = pytest.importorskip("fsspec")


def test_a_local_path_is_none_of_a_place() -> None:
    for path in ("a", "/a/b", "C:\\a", "a:b", pathlib.Path("a"), "run/{epoch}.keras"):
        assert not places.is_url(path)
        places.check(path)


def test_what_nothing_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="nosuch:// is no kind of place .* s3"):
        places.check("nosuch://bucket/a.keras")


@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_web_server_is_for_reading(kind: str) -> None:
    with pytest.raises(ValueError, match="can be read, and not written.* s3://"):
        places.check(kind + "://host/a.keras")


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
@pytest.mark.parametrize("url", ["nosuch://bucket/{epoch}.keras", "https://host/{epoch}.keras"])
def test_the_callback_says_so_when_it_is_made(url: str) -> None:
    with pytest.raises(ValueError, match="://"):
        ModelCheckpoint(url)


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
