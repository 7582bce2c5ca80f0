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
from types import MappingProxyType
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

from keras_ckpt.migrate.code.configuration_files import names_in
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.scopes import Call, Position
from keras_ckpt.migrate.code.source import Unreadable, load
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.sites.classes import derivation
from keras_ckpt.migrate.sites.site import Checkpoint, Site, Subclass

#: What names the class that Hydra makes of a mapping.
TARGET = "_target_"
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
_BINDING = (
    r"^(?P<scope>[\w/]+/)?(?P<module>[\w.]+\.)?(?P<name>%s)\.(?P<key>\w+)"
    r"\s*=\s*(?P<value>.*?)\s*$"
)
_LARGEST = 200000
_MOST = 200


#: An item in a line of its own, and a mapping in one line: `{filepath: a.h5, period: 5}`.
_ITEM = (
    r"^(?P<indent>[\s\-]*)(?P<scope>[\w/]+\.)?[\"']?(?P<key>%s)[\"']?\s*[:=]"
    r"\s*(?P<value>.*?)\s*,?\s*$"
)
_INLINE = r"[\"']?\b(?P<key>%s)[\"']?\s*[:=]\s*(?P<value>[^,}]+)"


class Entry(NamedTuple):
    """A value, and where it stands.

    Args:
        value: the value; a text that is a template has its placeholders.
        line, column: where, from 1.
    """

    value: object
    line: int
    column: int


class Wrapper(NamedTuple):
    """A function or class of the checked code that hands on what it is given to the callback.

    Args:
        parameters: its parameters, and which arguments of the callback they become.
        rest: whether others are handed on by their names.
        fixed: the code of the other arguments, by their names.
        file: where it is.
    """

    parameters: dict[str, str]
    rest: bool
    fixed: dict[str, str]
    file: str = ""

    def argument(self, key: str) -> str:
        """Returns the argument that a parameter becomes, `""` for none."""
        handed_on = key if self.rest and key in _KEYS and key not in self.fixed else ""
        return self.parameters.get(key, handed_on)

    def is_at(self, name: str) -> bool:
        """Returns whether a full name may lead to its file, and not to another library."""
        folders = os.path.splitext(os.path.abspath(self.file))[0].split(os.sep)
        return name.split(".")[0] in folders


class Target(NamedTuple):
    """Arguments of the callback, by name, and the code of those that the checked code adds."""

    table: dict[str, Entry]
    fixed: dict[str, str]


def wrappers(sites: Iterable[Site], old: Release) -> dict[str, Wrapper]:
    """Returns the functions and classes that hand on what they are given, by their names.

    Args:
        sites: all that was found.
        old: the release by whose signature the callback is called.
    """
    found: dict[str, Wrapper] = {}
    for site in sites:
        made: Wrapper | None = None
        if isinstance(site, Subclass):
            derived = derivation(site.node, site.at)
            if derived is not None and derived.initializer is not None:
                start = derived.initializer
                made = _wrapper(start.node, start.call, start.skip, old.parameters)
            elif derived is not None and not derived.own:
                made = Wrapper({}, True, {})
            name = getattr(site.node, "name", "")
        elif isinstance(site, Checkpoint) and site.how in ("call", "subclass"):
            around, node = site.at.scope.node, site.node
            if isinstance(around, ast.FunctionDef) and isinstance(node, ast.Call):
                made = _wrapper(around, Call(node, site.at), 0, site.parameters(old))
            name = getattr(around, "name", "")
        if made is not None and (made.parameters or made.rest) and name != "__init__":
            found[name] = made._replace(file=site.module.path)
    return found


def _wrapper(
    function: ast.FunctionDef, call: Call, skip: int, names: Sequence[str]
) -> Wrapper | None:
    arguments, at = function.args, call.at
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters = {each.arg for each in every if len(at.scope.bindings.get(each.arg, ())) == 1}
    rest = arguments.kwarg.arg if arguments.kwarg is not None else ""
    made = Wrapper({}, any(_is_rest(each, rest, at) for each in call.node.keywords), {})
    given = list(zip(names, call.node.args[skip:]))
    for keyword in call.node.keywords:
        if keyword.arg is not None:
            given.append((keyword.arg, keyword.value))
        elif not _is_rest(keyword, rest, at):
            return None
    for name, node in given:
        if isinstance(node, ast.Starred):
            return None
        if isinstance(node, ast.Name) and node.id in parameters:
            made.parameters[node.id] = name
        else:
            made.fixed[name] = ast.unparse(node) if isinstance(node, ast.Constant) else "_"
    return made


def _is_rest(keyword: ast.keyword, rest: str, at: Position) -> bool:
    """Returns whether an argument is the `**kwargs` of a function, which it does not change."""
    is_it = keyword.arg is None and getattr(keyword.value, "id", None) == rest
    return is_it and len(at.scope.bindings.get(rest, ())) == 1


def tables(text: str) -> list[dict[str, Entry]]:
    """Returns the mappings in a file that have a `filepath`."""
    return [
        each
        for each in _mappings(text, _KEYS)
        if (_is_target(each[TARGET]) if TARGET in each else "filepath" in each)
    ]


def _mappings(text: str, keys: Iterable[str]) -> list[dict[str, Entry]]:
    """Returns the mappings in a file that have one of some keys, with these."""
    either = "|".join(re.escape(each) for each in sorted(keys))
    item, inline = re.compile(_ITEM % either), re.compile(_INLINE % either)
    found: list[dict[str, Entry]] = []
    current: dict[str, Entry] = {}
    indent: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", "//")):
            continue
        if any(each in line and "{" in line.partition(each)[0] for each in ("filepath", TARGET)):
            found.append(dict(_entries(inline.finditer(line), number)))
            continue
        match = item.match(line)
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
    return [*found, current] if current else found


def targets(text: str, wrappers: Mapping[str, Wrapper], taken: bool = False) -> list[Target]:
    """Returns the mappings that name the callback of Keras themselves, as for Hydra and gin.

    Args:
        text: what is in the file.
        wrappers: what hands its arguments on to the callback in the checked code.
        taken: whether gin is given the callback of keras_ckpt instead.
    """
    named = [Target(each, {}) for each in tables(text) if TARGET in each]
    bound = [Target(each, {}) for each in _of_class(text)] if not taken else []
    return [*named, *bound, *_made_by_hydra(text, wrappers), *_wrapped(text, wrappers)]


def _made_by_hydra(text: str, wrappers: Mapping[str, Wrapper]) -> Iterator[Target]:
    """Returns the mappings of which Hydra makes what wrappers make."""
    if TARGET not in text or not wrappers:
        return
    parameters = {name for each in wrappers.values() for name in each.parameters}
    for table in _mappings(text, {*_KEYS, *parameters}):
        name = str(table[TARGET].value) if TARGET in table else ""
        made = wrappers.get(name.rpartition(".")[2])
        if made is None or not made.is_at(name) or _OF_KERAS.fullmatch(name):
            continue
        given = {made.argument(key): entry for key, entry in table.items() if key != TARGET}
        given.pop("", None)
        # A table of its own, so that the class is named where a parameter is not given.
        found = given or {TARGET: table[TARGET]}
        yield Target(found, _unbound(made, found))


def _unbound(made: Wrapper, table: Mapping[str, Entry]) -> dict[str, str]:
    """Returns the code of the arguments that are not bound, and of those that cannot be."""
    unbound = {each: "_" for each in made.parameters.values() if each not in table}
    return {**unbound, **made.fixed}


def _wrapped(text: str, wrappers: Mapping[str, Wrapper]) -> Iterator[Target]:
    """Returns what gin binds of wrappers."""
    bound: dict[tuple[str, str], dict[str, Entry]] = {}
    for match in _bindings(text, wrappers):
        name = wrappers[match["name"]].argument(match["key"])
        if name:
            key = match["scope"] or "", match["name"]
            bound.setdefault(key, {})[name] = _entry(match, text)
    for (_, name), table in bound.items():
        yield Target(table, _unbound(wrappers[name], table))


def _bindings(text: str, names: Iterable[str]) -> Iterator[re.Match[str]]:
    either = "|".join(re.escape(each) for each in sorted(names))
    return re.finditer(_BINDING % either, text, re.MULTILINE) if either else iter(())


def _entry(match: re.Match[str], text: str) -> Entry:
    number = text.count("\n", 0, match.start()) + 1
    column = match.start("value") - text.rfind("\n", 0, match.start())
    return Entry(_value(match["value"]), number, column)


def _of_class(text: str) -> list[dict[str, Entry]]:
    """Returns what gin binds of the callback of Keras."""
    bound: dict[str, dict[str, Entry]] = {}
    of_keras = set()
    for match in _bindings(text, ["ModelCheckpoint"]):
        full = f"{match['module'] or 'keras.callbacks.'}ModelCheckpoint"
        if _OF_KERAS.fullmatch(full) and match["key"] in _KEYS:
            scope = match["scope"] or ""
            bound.setdefault(scope, {})[match["key"]] = _entry(match, text)
            if match["module"]:
                of_keras.add(scope)
    # Other libraries have a class of the name, too.
    return [each for scope, each in bound.items() if "filepath" in each or scope in of_keras]


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


def everywhere(project: Project, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Returns the configuration files in the folders of checked files that have one of some names.

    Args:
        project: the files.
        names: the names, beside that of the callback.
    """
    words = [each.encode() for each in ("ModelCheckpoint", *names)]
    folders = {os.path.dirname(os.path.abspath(each)) for each in project.files}
    seen: set[str] = set()
    for folder in sorted(folders):
        for name in sorted(names_in(folder)):
            full = os.path.join(folder, name)
            if full in seen:
                continue
            seen.add(full)
            with contextlib.suppress(OSError, Unreadable):
                if os.path.getsize(full) <= _LARGEST:
                    content = load(full)
                    if any(each in content for each in words):
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
        for name in sorted(names_in(folder)):
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


def as_code(table: Mapping[str, Entry], fixed: Mapping[str, str] = MappingProxyType({})) -> str:
    """Returns the call of `ModelCheckpoint` that a mapping stands for, as a module of its own.

    Args:
        table: the mapping.
        fixed: the code of other arguments.
    """
    given = {key: _as_code(entry.value) for key, entry in table.items() if key != TARGET}
    # Where it is not here, the code has it.
    every = {"filepath": "_", **fixed, **given}
    arguments = ", ".join(f"{key}={code}" for key, code in every.items())
    return f"from keras.callbacks import ModelCheckpoint\nModelCheckpoint({arguments})\n"


def _as_code(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    # What a template has filled in is not known.
    parts = re.split(r"\{\{.*?\}\}|\$\{.*?\}", value)
    return " + _ + ".join(repr(part) for part in parts)
