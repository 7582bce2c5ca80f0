"""Writing in the places that URLs lead to, and local copies of what is there.

A file appears whole or not at all: where a place has no such way of its own, it is written under
another name, and renamed. A directory cannot appear at once. One that takes the place of another is
therefore made beside it, and a file in the old one says where: whoever reads finds the old one
until that file is there, and the new one from then on, until its files are where they belong.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import IO, Any, Iterable, Iterator

from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.storage import files, places, scratch, temporary
from keras_ckpt.storage.places import is_url

#: In a directory that is being replaced: where the new one is. No name of a file of any format.
NEXT = "keras_ckpt.next.json"
#: What the new one is called until then.
_NEW = ".new"
_LIMIT = 4096


def put(source: str, url: str) -> None:
    """Copies a local file to a URL. What was there stays until all of it is there.

    Raises:
        OSError: if that fails.
    """
    there = places.place(url)
    target = there.path if there.swaps else places.place(temporary.beside_url(url, ".tmp")).path
    try:
        with places.errors(url):
            _make_parent(there)
            there.system.put_file(source, target)
            if target != there.path:
                there.system.mv(target, there.path)
    except BaseException:
        if target != there.path:
            _give_up(there, target)
        raise
    size = os.path.getsize(source)
    with places.errors(url):
        there.system.invalidate_cache()
        kept = there.system.info(there.path)["size"]
    if kept != size:
        raise places.Unreachable(5, f"It has kept {kept} of {size} bytes", url)


@contextlib.contextmanager
def writing(url: str) -> Iterator[IO[bytes]]:
    """Gives a file that is written at a URL from its begin to its end, without a local copy.

    What was there stays until all of it is there.
    """
    there = places.place(url)
    target = there.path if there.swaps else places.place(temporary.beside_url(url, ".tmp")).path
    with places.errors(url):
        _make_parent(there)
        file = there.system.open(target, "wb")
    try:
        yield _Told(file, url)  # type: ignore[misc]
        with places.errors(url):
            file.close()
            if target != there.path:
                there.system.mv(target, there.path)
    except BaseException:
        _discard(file)
        if target != there.path:
            _give_up(there, target)
        raise


class _Told:
    """A file that is written, whose errors are told with its URL."""

    def __init__(self, file: IO[bytes], url: str) -> None:
        self._file, self._url = file, url

    def write(self, data: bytes | memoryview) -> int:
        with places.errors(self._url):
            self._file.write(data)
        return len(data)


def _discard(file: Any) -> None:
    """Gives a file up that is not whole: what fsspec closes, it would keep."""
    with contextlib.suppress(Exception):
        file.discard()
    with contextlib.suppress(Exception):
        file.closed = True


def _give_up(there: places.Place, target: str) -> None:
    with contextlib.suppress(Exception):
        there.system.rm_file(target)


def _make_parent(there: places.Place) -> None:
    """Makes the directory, where a place has such things: a bucket is none, and is the user's."""
    parent = there.path.rpartition("/")[0]
    if parent and not there.swaps and "://" not in parent[-3:]:
        there.system.makedirs(parent, exist_ok=True)


def copy(source: str, target: str) -> None:
    """Copies a file from one URL to another of the same place."""
    with places.errors(target):
        there = places.place(target)
        _make_parent(there)
        there.system.cp_file(places.place(source).path, there.path)


def remove(url: str) -> None:
    """Removes a file, or a directory with all that is in it. None need be there."""
    there = places.place(url)
    found = files._fresh(url)
    if found is None:
        return
    with contextlib.suppress(FileNotFoundError), places.errors(url):
        if found["type"] == "directory":
            there.system.rm(there.path, recursive=True)
        else:
            there.system.rm_file(there.path)


def put_tree(directory: str, url: str, last: Iterable[str] = ()) -> None:
    """Copies a local directory to a URL, at which there is none.

    Args:
        directory: the local one.
        url: where to.
        last: what it is found by, which comes last, in this order.
    """
    for name in _in_order(_names(directory), last):
        put(os.path.join(directory, *name.split("/")), url.rstrip("/") + "/" + name)


def _names(directory: str) -> list[str]:
    return [
        os.path.relpath(os.path.join(folder, name), directory).replace(os.sep, "/")
        for folder, _, names in os.walk(directory)
        for name in names
    ]


def _in_order(names: Iterable[str], last: Iterable[str]) -> list[str]:
    order = {name: place for place, name in enumerate(last)}
    return sorted(names, key=lambda name: (order.get(name, -1), name))


def replace_tree(directory: str, url: str, members: Iterable[str], last: Iterable[str]) -> None:
    """Puts a local directory in the place of one at a URL.

    Args:
        directory: the local one.
        url: where to.
        members: the names of all that it may have. What else is there stays.
        last: as of `put_tree`.
    """
    last, members = tuple(last), tuple(members)
    finish(url, members, last)
    if not any(files.exists(f"{url}/{name}") for name in last):
        _remove_members(url, members, ())  # What a killed process has left.
        put_tree(directory, url, last)
        return
    new = temporary.beside_url(url, _NEW)
    try:
        put_tree(directory, new, last)
    except BaseException:
        with contextlib.suppress(OSError):
            remove(new)
        raise
    with scratch.directory() as made:
        said = os.path.join(made, NEXT)
        with open(said, "w", encoding="utf-8") as file:
            json.dump({"new": new.rpartition("/")[2]}, file)
        put(said, f"{url}/{NEXT}")
    finish(url, members, last)


def _next(url: str) -> str | None:
    """Returns where the directory is that takes the place of one, None if none does."""
    try:
        with files.reading(f"{url}/{NEXT}") as file:
            name = json.loads(file.read(_LIMIT))["new"]
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None
    if not isinstance(name, str) or not temporary.is_one(name):
        return None
    return files.join(files.dirname(url), name)


def actual(path: str) -> str:
    """Returns where the files of a directory are, which may be taking the place of another."""
    if not is_url(path):
        return path
    path = path.rstrip("/")
    return _next(path) or path


def finish(url: str, members: Iterable[str], last: Iterable[str]) -> None:
    """Finishes what a process has begun that replaced a directory, and may have been killed."""
    new = _next(url)
    if new is None:
        return
    found = {each[len(new) + 1 :]: each for each in files.below(new)}
    if found:
        for name in _in_order(found, last):
            copy(found[name], f"{url}/{name}")
        _remove_members(url, members, found)
    remove(f"{url}/{NEXT}")
    remove(new)


def _remove_members(url: str, members: Iterable[str], new: Iterable[str]) -> None:
    """Removes those files of a directory that the new one does not have, and what is half."""
    own, kept = set(members), set(new)
    for each in files.below(url):
        name = each[len(url) + 1 :]
        is_half = temporary.is_one(name.rpartition("/")[2])
        if is_half or (name.split("/")[0] in own and name not in kept):
            remove(each)


# Local copies.


@contextlib.contextmanager
def local_file(path: str) -> Iterator[str]:
    """Gives the local path of a file, of which there is a copy meanwhile if it is elsewhere."""
    if not is_url(path):
        yield path
        return
    with scratch.directory() as directory:
        target = os.path.join(directory, files.split(path)[1])
        before = files.identity(path)
        _get(path, target)
        _refuse_replaced(path, before)
        yield target


@contextlib.contextmanager
def local_directory(path: str) -> Iterator[str]:
    """The same of a directory."""
    if not is_url(path):
        yield path
        return
    path = actual(path)
    with scratch.directory() as directory:
        made = os.path.join(directory, files.split(path)[1])
        os.mkdir(made)
        found = files.below(path)
        for file in found:
            target = os.path.join(made, *file[len(path) + 1 :].split("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _get(file, target)
        yield made


def _get(url: str, target: str) -> None:
    there = places.place(url)
    with places.errors(url):
        there.system.get_file(there.path, target)


def _refuse_replaced(path: str, before: files.Identity) -> None:
    if files.identity(path) != before:
        raise DamagedCheckpoint(path, "it has been replaced meanwhile", "load it again")


@contextlib.contextmanager
def uploading(path: str) -> Iterator[str]:
    """Gives a local path for a writer that knows no other; what it writes is put at `path` then.

    Args:
        path: a URL, or a local path, which is given as it is.
    """
    if not is_url(path):
        yield path
        return
    parent, name = files.split(path.rstrip("/"))
    with scratch.directory() as directory:
        yield os.path.join(directory, name)
        found = _names(directory)
        # What names others comes after them: the index, and the state file at last.
        found.sort(key=lambda file: (file == "checkpoint", file.endswith((".index", ".json"))))
        for file in found:
            put(os.path.join(directory, *file.split("/")), files.join(parent, file))


@contextlib.contextmanager
def downloaded(path: str) -> Iterator[str]:
    """Gives the local path of a copy of a checkpoint, for a reader that knows no other.

    Args:
        path: a URL, or a local path, which is given as it is.
    """
    if not is_url(path):
        yield path
        return
    path = path.rstrip("/")
    parent, name = files.split(path)
    if files.isdir(path):
        with local_directory(path) as made:
            yield made
        return
    with scratch.directory() as directory:
        for each in files.listdir(parent):
            if each == name or each.startswith(name + "."):
                _get(files.join(parent, each), os.path.join(directory, each))
        yield os.path.join(directory, name)


def left_behind(directory: str) -> list[str]:
    """Returns the URLs of what processes that have died have left in a directory."""
    changed: dict[str, float] = {}
    for url, found in files.below(directory).items():
        name = url[len(directory.rstrip("/")) + 1 :].split("/")[0]
        if temporary.is_one(name):
            changed[name] = max(changed.get(name, 0.0), files.modified(found))
    kept = set()
    for name in changed:
        # What takes the place of a directory is all that there is of the new one.
        of = temporary.owner(name)
        if of and _next(files.join(directory, of)) == files.join(directory, name):
            kept.add(name)
    return sorted(
        files.join(directory, name)
        for name, when in changed.items()
        if name not in kept and temporary.is_dead(name, when)
    )
