"""Names of what is not yet, or no longer, a checkpoint: they say who made it."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
import uuid

#: The longest name that file systems take, in bytes.
_LONGEST = 255
#: After how many seconds what another host made is taken to be left behind.
_A_DAY = 24 * 60 * 60

_NAME = re.compile(r"\.(.*)\.keras_ckpt-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}(\..*)?", re.DOTALL)
#: What a directory that was pushed aside is called in the end: it is brought back.
ASIDE = ".old"


def _host() -> str:
    # Not the name itself, which may be long, and have any characters.
    return hashlib.sha256(socket.gethostname().encode("utf-8", "replace")).hexdigest()[:8]


def beside(path: str, ending: str) -> str:
    """Returns a new hidden name in the directory of `path`, for this process.

    Args:
        path: the file or directory.
        ending: what the name ends in.
    """
    parent, name = os.path.split(path)
    return os.path.join(parent, _new_name(name, ending))


def beside_url(url: str, ending: str) -> str:
    """Returns the same for what a URL leads to."""
    parent, slash, name = url.rstrip("/").rpartition("/")
    return parent + slash + _new_name(name, ending)


def _new_name(name: str, ending: str) -> str:
    rest = f".keras_ckpt-{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}{ending}"
    room = _LONGEST - len(os.fsencode(rest)) - 1
    start = os.fsencode(name)[: max(room, 0)].decode("utf-8", "ignore")
    return f".{start}{rest}"


def is_one(name: str) -> bool:
    """Returns whether a file or directory of this name is temporary."""
    return _NAME.fullmatch(name) is not None


#: When this process began, or nearly: what is older, another one of its number has made.
_BEGUN = time.time()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # It belongs to another user.
    return True


def owner(name: str) -> str | None:
    """Returns the name of what a temporary file or directory is of, None if it is not temporary."""
    match = _NAME.fullmatch(name)
    return None if match is None else match.group(1)


def is_dead(name: str, changed: float) -> bool:
    """Returns whether the process that has made a temporary file or directory is no more.

    Args:
        name: String, its name.
        changed: Float, when anything in it was last changed.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    host, pid = match.group(2), int(match.group(3))
    if host != _host():
        return time.time() - changed > _A_DAY
    if pid == os.getpid():
        # In a container that is started again the numbers are the same.
        return changed < _BEGUN - 1
    return not _is_alive(pid)


def left_behind(directory: str) -> list[str]:
    """Returns the paths of what processes that have died have left in a directory.

    That is what a dead process of this host has made, and what another host has made if nothing in
    it has changed for a day. What was pushed aside is among it only if something has taken its
    place: else it is all that there is.
    """
    found = []
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return []
    for entry in entries:
        of = owner(entry.name)
        if of is None:
            continue
        if entry.name.endswith(ASIDE) and not os.path.lexists(os.path.join(directory, of)):
            continue
        try:
            changed = entry.stat(follow_symlinks=False).st_mtime
        except OSError:
            continue
        if is_dead(entry.name, changed):
            found.append(entry.path)
    return sorted(found)


def aside(path: str) -> list[tuple[str, bool]]:
    """Returns what was at `path` and has been pushed aside, the newest first.

    Returns:
        A list of tuples: where it is, and whether the process that did so is still running.
    """
    parent, name = os.path.split(path)
    start = os.path.basename(beside(path, "")).split(".keras_ckpt-")[0] + ".keras_ckpt-"
    found = []
    try:
        for entry in os.scandir(parent or "."):
            if not (entry.name.startswith(start) and entry.name.endswith(ASIDE)):
                continue
            match = _NAME.fullmatch(entry.name)
            if match is not None:
                lives = match.group(2) == _host() and _is_alive(int(match.group(3)))
                when = entry.stat(follow_symlinks=False).st_mtime_ns
                found.append((when, os.path.join(parent, entry.name), lives))
    except OSError:
        return []
    return [(each, lives) for _, each, lives in sorted(found, reverse=True)]
