"""The one commit: files and directories that appear whole or not at all, and then stay.

What is to be saved is made under a temporary name beside its target, flushed to the disk, and
takes its place by one rename, after which its directory is flushed. Nothing that was there is
touched before. In the places that URLs lead to it is `remote` that does so.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from typing import IO, Iterable, Iterator

from keras_ckpt import runtime
from keras_ckpt.storage import durability, files, places, remote, scratch, temporary
from keras_ckpt.storage.exchange import exchange
from keras_ckpt.storage.places import is_url

#: Directories of which the user has been warned that nothing in them can be replaced at once.
_warned: set[str] = set()


def _error(number: int, path: str, cls: type[OSError] = OSError) -> OSError:
    return cls(number, os.strerror(number), path)


def refuse_directory(path: str) -> None:
    """Raises IsADirectoryError if a directory is where a file is to be written."""
    if files.isdir(path):
        raise _error(errno.EISDIR, path)


def _target(path: str) -> str:
    """Returns the file that is meant by a path, which links lead to.

    Raises:
        OSError: if a file cannot or must not be written there.
    """
    target = os.path.realpath(path)
    refuse_directory(target)
    try:
        mode = os.lstat(target).st_mode
    except OSError:
        return target  # It is new.
    if stat.S_ISLNK(mode):
        raise _error(errno.ELOOP, path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is no regular file, and is not replaced by one", path)
    # Root can write what is meant to be read-only.
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise _error(errno.EACCES, path)
    return target


def make_directory(path: str) -> None:
    """Makes a directory, and those that it is in, unless they are there."""
    if path and not is_url(path):
        os.makedirs(path, exist_ok=True)
        durability.flush_directory(path)


def make_parent(path: str) -> None:
    """Makes the directory that `path` is in, as TensorFlow's writers did."""
    parent = os.path.dirname(path)
    if parent and not is_url(path):  # Where it takes one, `remote` makes it.
        os.makedirs(parent, exist_ok=True)


def check_directory(path: str) -> None:
    """Makes a directory, and writes a file in it for a moment.

    Raises:
        OSError: if it cannot be made, or nothing can be written in it.
    """
    if is_url(path):
        made = temporary.beside_url(files.join(path, "check"), ".tmp")
        with remote.writing(made) as written:
            written.write(b"x")
        remote.remove(made)
        return
    try:
        make_directory(path)
        made = temporary.beside(os.path.join(path, "check"), ".tmp")
        try:
            with open(made, "wb") as file:
                file.write(b"x")
        finally:
            _discard(made)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        # Of these, `OSError` makes a PermissionError by itself.
        text = f"{error.strerror}: no checkpoint can be saved in this directory"
        raise OSError(error.errno, text, path) from error


def free_space(path: str) -> int | None:
    """Returns how many bytes are free where a directory is, None if the system does not say."""
    try:
        return shutil.disk_usage(path or ".").free
    except (OSError, AttributeError):
        return None


def _take_after(path: str, new: str) -> None:
    """Gives a file or directory the mode, owner and extended attributes of another, if it may."""
    with contextlib.suppress(OSError):
        shutil.copymode(path, new)
    with contextlib.suppress(OSError, AttributeError):
        before, now = os.stat(path), os.stat(new)
        if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
            os.chown(new, before.st_uid, before.st_gid)
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):
                os.setxattr(new, name, os.getxattr(path, name))


def _discard(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)


# Files.


@contextlib.contextmanager
def replacing(path: str, ending: str = ".tmp", like: str | None = None) -> Iterator[str]:
    """Gives the path of a temporary file that takes the place of `path` if all goes well.

    Args:
        path: the file to write; links are followed.
        ending: what the temporary name ends in, for writers that go by it.
        like: a file whose mode, owner and extended attributes the new one gets. Defaults to
            `None`: those of the one at `path`.

    Raises:
        OSError: if it cannot be written, or what is there is no regular file.
    """
    if is_url(path):
        with scratch.directory() as directory:
            elsewhere = os.path.join(directory, "new" + ending)
            yield elsewhere
            remote.put(elsewhere, path)
        return
    target = _target(path)
    make_parent(target)
    if not os.access(os.path.dirname(target) or ".", os.W_OK):
        if not os.path.exists(target):
            raise _error(errno.EACCES, path)
        with _in_place(target, ending) as made:
            yield made
        return
    made = temporary.beside(target, ending)
    try:
        yield made
        before = target if like is None else like
        if os.path.exists(before):
            _take_after(before, made)
        durability.flush_file(made)
        os.replace(made, target)
    finally:
        _discard(made)
    durability.flush_directory(os.path.dirname(target))


@contextlib.contextmanager
def writing(path: str, like: str | None = None) -> Iterator[IO[bytes]]:
    """Gives a file that takes the place of `path` if all goes well.

    It is written from its begin to its end, and in the places that URLs lead to without a copy
    here. The arguments are those of `replacing`.
    """
    if is_url(path):
        with remote.writing(path) as file:
            yield file
        return
    with replacing(path, like=like) as made, open(made, "wb") as opened:
        yield opened


@contextlib.contextmanager
def _in_place(path: str, ending: str) -> Iterator[str]:
    """Gives the path of a file elsewhere, whose content is then copied into that at `path`."""
    directory = os.path.dirname(path)
    if directory not in _warned:
        _warned.add(directory)
        runtime.warn_user(
            f"{path} is written in place, as its directory may not be written: if the program is "
            "killed in the middle of it, the file is lost. Save into a directory that you may "
            "write."
        )
    with scratch.directory() as made:
        new = os.path.join(made, "new" + ending)
        yield new
        shutil.copyfile(new, path)
        durability.flush_file(path)


def link(source: str, target: str) -> bool:
    """Gives a file a second name, whatever had it before.

    Returns:
        Boolean, `False` if the file system has no links.
    """
    if is_url(target):
        return False
    made = temporary.beside(target, ".tmp")
    try:
        os.link(source, made)
        os.replace(made, target)
    except (OSError, AttributeError):
        return False
    finally:
        _discard(made)
    durability.flush_directory(os.path.dirname(target))
    return True


@contextlib.contextmanager
def beside(path: str, ending: str) -> Iterator[str]:
    """Gives the path of a file next to `path`, which is removed afterwards."""
    made = path + ending
    try:
        yield made
    finally:
        _discard(made)


def move(source: str, target: str, last: Iterable[str] = ()) -> None:
    """Gives a file, which takes the place of another, or a directory a new path.

    Args:
        source: the local file or directory.
        target: its new path.
        last: the names in a directory that it is found by, which come last where not all appear at
            once. Defaults to none.
    """
    if is_url(target):
        if os.path.isdir(source):
            remote.put_tree(source, target, last)
        else:
            remote.put(source, target)
        remove(source)
        return
    if os.path.isdir(source):
        durability.flush_tree(source)
    else:
        durability.flush_file(source)
    os.replace(source, target)
    durability.flush_directory(os.path.dirname(target))


def remove(path: str) -> None:
    """Removes a file, or a directory with all that is in it. None need be there."""
    if is_url(path):
        remote.remove(path)
        return
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    _discard(path)


def delete(paths: Iterable[str]) -> None:
    """Deletes files and directories, in this order. A directory is gone at once.

    Raises:
        OSError: if one cannot be deleted. Those after it are still there.
    """
    parents = set()
    for path in paths:
        if is_url(path):
            remote.remove(path)
            continue
        parents.add(os.path.dirname(path))
        if os.path.isdir(path) and not os.path.islink(path):
            made = temporary.beside(path.rstrip("/" + os.sep), ".deleting")
            os.rename(path, made)
            shutil.rmtree(made)
        else:
            _discard(path)
    for parent in parents:
        durability.flush_directory(parent)


def remove_empty(path: str, depth: int) -> None:
    """Removes so many directories above a path as have nothing in them any more."""
    for _ in range(0 if is_url(path) else depth):
        path = os.path.dirname(path.rstrip("/" + os.sep))
        try:
            os.rmdir(path)
        except OSError:  # It has something in it, or is none of ours to remove.
            return


def link_to(source: str, target: str) -> None:
    """Makes a link at `target`, in the place of the one before it, that leads to `source`.

    It is a relative symbolic link. Where the file system has none it is another name of the file,
    or a copy.

    Raises:
        OSError: if it cannot be made.
    """
    if is_url(target) or is_url(source):
        _copy_to(source, target)
        return
    make_parent(target)
    made = temporary.beside(target, ".tmp")
    relative = os.path.relpath(
        os.path.realpath(source), os.path.realpath(os.path.dirname(target) or ".")
    )
    try:
        try:
            os.symlink(relative, made)
        except (OSError, NotImplementedError, AttributeError):
            _copy_or_link(source, made)
        if os.path.isdir(target) and not os.path.islink(target):
            remove(target)  # A copy of a directory, from where there are no links.
        os.replace(made, target)
    finally:
        with contextlib.suppress(OSError):
            remove(made)
    durability.flush_directory(os.path.dirname(target))


def _copy_to(source: str, target: str) -> None:
    """Copies what there can be no link to, or from."""
    if files.isdir(source):
        with remote.local_directory(source) as made:
            remote.replace_tree(made, target, os.listdir(made), os.listdir(made))
    elif is_url(source) and is_url(target) and _is_one_place(source, target):
        remote.copy(source, target)
    else:
        with remote.local_file(source) as made, replacing(target) as new:
            shutil.copyfile(made, new)


def _is_one_place(one: str, other: str) -> bool:
    return places.place(one).system is places.place(other).system


def _copy_or_link(source: str, made: str) -> None:
    if os.path.isdir(source):
        shutil.copytree(source, made)
        return
    try:
        os.link(source, made)
    except (OSError, AttributeError):
        shutil.copyfile(source, made)
        durability.flush_file(made)


def clear(directory: str) -> None:
    """Removes all that is in a directory."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


# Directories.


@contextlib.contextmanager
def directory_beside(path: str) -> Iterator[str]:
    """Gives the path of a new directory next to `path`, which is removed afterwards."""
    if is_url(path):
        with scratch.directory() as elsewhere:
            yield elsewhere
        return
    made = temporary.beside(path, ".tmp")
    os.mkdir(made)
    try:
        yield made
    except BaseException:
        _remove_for_good(made)
        raise
    shutil.rmtree(made, ignore_errors=True)


def _remove_for_good(directory: str) -> None:
    """Removes what a library may still write to for a moment: its threads outlive its error."""
    for _ in range(20):
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(0.1)
        if not os.path.exists(directory):
            return


@contextlib.contextmanager
def replacing_members(path: str, members: Iterable[str], last: Iterable[str] = ()) -> Iterator[str]:
    """Gives the path of a new directory that takes the place of that at `path` if all goes well.

    Args:
        path: the directory; links are followed.
        members: the names of all that the new one may have. What else was in the directory stays.
        last: the files that it is found by, as of `move`. Defaults to none.

    Raises:
        OSError: if it cannot be written.
    """
    if is_url(path):
        with scratch.directory() as elsewhere:
            yield elsewhere
            remote.replace_tree(elsewhere, path.rstrip("/"), members, last)
        return
    path = os.path.realpath(path)
    if os.path.islink(path):
        raise _error(errno.ELOOP, path)
    make_parent(path)
    recover(path)
    with directory_beside(path) as made:
        yield made
        durability.flush_tree(made)
        if not _is_new(path, made):
            _take_after(path, made)
            own = set(members)
            for name in set(os.listdir(path)) - own:
                _share(os.path.join(path, name), os.path.join(made, name))
            durability.flush_directory(made)
            old = _replace_directory(path, made)
            durability.flush_directory(os.path.dirname(path))
            # What came meanwhile, and what has no second name.
            for name in set(os.listdir(old)) - own - set(os.listdir(path)):
                os.rename(os.path.join(old, name), os.path.join(path, name))
            remove(old)
        durability.flush_directory(os.path.dirname(path))


def _is_new(path: str, made: str) -> bool:
    """Gives the directory `made` the path, unless there is one already, as another thread's may."""
    if os.path.isdir(path):
        return False
    try:
        os.rename(made, path)
    except OSError:
        if not os.path.isdir(path):
            raise
        return False
    return True


def _share(source: str, target: str) -> None:
    """Gives what is at `source` a second place: the same files, in directories of its own."""
    try:
        mode = os.lstat(source).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISDIR(mode):
        os.mkdir(target)
        for name in os.listdir(source):
            _share(os.path.join(source, name), os.path.join(target, name))
        shutil.copystat(source, target)
    elif stat.S_ISREG(mode):
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)


def _replace_directory(path: str, made: str) -> str:
    """Puts the directory `made` at `path`, and returns where that is which was there."""
    try:
        if exchange(made, path):
            return made
        aside = temporary.beside(path, temporary.ASIDE)
        os.rename(path, aside)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        # A file system is mounted there: it stays, and what is in it is replaced.
        _exchange_content(path, made)
        return made
    try:
        os.rename(made, path)
    except BaseException:
        # Also when the user interrupts the program: nothing old may be lost.
        os.rename(aside, path)
        raise
    return aside


def _exchange_content(path: str, made: str) -> None:
    """Has what is in two directories trade places, all of it or, if that fails, none."""
    moved: list[tuple[str, str]] = []
    with directory_beside(made) as aside:
        try:
            for source, target in ((path, aside), (made, path), (aside, made)):
                for name in os.listdir(source):
                    moved.append((os.path.join(source, name), os.path.join(target, name)))
                    _rename(*moved[-1])
        except BaseException:
            for source, target in reversed(moved):
                if os.path.lexists(target) and not os.path.lexists(source):
                    _rename(target, source)
            raise


def _rename(source: str, target: str) -> None:
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.move(source, target)


def recover(path: str) -> bool:
    """Brings back what was pushed aside from `path` by a process that ended before it was done.

    Returns:
        Boolean, `True` if there is nothing at `path` because a process that still runs has just
        pushed it aside.
    """
    if is_url(path) or os.path.lexists(path):
        return False
    found = temporary.aside(path)
    if any(lives for _, lives in found):
        return True
    for each, _ in found[:1]:
        with contextlib.suppress(OSError):
            os.rename(each, path)
            durability.flush_directory(os.path.dirname(path))
    return False


def remove_left_behind(directory: str) -> None:
    """Removes the temporary files and directories that dead processes have left in a directory."""
    left_behind = remote.left_behind if is_url(directory) else temporary.left_behind
    for path in left_behind(directory):
        remove(path)
