"""Arguments of a `ModelCheckpoint` in files beside the code: YAML, JSON, TOML, gin, templates.

`tables(text)` finds the mappings that have a `filepath`, with the line of each value. Files are
read line by line, not parsed: a template is no YAML before it is filled in, and an error has to be
reported where the value stands.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
from typing import Iterable, Iterator, NamedTuple

from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.source import Unreadable, load

#: What names the class that Hydra makes of a mapping.
TARGET = "_target_"
ENDINGS = (".gin", ".j2", ".json", ".toml", ".yaml", ".yml")
#: The keys that are arguments of the callback.
_KEYS = (
    *("filepath", "monitor", "verbose", "save_best_only", "save_weights_only", "mode", "period"),
    *("save_freq", "options", "load_weights_on_restart", "initial_value_threshold", TARGET),
)
#: Keras's class, as Hydra and gin are given it.
_OF_KERAS = re.compile(
    r"(tf|tensorflow|keras|tf_keras)\.([\w.]+\.)?callbacks\.([\w.]+\.)?ModelCheckpoint"
)
#: `ModelCheckpoint.filepath = "a.h5"` of gin, with the scope and the module that it may have.
_BINDING = re.compile(
    r"^(?P<scope>[\w/]+/)?(?P<module>[\w.]+\.)?ModelCheckpoint\.(?P<key>"
    + "|".join(_KEYS)
    + r")\s*=\s*(?P<value>.*?)\s*$",
    re.MULTILINE,
)
_ITEM = re.compile(
    r"^(?P<indent>[\s\-]*)(?P<scope>[\w/]+\.)?[\"']?(?P<key>" + "|".join(_KEYS) + r")[\"']?"
    r"\s*[:=]\s*(?P<value>.*?)\s*,?\s*$"
)
#: A mapping in one line: `{filepath: a.h5, period: 5}`.
_INLINE = re.compile(r"[\"']?\b(?P<key>" + "|".join(_KEYS) + r")[\"']?\s*[:=]\s*(?P<value>[^,}]+)")
_OF_CONFIGURATIONS = re.compile(r"(conf|config|param|setting|experiment)")
_LARGEST = 200000
_MOST = 200


class Entry(NamedTuple):
    """A value, and where it stands.

    Args:
        value: the value; a text that is a template has its placeholders.
        line, column: where, from 1.
    """

    value: object
    line: int
    column: int


def tables(text: str) -> list[dict[str, Entry]]:
    """Returns the mappings in a file that have a `filepath`."""
    found: list[dict[str, Entry]] = []
    current: dict[str, Entry] = {}
    indent: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", "//")):
            continue
        if "filepath" in line and "{" in line.partition("filepath")[0]:
            found.append(dict(_entries(_INLINE.finditer(line), number)))
            continue
        match = _ITEM.match(line)
        width = len(line) - len(line.lstrip(" -"))
        begins = line.lstrip().startswith("- ") or line.lstrip().startswith(("[", "{", "}"))
        ends = indent is not None and (width < indent or begins)
        if ends or (match is not None and indent is None):
            if current:
                found.append(current)
            current, indent = {}, None
        if match is not None and (indent is None or width == indent):
            indent = width
            current.update(_entries([match], number))
    found.append(current)
    return [
        each
        for each in found
        if (_is_target(each[TARGET]) if TARGET in each else "filepath" in each)
    ]


def targets(text: str) -> list[dict[str, Entry]]:
    """Returns the mappings that name the callback of Keras themselves, as for Hydra and gin."""
    named = [each for each in tables(text) if TARGET in each]
    bound: dict[str, dict[str, Entry]] = {}
    of_keras = set()
    for match in _BINDING.finditer(text):
        full = f"{match['module'] or 'keras.callbacks.'}ModelCheckpoint"
        if _OF_KERAS.fullmatch(full):
            number = text.count("\n", 0, match.start()) + 1
            column = match.start("value") - text.rfind("\n", 0, match.start())
            entry = Entry(_value(match["value"]), number, column)
            scope = match["scope"] or ""
            bound.setdefault(scope, {})[match["key"]] = entry
            if match["module"]:
                of_keras.add(scope)
    # Other libraries have a class of the name, too.
    found = [each for scope, each in bound.items() if "filepath" in each or scope in of_keras]
    return named + found


def _is_target(entry: Entry) -> bool:
    return _OF_KERAS.fullmatch(str(entry.value)) is not None


def _entries(matches: Iterable[re.Match[str]], number: int) -> Iterator[tuple[str, Entry]]:
    for match in matches:
        column = match.start("value") + 1
        yield match["key"], Entry(_value(match["value"]), number, column)


def _value(text: str) -> object:
    """Returns the value that a text means: in YAML, JSON, TOML and gin."""
    text = re.sub(r"\s+#.*$", "", text).strip().rstrip(",")
    if text[:1] in ("'", '"'):
        try:
            found: object = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text.strip("'\"")
        return found
    words = {"true": True, "yes": True, "false": False, "no": False, "null": None, "none": None}
    if text.lower() in ("", "~", *words):
        return words.get(text.lower())
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def everywhere(project: Project) -> Iterator[tuple[str, str]]:
    """Returns the configuration files in the folders of checked files that name the callback."""
    folders = {os.path.dirname(os.path.abspath(each)) for each in project.files}
    seen: set[str] = set()
    for folder in sorted(folders):
        for name in sorted(_names(folder)):
            full = os.path.join(folder, name)
            if full in seen:
                continue
            seen.add(full)
            with contextlib.suppress(OSError, Unreadable):
                if os.path.getsize(full) <= _LARGEST:
                    content = load(full)
                    if b"ModelCheckpoint" in content:
                        yield os.path.relpath(full), content.decode("utf-8", "replace")


def beside(project: Project, path: str) -> Iterator[tuple[str, str]]:
    """Returns the configuration files beside a module, with what is in them.

    Those in its folder and in folders named `conf`, `config`, `configs` or `params` count, and in
    all folders above up to that which holds all checked files.
    """
    top = os.path.commonpath([os.path.dirname(os.path.abspath(each)) for each in project.files])
    folder = os.path.dirname(os.path.abspath(path))
    seen = 0
    while True:
        for name in sorted(_names(folder)):
            full = os.path.join(folder, name)
            if seen >= _MOST:
                return
            seen += 1
            try:
                if os.path.getsize(full) <= _LARGEST:
                    content = load(full)
                    if b"filepath" in content:
                        yield os.path.relpath(full), content.decode("utf-8", "replace")
            except (OSError, Unreadable):
                continue
        if folder == top or os.path.dirname(folder) == folder or not folder.startswith(top):
            return
        folder = os.path.dirname(folder)


def _names(folder: str) -> Iterator[str]:
    """Returns the configuration files in a folder, and in the folders of configurations in it."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    # A link that leads to itself is neither a file nor a folder.
    for each in entries:
        full = os.path.join(folder, each)
        if each.endswith(ENDINGS) and os.path.isfile(full):
            yield each
        elif _OF_CONFIGURATIONS.match(each) and os.path.isdir(full):
            for directory, _, names in os.walk(full):
                for name in names:
                    path = os.path.join(directory, name)
                    if name.endswith(ENDINGS) and os.path.isfile(path):
                        yield os.path.relpath(path, folder)


def as_code(table: dict[str, Entry]) -> str:
    """Returns the call of `ModelCheckpoint` that a mapping stands for, as a module of its own."""
    given = [f"{key}={_as_code(entry.value)}" for key, entry in table.items() if key != TARGET]
    # Where it is not here, the code has it.
    arguments = ", ".join([*given, *(() if "filepath" in table else ("filepath=_",))])
    return f"from keras.callbacks import ModelCheckpoint\nModelCheckpoint({arguments})\n"


def _as_code(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    # What a template has filled in is not known.
    parts = re.split(r"\{\{.*?\}\}|\$\{.*?\}", value)
    return " + _ + ".join(repr(part) for part in parts)
