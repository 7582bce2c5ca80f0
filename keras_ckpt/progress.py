"""A bar for work that takes more than a second, on a terminal."""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys
import threading
import time
from typing import Any, Callable, Iterator

# Whether the user wants to see it. A callback does not: it saves in the middle of Keras's own bar.
_shown: contextvars.ContextVar[bool] = contextvars.ContextVar("shown", default=False)

_SECONDS = 1.0
_EVERY = 0.1


@contextlib.contextmanager
def shown(verbose: Any) -> Iterator[None]:
    """Shows bars for the long work within, unless `verbose` is 0."""
    token = _shown.set(bool(verbose))
    try:
        yield
    finally:
        _shown.reset(token)


def _size(path: str) -> int:
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(path)
        for name in names
    )


@contextlib.contextmanager
def watching(path: str, total: int, doing: str) -> Iterator[None]:
    """Shows how a file grows that is written within, by Keras or whatever else.

    Args:
        path: the file, which need not be there yet, or the directory of several.
        total: bytes that it will have, as far as is known.
        doing: what is being done, e.g. `"Saving"`.
    """
    if not _shown.get():
        yield
        return
    done = threading.Event()

    def watch(advance: Callable[[int], None]) -> None:
        seen = 0
        while not done.wait(_EVERY):
            with contextlib.suppress(OSError):
                size = _size(path)
                advance(size - seen)
                seen = size

    with bar(total, doing) as advance:
        thread = threading.Thread(target=watch, args=(advance,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@contextlib.contextmanager
def bar(total: int, doing: str, unit: str = "bytes") -> Iterator[Callable[[int], None]]:
    """Gives a function to call with how much was done since the last call.

    The bar appears after a second, if bars are shown, the standard error is a terminal, and the
    package rich is there to draw it.

    Args:
        total: what there is to do.
        doing: what is being done, e.g. `"Saving"`.
        unit: what is counted, e.g. `"files"`. Bytes are shown with their rate. Defaults to
            `"bytes"`.
    """
    made = _made(unit) if _shown.get() else None
    if made is None:
        yield lambda count: None
        return
    task = made.add_task(doing, total=total)
    begun = time.monotonic()
    left = [total]

    def advance(count: int) -> None:
        left[0] -= count
        if left[0] > 0 and not made.live.is_started and time.monotonic() - begun > _SECONDS:
            made.start()
        made.advance(task, count)
        if left[0] <= 0 and made.live.is_started:
            made.stop()  # What comes next may print, or ask.

    try:
        yield advance
    finally:
        if made.live.is_started:
            made.stop()


def _made(unit: str) -> Any:
    """Returns a bar that has not appeared yet, or None where there is nothing to draw it on."""
    # Rich takes a pipe for a terminal if the environment says so, and draws line by line there.
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from rich import console, progress
    except ImportError:
        return None
    target = console.Console(stderr=True)
    if not target.is_interactive:
        return None
    if unit == "bytes":
        counted = [progress.DownloadColumn(binary_units=True), progress.TransferSpeedColumn()]
    else:
        counted = [progress.MofNCompleteColumn(), progress.TextColumn(unit)]
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        *counted,
        console=target,
        transient=True,
    )
