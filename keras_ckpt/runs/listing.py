"""The checkpoints that a template has left, in order: pure functions over their records."""

from __future__ import annotations

import functools
import os
import re
import string
from typing import Iterable, NamedTuple, Pattern

from keras_ckpt.runs.record import Record, name_of


class Entry(NamedTuple):
    """A checkpoint that says what it is of.

    Attributes:
        path: String, where it is.
        record: `Record`, what it says of itself.
    """

    path: str
    record: Record


def tail(template: str) -> str:
    """Returns a template from its first part that has a placeholder on, or its last part.

    What comes before is where the directory is, which may be moved, copied, or named otherwise.
    """
    parts = template.replace("\\", "/").rstrip("/").split("/")
    first = next((i for i, part in enumerate(parts) if has_placeholders(part)), len(parts) - 1)
    return "/".join(parts[first:])


def _parsed(template: str) -> list[tuple[str, str | None]]:
    """Returns the texts in a template, each with the placeholder after it, if there is one."""
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:  # Half of one: a `/` in its format, or the record of anyone.
        return [("", template)]
    return [(literal, name) for literal, name, _, _ in fields]


def has_placeholders(template: str) -> bool:
    """Returns whether a path is filled in. Doubled braces are braces of its name."""
    return any(name is not None for _, name in _parsed(template))


def literal(template: str) -> str:
    """Returns the path that a template without placeholders is."""
    return (
        template if has_placeholders(template) else "".join(text for text, _ in _parsed(template))
    )


def is_of(template: str, path: str, record: Record) -> bool:
    """Returns whether a checkpoint was saved from a template, where it is now.

    A copy under another name was not: its record has the name of what it is a copy of.
    """
    return record.name == name_of(path) and tail(record.template) == tail(template)


def progress(record: Record) -> tuple[int, bool, int, int]:
    """Returns how far the training was, to be compared within a run.

    An epoch that was cut begins again: a later life has trained more at an earlier batch of it.
    """
    return record.epoch, record.batch is not None, record.restarts, record.batch or 0


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Returns checkpoints by their runs, and each run by its progress: the newest comes last.

    The clock may have gone back within a run, whose progress is known.
    """
    entries = list(entries)
    latest: dict[str, str] = {}
    for _, record in entries:
        latest[record.run] = max(latest.get(record.run, ""), record.time)
    return sorted(
        entries,
        key=lambda entry: (
            latest[entry.record.run],
            entry.record.run,
            progress(entry.record),
            entry.record.time,
        ),
    )


#: What placeholders become: a number in most formats, or the rest of a name.
_COUNT = r" *[-+]?\d[\d.,e+]*"
_ANYTHING = r"[^/\\]+?"


def regex_of(name: str, spec: str | None, conversion: str | None) -> str:
    """Returns what a placeholder of a template becomes in a path, as a regular expression."""
    return _COUNT if is_decimal(name, spec or "", conversion) else _ANYTHING


@functools.lru_cache(maxsize=64)
def is_decimal(name: str, spec: str, conversion: str | None) -> bool:
    """Returns whether a placeholder is that of a count, in a format that has its digits alone.

    Others are filled with characters or hexadecimal: `{epoch:*>4}`, `{epoch:<4d}`, `{epoch:04x}`.
    """
    if name not in ("epoch", "batch"):
        return False
    formatter = string.Formatter()
    try:
        texts = [
            formatter.format_field(formatter.convert_field(number, conversion), spec)
            for number in (1, 10, 123456)
        ]
    except (TypeError, ValueError):  # What no save can fill in.
        return True
    return all(re.fullmatch(_COUNT, text) for text in texts)


def values_in(template: str, path: str) -> dict[str, str]:
    """Returns what stands for each placeholder in the name of a file, nothing if it does not fit.

    Args:
        template: String, the `filepath` of a callback.
        path: String, a file.
    """
    depth, pattern, groups = _pattern(template)
    name = "/".join(path.replace("\\", "/").rstrip("/").split("/")[-depth:])
    match = pattern.fullmatch(name)
    return {} if match is None else dict(zip(groups, match.groups()))


@functools.lru_cache(maxsize=16)
def _pattern(template: str) -> tuple[int, Pattern[str], list[str]]:
    regex, groups = "", []
    for literal, placeholder, spec, conversion in string.Formatter().parse(tail(template)):
        regex += re.escape(literal)
        if placeholder is not None:
            regex += f"({_ANYTHING if spec is None else regex_of(placeholder, spec, conversion)})"
            groups.append(placeholder)
    return len(tail(template).split("/")), re.compile(regex), groups


def beside(template: str, what: str) -> str:
    """Returns the path of a checkpoint that a template cannot name: `w.exception.keras`.

    Args:
        template: String, such as `"w.{epoch:02d}-{val_loss:.2f}.keras"`.
        what: String, what it is called in place of the placeholders.
    """
    directory, name = os.path.split(template)
    while has_placeholders(directory):
        directory = os.path.dirname(directory)
    if has_placeholders(name):
        parsed = _parsed(name)
        filled = [i for i, (_, placeholder) in enumerate(parsed) if placeholder is not None]
        start = "".join(text for text, _ in parsed[: filled[0] + 1])
        end = "".join(text for text, _ in parsed[filled[-1] + 1 :])
        if not end.startswith("."):
            end = _split_ending(end)[1]
    else:
        start, end = _split_ending(literal(name))
    start = start.rstrip("-_. ")
    return os.path.join(literal(directory), (start + "." if start else "") + what + end)


def _split_ending(name: str) -> tuple[str, str]:
    for ending in (".weights.h5", ".weights.json"):
        if name.endswith(ending):
            return name[: -len(ending)], ending
    return os.path.splitext(name)
