"""The files to check below some paths."""

from __future__ import annotations

import fnmatch
import os
from typing import Iterable, Iterator

ENDINGS = (".py", ".pyw", ".ipynb")
#: Directories that are never entered, unless they are named.
SKIPPED = (
    "__pycache__",
    "__pypackages__",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)


class PathNotFound(Exception):
    """A path that does not exist."""


def find(paths: Iterable[str], exclude: Iterable[str] = ()) -> list[str]:
    """Returns the Python files and notebooks at and below some paths, each once, in order.

    Hidden directories, virtual environments and directories of installed packages are left out. A
    file that is named itself is left out if it is no Python: by its ending, or, without one, by its
    first line.

    Args:
        paths: files and directories.
        exclude: patterns of paths, or of a part of them, as of a shell: `tests`, `*_old.py`,
            `legacy/*.py`.

    Raises:
        PathNotFound: if one of the paths does not exist.
    """
    patterns = [pattern.rstrip("/") for pattern in exclude]
    found: dict[str, None] = {}
    for path in paths:
        if os.path.isdir(path):
            for each in _below(path, patterns):
                found.setdefault(each)
        elif os.path.lexists(path):
            if _is_python(path) and not _is_excluded(path, patterns):
                found.setdefault(path)
        else:
            raise PathNotFound(f"There is no file or directory {path}.")
    return list(found)


def _is_python(path: str) -> bool:
    if path.endswith(ENDINGS) or not os.path.isfile(path):
        return True
    try:
        with open(path, "rb") as file:
            first = file.readline(200)
    except OSError:
        return True  # The error is reported when the file is read.
    return first.startswith(b"#!") and b"python" in first


def _below(top: str, patterns: list[str]) -> Iterator[str]:
    # Links to directories are not followed: they may form a circle.
    for directory, directories, files in os.walk(top):
        directories[:] = sorted(
            each
            for each in directories
            if not each.startswith(".")
            and each not in SKIPPED
            and not each.endswith(".egg-info")
            and not os.path.exists(os.path.join(directory, each, "pyvenv.cfg"))
            and not _is_excluded(os.path.join(directory, each), patterns)
        )
        for name in sorted(files):
            path = os.path.normpath(os.path.join(directory, name))
            if name.endswith(ENDINGS) and not _is_excluded(path, patterns):
                # Reading something else, such as a pipe, might never end.
                if os.path.isfile(path) or os.path.islink(path):
                    yield path


def _is_excluded(path: str, patterns: list[str]) -> bool:
    parts = os.path.normpath(path).replace(os.sep, "/").split("/")
    whole = "/".join(parts)
    for pattern in patterns:
        if fnmatch.fnmatch(whole, pattern) or fnmatch.fnmatch(whole, "*/" + pattern):
            return True
        if "/" not in pattern and any(fnmatch.fnmatch(part, pattern) for part in parts):
            return True
    return False
