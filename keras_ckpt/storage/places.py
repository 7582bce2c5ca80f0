"""The places that URLs lead to: `s3://bucket/run`, `gs://...`, `sftp://...`, `memory://...`.

The library fsspec knows most of them, each by a package of its own. TensorFlow's file system is
asked where fsspec does not know a place, or its package is not installed. What a place raises is
told with the URL, what the server said, and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import importlib.util
import os
import re
from types import ModuleType
from typing import Any, Iterator, NamedTuple

from keras_ckpt import runtime
from keras_ckpt._typing import StrPath


class Unreachable(OSError):
    """A place does not answer, or has answered with an error: nothing is known of what is there."""


class Refused(Unreachable, PermissionError):
    """A place does not let this program in."""


class Kind(NamedTuple):
    """What is known of a kind of place.

    Attributes:
        package: what fsspec needs for it.
        swaps: whether a file appears there whole or not at all, without being renamed.
        access: where its credentials come from.
    """

    package: str
    swaps: bool = False
    access: str = ""


_AWS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and AWS_ENDPOINT_URL for a "
    "server that is not Amazon's"
)
_GOOGLE = (
    "log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
)
_AZURE = "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and _KEY"
_SSH = "give user and host as in sftp://user@host/path, and have the key of `ssh` at hand"
_WEB = "see that the address is public"

KINDS: dict[str, Kind] = {
    "s3": Kind("s3fs", True, _AWS),
    "s3a": Kind("s3fs", True, _AWS),
    "gs": Kind("gcsfs", True, _GOOGLE),
    "gcs": Kind("gcsfs", True, _GOOGLE),
    "az": Kind("adlfs", True, _AZURE),
    "abfs": Kind("adlfs", True, _AZURE),
    "abfss": Kind("adlfs", True, _AZURE),
    "sftp": Kind("paramiko", access=_SSH),
    "ssh": Kind("paramiko", access=_SSH),
    "http": Kind("aiohttp", access=_WEB),
    "https": Kind("aiohttp", access=_WEB),
    "memory": Kind(""),
    "file": Kind(""),
    "hdfs": Kind("pyarrow"),
    "arrow_hdfs": Kind("pyarrow"),
}
#: Places of which all can be read, and nothing written, and why.
READ_ONLY: dict[str, str] = {
    **dict.fromkeys(("http", "https"), "a web server takes no files"),
    **dict.fromkeys(("gist", "git", "github"), "fsspec writes to no repository"),
    **dict.fromkeys(("libarchive", "reference"), "fsspec writes no such archives"),
    "data": "such a URL holds its content itself",
}
#: What fsspec puts on the file system of a place, which it has to be given.
_LAYERS = (
    *("asyncwrapper", "async_wrapper", "dask", "dir", "generic", "tar", "zip"),
    *("blockcache", "cached", "filecache", "simplecache"),
)
# Those of which to make a file system is to log in.
_LOGS_IN = ("sftp", "ssh", "ftp", "smb", "hdfs", "arrow_hdfs", "webhdfs")

_SCHEME = re.compile(r"([A-Za-z0-9_+.-]+)://")
#: Several URLs in one, of which fsspec makes one file system on another.
_CHAINED = re.compile(r"[A-Za-z0-9_+.-]+(?:://.*?)?::.*?([A-Za-z0-9_+.-]+://.*)", re.DOTALL)
#: What `pathlib` makes of a URL.
_ONE_SLASH = re.compile(rf"({'|'.join(map(re.escape, KINDS))}):/(?!/)(.*)", re.DOTALL)
#: How Spark names a file of Databricks.
_OF_SPARK = re.compile(r"dbfs:/(?!/)(.*)", re.DOTALL)
#: Where TensorFlow says nothing of the places that it knows, before 2.6.
_OF_TENSORFLOW = ("gs", "hdfs", "viewfs", "ram", "file", "s3")


def is_url(path: StrPath) -> bool:
    """Returns whether a path is not one of the local file system."""
    return runtime.is_remote(path)


def scheme(url: str) -> str:
    """Returns what a URL begins with; nothing for the paths that TensorFlow mounts, as `/cns/`."""
    found = _SCHEME.match(url)
    return "" if found is None else found.group(1)


class Place(NamedTuple):
    """Where a URL leads.

    Attributes:
        url: String, the URL.
        path: String, what the file system calls it.
        system: file system of fsspec, or what does the same by TensorFlow's.
        swaps: whether a file appears there whole or not at all, without being renamed.
    """

    url: str
    path: str
    system: Any
    swaps: bool


def place(url: str) -> Place:
    """Returns where a URL leads.

    Raises:
        ImportError: if a package is missing that knows the place.
        ValueError: if nothing knows it.
    """
    kind = scheme(url)
    system = _system(kind, _root(url))
    with errors(url):
        path = url if system.protocol == "gfile" else system._strip_protocol(url)
    return Place(url, path, system, KINDS.get(kind, Kind("")).swaps)


def _root(url: str) -> str:
    """Returns a URL up to its host, or what it has in place of one: a bucket, an account."""
    start = url.find("://") + 3
    end = url.find("/", start)
    return url if end < 0 else url[: end + 1]


def check(url: StrPath) -> None:
    """Refuses a URL that nothing can ever be saved to.

    Args:
        url: String or `PathLike`, which may be a template, or a local path.

    Raises:
        ImportError: if a package is missing that knows the place.
        ValueError: if nothing knows it, it can only be read, or it means another place than it
            seems to.
    """
    name = os.fspath(url)
    found = _ONE_SLASH.match(name)
    if found is not None:
        raise ValueError(
            f"{name} is in a directory called {found.group(1) + ':'!r} on this machine. `pathlib` "
            f"makes one slash of two: pass a string, {found.group(1)}://{found.group(2)}"
        )
    found = _OF_SPARK.match(name)
    if found is not None:
        raise ValueError(
            f"{name} is what Spark calls a file: here it is in a directory called 'dbfs:'. Pass "
            f"/dbfs/{found.group(1)}, where Databricks has it"
        )
    found = _CHAINED.match(name)
    if found is not None:
        raise ValueError(
            f"{name} is a chain of URLs, which no checkpoint is saved to. Pass the URL of the "
            f"place itself, such as {found.group(1)}"
        )
    if not is_url(name):
        return
    kind = scheme(name)
    if kind in READ_ONLY:
        raise ValueError(
            f"{name} can be read, and not written: {READ_ONLY[kind]}. Save to another place, such "
            "as s3://, gs://, az:// or sftp://."
        )
    if kind in _LAYERS:
        raise ValueError(
            f"Nothing can be saved to a URL that begins with {kind}://: it is no place, but what "
            "fsspec puts on the file system of one. Pass the URL of the place itself, such as "
            "s3://, gs://, az:// or sftp://."
        )
    if kind not in _LOGS_IN or not _is_installed(kind):
        _system(kind, _root(name))


def _is_installed(kind: str) -> bool:
    """Returns whether fsspec has all that it needs for a kind of place."""
    package = KINDS.get(kind, Kind("")).package
    try:
        importlib.import_module("fsspec").get_filesystem_class(kind)
    except (ImportError, ValueError):
        return False
    return not package or importlib.util.find_spec(package) is not None


@functools.lru_cache(maxsize=64)
def _system(kind: str, url: str) -> Any:
    """Returns the file system that knows a kind of place, at the host in `url` if it has one."""
    fsspec = _fsspec()
    missing = fsspec is None
    protocols = _protocols(fsspec)
    if fsspec is not None and kind in protocols:
        try:
            fsspec.get_filesystem_class(kind)
            with errors(url):
                return fsspec.core.url_to_fs(url)[0]
        except ImportError:
            missing = True
        except (TypeError, AttributeError, ValueError, IsADirectoryError) as error:
            raise ValueError(
                f"Nothing can be saved to a URL that begins with {kind}://: fsspec has to know "
                f"more to reach such a place than its URL says. {_said(error)}"
            ) from error
    if runtime.has_tensorflow() and kind in _schemes_of_tensorflow():
        return importlib.import_module("keras_ckpt.storage.gfile").GFile()
    if kind and not missing or fsspec is None and kind and kind not in KINDS:
        known = sorted({*KINDS, *protocols})
        raise ValueError(
            f"{kind}:// is no kind of place that fsspec or TensorFlow knows. Known to fsspec are "
            f"{', '.join(known)}."
            + ("" if fsspec else ' Install it with `pip install "keras-ckpt[remote]"`.')
        )
    raise ImportError(_missing(kind, f"{kind}://" if kind else url))


def _missing(kind: str, url: str) -> str:
    if not kind:
        return f"{url} is on a file system that needs TensorFlow, which is not installed."
    package = KINDS.get(kind, Kind("")).package
    if kind not in KINDS and _fsspec() is not None:
        said = importlib.import_module("fsspec.registry").known_implementations[kind].get("err", "")
        return f"{url} needs a package that is not installed. {said}."
    return (
        f"{url} needs {'the packages fsspec and ' + package if package else 'the package fsspec'}. "
        f'Install with `pip install "keras-ckpt[remote]"{" " + package if package else ""}`.'
    )


def _fsspec() -> ModuleType | None:
    try:
        return importlib.import_module("fsspec")
    except ImportError:
        return None


def _protocols(fsspec: ModuleType | None) -> set[str]:
    """Returns what fsspec knows, with what the program has registered."""
    return set() if fsspec is None else {*fsspec.available_protocols(), *fsspec.registry}


def _schemes_of_tensorflow() -> list[str]:
    gfile = runtime.tensorflow().io.gfile
    known = getattr(gfile, "get_registered_schemes", None)
    return ["", *_OF_TENSORFLOW] if known is None else list(known())


# What a place raises.

#: Raised by what is wrong here, and not there.
_OWN = (
    TypeError,
    AttributeError,
    NameError,
    LookupError,
    AssertionError,
    ImportError,
    MemoryError,
)


@contextlib.contextmanager
def errors(url: str) -> Iterator[None]:
    """Tells what a place raises with its URL, what the server said, and what to do.

    Only calls of its file system go inside.

    Raises:
        FileNotFoundError: if there is nothing there.
        Refused: if the place does not let this program in.
        Unreachable: if it raises anything else.
    """
    try:
        yield
    except (Unreachable, *_OWN):
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, _said(error) or os.strerror(errno.ENOENT), url)
    except IsADirectoryError as error:
        raise IsADirectoryError(errno.EISDIR, _said(error), url) from error
    except Exception as error:
        kind = KINDS.get(scheme(url), Kind(""))
        if _is_refusal(error):
            advice = f" To get access, {kind.access}." if kind.access else ""
            text = f"It is not accessible: {_said(error)}{advice}"
            raise Refused(errno.EACCES, text, url) from error
        number = error.errno if isinstance(error, OSError) and error.errno else errno.EIO
        advice = (
            " See that the place can be reached from here"
            + (f"; {kind.access}" if kind.access else "")
            + ". The checkpoints that are there are as they were."
        )
        raise Unreachable(number, f"It cannot be reached: {_said(error)}{advice}", url) from error


def _is_refusal(error: BaseException) -> bool:
    names = {cls.__name__ for cls in type(error).__mro__}
    return bool(
        isinstance(error, PermissionError)
        or names & {"NoCredentialsError", "PartialCredentialsError", "AuthenticationException"}
        or names & {"ClientAuthenticationError", "DefaultCredentialsError", "RefreshError"}
        or getattr(error, "status", None) in (401, 403)
        or getattr(error, "code", None) in (401, 403, "401", "403")
    )


def _said(error: BaseException) -> str:
    """Returns what an error says, and what the one that it comes from does, in a line."""
    texts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(texts) < 3:
        text = seen.strerror if isinstance(seen, OSError) and seen.strerror else str(seen)
        text = " ".join(str(text).split()).rstrip(".") or type(seen).__name__
        if not any(text in each for each in texts):
            texts.append(text)
        seen = seen.__cause__
    return f"{'; '.join(texts)}."
