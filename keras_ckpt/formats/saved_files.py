"""The checkpoints that the template of a callback has left."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import string

from keras_ckpt.runs import listing
from keras_ckpt.storage import files, places

#: The file in which TensorFlow keeps the name of the newest checkpoint, and the parts of one.
_TENSORFLOW_STATE = "checkpoint"
_TENSORFLOW_PART = re.compile(r"\.(index|data-\d{5}-of-\d{5}|keras_ckpt\.json)$")


def saved(template: str) -> list[str]:
    """Returns the paths that were saved from a template, the newest last.

    Placeholders in the names of directories count, too. A TensorFlow checkpoint is found by its
    prefix. Of checkpoints modified at the same time, the later one has the higher numbers.
    """
    if not places.is_url(template):
        template = re.sub("(?<!^)/+", "/", template)
    pattern, regex = "", ""
    for literal, name, spec, conversion in string.Formatter().parse(template):
        pattern += glob.escape(literal)
        regex += re.escape(literal)
        if name is not None:
            pattern += "*"
            regex += listing.regex_of(name, spec, conversion)
    if places.is_url(template):
        there = _in_place(template)
    else:
        there = {path: None for each in ("", ".index") for path in glob.glob(pattern + each)}
    parts = {path: path for path in there if not _TENSORFLOW_PART.search(path)}
    for path in there:
        if path.endswith(".index"):
            parts[path[: -len(".index")]] = path
    times = {}
    for path, part in parts.items():
        # Other processes may remove it meanwhile, and links may lead nowhere.
        with contextlib.suppress(OSError):
            if re.fullmatch(regex, path):
                when = there[part]
                times[path] = os.path.getmtime(part) if when is None else when
    if os.path.basename(template) != _TENSORFLOW_STATE:
        times = {p: t for p, t in times.items() if os.path.basename(p) != _TENSORFLOW_STATE}
    return sorted(times, key=lambda path: (times[path], _numbers(path), path))


def _in_place(template: str) -> dict[str, float | None]:
    """Returns what there is of so many parts of a path as a template that is a URL, and its times.

    One listing has it all. In a directory it is the file that was changed last that counts.
    """
    fixed = template.split("{", 1)[0] if "{" in template else template
    directory, depth = files.dirname(fixed), template.count("/")
    found: dict[str, float | None] = {}
    for path, said in files.below(directory).items():
        parts = path.split("/")
        if len(parts) <= depth or any(
            part.startswith(".") for part in parts[directory.count("/") :]
        ):
            continue
        name = "/".join(parts[: depth + 1])
        found[name] = max(found.get(name) or 0.0, files.modified(said))
    return found


def _numbers(path: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", path)]
