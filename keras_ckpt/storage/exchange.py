"""Two paths that trade places at once, where the system can do that."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import sys
from typing import Callable

_HERE = -100  # AT_FDCWD: relative paths are those of the process.
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
#: The number of the system call, for C libraries that have no function for it.
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "ppc64le": 357, "s390x": 347, "riscv64": 276}

#: What is said where the system, or the file system, has no such call.
_MISSING = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)


@functools.lru_cache(maxsize=None)
def _function() -> Callable[[bytes, bytes], int] | None:
    try:
        library = ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):
        return None
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return lambda one, other: library.renamex_np(one, other, _RENAME_SWAP)
    if not sys.platform.startswith("linux"):
        return None
    if hasattr(library, "renameat2"):
        return lambda one, other: library.renameat2(_HERE, one, _HERE, other, _RENAME_EXCHANGE)
    number = _RENAMEAT2.get(platform.machine())
    if number is None:
        return None
    return lambda one, other: library.syscall(
        ctypes.c_long(number), _HERE, one, _HERE, other, _RENAME_EXCHANGE
    )


def exchange(one: str, other: str) -> bool:
    """Has two paths trade places at once.

    Args:
        one: path of a file or directory.
        other: path of another one, on the same file system.

    Returns:
        Boolean, `False` if the system cannot do so. Nothing has changed then.

    Raises:
        OSError: if it can and that fails, e.g. with errno.EBUSY where a file system is mounted.
    """
    function = _function()
    if function is None:
        return False
    ctypes.set_errno(0)
    if function(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _MISSING:
        return False
    raise OSError(number, os.strerror(number), one, None, other)
