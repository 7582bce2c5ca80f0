"""Looking at files and reading them, on local disks and in the places that URLs lead to.

The functions do what those of `os` and `os.path` with these names do. A place that cannot be
reached raises, and is never taken for one in which there is nothing.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime
import email.utils
import io
import os
import re
from typing import IO, TYPE_CHECKING, BinaryIO, Iterator, Tuple, cast

from keras_ckpt._typing import FileInfo
from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.storage import places
from keras_ckpt.storage.places import is_url

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: What no two states of a file have in common.
Identity = Tuple[object, ...]

# How many bytes are read at once: few where a file is only looked at, many where it is read on.
_FEW, _MANY = 1 << 16, 1 << 24
#: What the places call what no two states of a file have in common.
_TAGS = ("ETag", "etag", "generation", "content_hash")
#: What the places call the time of the last change.
_TIMES = (
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "modified",
    "created",
    "Last-Modified",
)

#: Up to so many bytes a file is read at once, and the last few such files are kept.
_WHOLE, _KEPT = 1 << 20, 4


class _Seen:
    """What has been seen in the places, as long as one checkpoint, or a directory, is looked at."""

    def __init__(self) -> None:
        self.files: dict[str, FileInfo | None] = {}
        #: What is in directories, by its names.
        self.directories: dict[str, dict[str, FileInfo]] = {}
        self.contents: dict[str, tuple[Identity, bytes]] = {}

    def find(self, url: str) -> FileInfo | None:
        """Returns what a place says of a file or directory, None if there is none."""
        if url not in self.files:
            directory, name = split(url.rstrip("/"))
            if directory not in self.directories and directory:
                above = self.directories.get(split(directory)[0])
                if above is not None:
                    # It is in a directory that is being looked at: all of it is asked for at once.
                    is_one = above.get(split(directory)[1], {}).get("type") == "directory"
                    self.directories[directory] = _children(directory) if is_one else {}
            if directory in self.directories:
                return self.directories[directory].get(name)
            self.files[url] = _fresh(url)
        return self.files[url]

    def keep(self, url: str, found: Identity, data: bytes) -> None:
        """Keeps the content of a small file."""
        while len(self.contents) >= _KEPT:
            self.contents.pop(next(iter(self.contents)))
        self.contents[url] = found, data


_seen: contextvars.ContextVar[_Seen | None] = contextvars.ContextVar("seen", default=None)


@contextlib.contextmanager
def looking() -> Iterator[None]:
    """Lets each look at a place be taken once in a `with` block, as each costs a request."""
    if _seen.get() is not None:
        yield
        return
    token = _seen.set(_Seen())
    try:
        yield
    finally:
        _seen.reset(token)


def look_again() -> None:
    """Forgets what has been seen."""
    seen = _seen.get()
    if seen is not None:
        vars(seen).update(vars(_Seen()))


def look_into(directory: str) -> None:
    """Has all that is in a directory be seen at once, in `looking`."""
    seen = _seen.get()
    if seen is not None and is_url(directory) and directory not in seen.directories:
        seen.directories[directory] = _children(directory)


def _fresh(url: str) -> FileInfo | None:
    there = places.place(url.rstrip("/") if not url.endswith("://") else url)
    try:
        with places.errors(url):
            there.system.invalidate_cache()
            return dict(there.system.info(there.path))
    except FileNotFoundError:
        return None


def _info(url: str) -> FileInfo | None:
    """Returns what a place says of a file or directory, None if there is none."""
    seen = _seen.get()
    return _fresh(url) if seen is None else seen.find(url)


def _required(url: str) -> FileInfo:
    found = _info(url)
    if found is None:
        raise FileNotFoundError(2, "There is nothing there", url)
    return found


def isfile(path: str) -> bool:
    if not is_url(path):
        return os.path.isfile(path)
    return (_info(path) or {}).get("type") == "file"


def isdir(path: str) -> bool:
    if not is_url(path):
        return os.path.isdir(path)
    return (_info(path) or {}).get("type") == "directory"


def exists(path: str) -> bool:
    return os.path.exists(path) if not is_url(path) else _info(path) is not None


def lexists(path: str) -> bool:
    return os.path.lexists(path) if not is_url(path) else _info(path) is not None


def getsize(path: str) -> int:
    return os.path.getsize(path) if not is_url(path) else int(_required(path)["size"] or 0)


def getmtime(path: str) -> float:
    if not is_url(path):
        return os.path.getmtime(path)
    found = _required(path)
    if found["type"] != "directory":
        return modified(found)
    return max((modified(each) for each in below(path).values()), default=0.0)


def listdir(path: str) -> list[str]:
    return sorted(_children(path)) if is_url(path) else os.listdir(path or ".")


def _children(path: str) -> dict[str, FileInfo]:
    """Returns what a place says of all that is in a directory, by its names."""
    there = places.place(path)
    with places.errors(path):
        there.system.invalidate_cache()
        found = there.system.ls(there.path, detail=True)
    own = there.path.rstrip("/")
    # A place for objects may list a directory as an object in it.
    return {
        each["name"].rstrip("/").rpartition("/")[2]: each
        for each in found
        if each["name"].rstrip("/") != own
    }


def below(path: str) -> dict[str, FileInfo]:
    """Returns what a place says of each file below a directory, by its URL."""
    there = places.place(path)
    try:
        with places.errors(path):
            there.system.invalidate_cache()
            found = there.system.find(there.path, detail=True)
    except FileNotFoundError:
        return {}
    start = there.path.rstrip("/") + "/"
    base = path if path.endswith("://") else path.rstrip("/") + "/"
    files = {
        base + name[len(start) :]: each
        for name, each in found.items()
        if name.startswith(start) and not name.endswith("/")
    }
    seen = _seen.get()
    if seen is not None:
        top = base if base.endswith("://") else base[:-1]
        seen.directories.setdefault(top, {})
        for url, each in files.items():
            parent, name = split(url)
            seen.directories.setdefault(parent, {})[name] = each
            while parent != top:
                parent, name = split(parent)
                there_is = seen.directories.setdefault(parent, {})
                there_is.setdefault(name, {"type": "directory", "size": 0})
    return files


def modified(found: FileInfo) -> float:
    """Returns when a file was changed, by what a place says of it; 0 if it does not say it."""
    for name in _TIMES:
        when = found.get(name)
        if isinstance(when, datetime.datetime):
            return when.timestamp()
        if isinstance(when, (int, float)):
            return float(when)
        if isinstance(when, str) and when:
            with contextlib.suppress(ValueError):
                return datetime.datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()
            with contextlib.suppress(ValueError, TypeError):
                return email.utils.parsedate_to_datetime(when).timestamp()
    return 0.0


def split(path: str) -> tuple[str, str]:
    """Returns the directory and the name of a path. A URL keeps its `//`."""
    if not is_url(path) or re.match("[A-Za-z0-9_+.-]+://", path) is None:
        return os.path.split(path)
    head, name = re.fullmatch(r"(?s)([A-Za-z0-9_+.-]+://(?:.*/)?)([^/]*)", path).groups()  # type: ignore[union-attr]
    return (head if head.endswith("://") else head.rstrip("/")), name


def dirname(path: str) -> str:
    return split(path)[0]


def join(directory: str, *names: str) -> str:
    return os.path.join(directory, *names) if directory else os.path.join(*names)


def realpath(path: str) -> str:
    return path if is_url(path) else os.path.realpath(path)


def abspath(path: str) -> str:
    return path if is_url(path) else os.path.abspath(path)


def _of_info(found: FileInfo) -> Identity:
    # What a listing says, too.
    tag = next((str(found[name]) for name in _TAGS if found.get(name)), None)
    return (found.get("size"), modified(found) if tag is None else tag)


def _of_stat(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def identity(path: str) -> Identity:
    """Returns what no two states of the file at a path have in common.

    Raises:
        FileNotFoundError: if there is none.
    """
    if not is_url(path):
        return _of_stat(os.stat(path))
    found = _fresh(path)
    if found is None:
        raise FileNotFoundError(2, "There is nothing there", path)
    return _of_info(found)


def seen_identity(path: str) -> Identity | None:
    """Returns the same as it was when it was first seen in `looking`, None if there is no file."""
    if is_url(path):
        found = _info(path)
        return None if found is None else _of_info(found)
    try:
        return _of_stat(os.stat(path))
    except OSError:
        return None


def identity_of(file: IO[bytes] | io.RawIOBase) -> Identity:
    """Returns the same of an open file: as it is now, or as it was opened where it is not local."""
    raw = getattr(file, "raw", file)
    if isinstance(raw, Remote):
        return raw.identity
    return _of_stat(os.fstat(file.fileno()))


def size_of(file: IO[bytes] | io.RawIOBase) -> int:
    """Returns the size of an open file."""
    raw = getattr(file, "raw", file)
    return raw.size if isinstance(raw, Remote) else os.fstat(file.fileno()).st_size


def refuse_unreachable(*opened: object) -> None:
    """Raises why a place could not be reached, if that is what became of a file that is read.

    Libraries make an error of their own of it.
    """
    for file in opened:
        error = getattr(getattr(file, "raw", file), "error", None)
        if isinstance(error, places.Unreachable):
            raise error


def stays(path: str) -> bool:
    """Returns whether an open file stays what it is, whatever takes its place at the path."""
    return not is_url(path)


def reading(path: str, buffering: int = -1) -> BinaryIO:
    """Opens a file to be read, at any place in it.

    Raises:
        OSError: if it cannot be opened.
    """
    if not is_url(path):
        return open(path, "rb", buffering=buffering)
    raw = Remote(path)
    return cast("BinaryIO", raw if buffering == 0 else io.BufferedReader(raw))


class Remote(io.RawIOBase):
    """A file in a place, of which the parts are read that are asked for.

    Another file may take its place meanwhile. That is noticed with each part.

    Args:
        url: String, where it is.

    Attributes:
        size: Integer, its bytes.
        identity: what no two states of it have in common.
        error: why the place could not be reached, for those who read it by a library that loses
            what it is raised.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._place = places.place(url)
        found = _required(url)
        if found["type"] == "directory":
            raise IsADirectoryError(21, os.strerror(21), url)
        self.error: BaseException | None = None
        self.identity = _of_info(found)
        # Some web servers do not say it.
        self.size = int(found["size"]) if found.get("size") is not None else len(self._whole())
        self._position = 0
        self._start, self._part = 0, b""
        self._step = _FEW
        seen = _seen.get()
        known = None if seen is None else seen.contents.get(url)
        if known is not None and known[0] == self.identity:
            self._part = known[1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self._position))
        if not count:
            return 0
        begin = self._position - self._start
        if not 0 <= begin < len(self._part):
            try:
                self._fetch(count)
            except BaseException as error:
                self.error = error
                raise
            begin = self._position - self._start
        part = memoryview(self._part)[begin : begin + count]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _fetch(self, count: int) -> None:
        """Reads the part that comes next, and more of it the more is read on."""
        goes_on = self._position == self._start + len(self._part) and self._part
        self._step = min(2 * self._step, _MANY) if goes_on else _FEW
        start = self._position
        end = min(self.size, start + max(min(count, _MANY), self._step))
        if self.size <= _WHOLE:
            start, end = 0, self.size
        with places.errors(self._url):
            data = self._place.system.cat_file(self._place.path, start=start, end=end)
        if len(data) == self.size:
            start, end = 0, self.size  # Also from web servers that give no parts.
        elif len(data) != end - start or identity(self._url) != self.identity:
            raise DamagedCheckpoint(self._url, "it has been replaced meanwhile", "load it again")
        self._start, self._part = start, data
        seen = _seen.get()
        if seen is not None and end - start == self.size <= _WHOLE:
            seen.keep(self._url, self.identity, data)

    def _whole(self) -> bytes:
        with places.errors(self._url):
            data: bytes = self._place.system.cat_file(self._place.path)
            return data
