"""What functions and methods return: of the standard library, and of the checked code."""

from __future__ import annotations

import ast
import re
from typing import Callable

from keras_ckpt.migrate.code.names import Meaning, meaning
from keras_ckpt.migrate.code.scopes import Position
from keras_ckpt.migrate.code.values.containers import dict_call
from keras_ckpt.migrate.code.values.strings import formatted
from keras_ckpt.migrate.code.values.types import (
    PLAIN,
    UNKNOWN,
    Element,
    Mapping,
    Number,
    Plain,
    Sequence,
    Str,
    Unknown,
    Value,
    handles,
    integer,
    joined,
    of_parts,
    text,
    value,
)

_PATHS = ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath")
#: Functions and methods whose result ends as their only argument, or their object, does.
SAME = (
    *_PATHS,
    "str",
    "os.fspath",
    "os.path.abspath",
    "os.path.expanduser",
    "os.path.expandvars",
    "os.path.normpath",
    "os.path.realpath",
)
SAME_METHODS = ("absolute", "as_posix", "expanduser", "resolve")
#: Functions whose result ends as their first argument does.
_BEGUN = ("os.path.basename", "os.path.relpath")
_JOINED = ("os.path.join", "posixpath.join", "tensorflow.io.gfile.join", *_PATHS)
#: Functions and methods that return a number.
_NUMBERS = (
    *("abs", "float", "hash", "id", "int", "len", "max", "min", "round", "sum"),
    *("math.ceil", "math.floor", "math.log10", "numpy.ceil", "numpy.floor", "numpy.random.randint"),
    *("os.getpid", "random.randint", "random.random", "random.randrange", "random.getrandbits"),
    *("time.time", "time.time_ns", "time.monotonic", "time.perf_counter"),
)
_NUMBER_METHODS = ("timestamp", "toordinal")
#: What has no ending: directories, times, random names.
_PLAIN = (
    *("datetime.date.today", "datetime.datetime.now", "datetime.datetime.today"),
    *("datetime.datetime.utcnow", "time.asctime", "time.ctime", "time.strftime", "time.localtime"),
    *("os.getcwd", "os.getlogin", "os.path.dirname", "os.uname", "getpass.getuser"),
    *("pathlib.Path.cwd", "pathlib.Path.home", "platform.node", "socket.gethostname"),
    *("tempfile.gettempdir", "uuid.uuid1", "uuid.uuid4", "secrets.token_hex"),
)
#: Methods that return a new directory, or a time as text: of tests, py.path and datetime.
_PLAIN_METHODS = (
    *("get_temp_dir", "create_tempdir", "isoformat", "ctime", "mkdir"),
    *("getbasetemp", "make_temp_dir", "get_temp_directory"),
)
#: Functions that make a temporary file or directory, with the place of `suffix`.
_TEMPORARY = {
    "mkdtemp": 0,
    "mkstemp": 0,
    "mktemp": 0,
    "TemporaryDirectory": 0,
    "NamedTemporaryFile": 4,
}
#: The methods of strings that are computed if all is known.
_COMPUTED: dict[str, Callable[..., str]] = {
    "lower": str.lower,
    "lstrip": str.lstrip,
    "replace": str.replace,
    "rstrip": str.rstrip,
    "strip": str.strip,
    "upper": str.upper,
}
_DIRECTIVE = re.compile(r"%[-#]?[a-zA-Z]")
_DEEP = 8


@handles(ast.Call)
def _call(node: ast.Call, at: Position, depth: int) -> Value:
    function = node.func
    if isinstance(function, ast.Attribute):
        method = _method(function, node, at, depth)
        if not isinstance(method, Unknown):
            return method
    means = meaning(function, at)
    found = _function(means.name, node, at, depth)
    if isinstance(found, Unknown):
        of_code = returned(function, means, at)
        if of_code and depth <= _DEEP:
            return joined([value(each, there, depth) for each, there in of_code])
    return found


def _function(name: str, node: ast.Call, at: Position, depth: int) -> Value:
    if name == "dict":
        return dict_call(node, at, depth)
    if name in ("list", "tuple", "sorted") and len(node.args) == 1:
        return value(node.args[0], at, depth)
    if name in _JOINED and (len(node.args) > 1 or name not in SAME):
        return path(list(node.args), at, depth)
    if name in SAME and len(node.args) == 1 and not node.keywords:
        return Str(text(node.args[0], at, depth))
    if name in _BEGUN and node.args:
        return Str((None, *_last(text(node.args[0], at, depth))))
    if name in _NUMBERS:
        return Number()
    module, _, last = name.rpartition(".")
    if module == "tempfile" and last in _TEMPORARY:
        return _temporary(node, _TEMPORARY[last], at, depth)
    if name == "time.strftime" and node.args:
        return _time(node.args[0], at, depth)
    return Str((PLAIN,)) if name in _PLAIN else UNKNOWN


def _temporary(node: ast.Call, place: int, at: Position, depth: int) -> Value:
    """Returns the name of a temporary file or directory."""
    suffix: ast.expr | None = node.args[place] if len(node.args) > place else None
    for keyword in node.keywords:
        suffix = keyword.value if keyword.arg == "suffix" else suffix
    if suffix is None or getattr(suffix, "value", "") is None:
        return Str((PLAIN,))
    return of_parts([PLAIN, *text(suffix, at, depth)])


def _time(template: ast.expr, at: Position, depth: int) -> Value:
    """Returns what `strftime` makes of a template."""
    found = value(template, at, depth)
    if not isinstance(found, Str) or found.known is None:
        return Str((None,))
    pieces = _DIRECTIVE.split(found.known)
    parts: list[str | None] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [PLAIN, piece] if piece else [PLAIN]
    return of_parts(parts)


def _last(parts: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Returns the last component of a path."""
    for number in range(len(parts) - 1, -1, -1):
        part = parts[number]
        if part is not None and not isinstance(part, Plain) and "/" in part:
            return (part.rpartition("/")[2], *parts[number + 1 :])
    return parts


def path(arguments: list[ast.expr], at: Position, depth: int) -> Value:
    """Returns the path that arguments are joined to."""
    parts: list[str | None] = []
    for each in arguments:
        if isinstance(each, ast.Starred):
            parts.append(None)
            continue
        found = text(each, at, depth)
        if found[:1] and (found[0] or "").startswith("/"):
            parts = []
        if parts and not (parts[-1] or "").endswith("/"):
            parts.append("/")
        parts += found
    return of_parts(parts)


def _method(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    name = function.attr
    if name in _OF_OBJECTS:
        return _OF_OBJECTS[name](function, node, at, depth)
    if name in SAME_METHODS:
        found = value(function.value, at, depth)
        return found if isinstance(found, Str) else UNKNOWN
    if name in _COMPUTED:
        return _computed(function, node, at, depth)
    if name in _NUMBER_METHODS:
        return Number()
    return Str((PLAIN,)) if name in _PLAIN_METHODS else UNKNOWN


def _format(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    template = value(function.value, at, depth)
    return formatted(template, node, at, depth) if isinstance(template, Str) else UNKNOWN


def _copy(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    return value(function.value, at, depth)


def _joinpath(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    return path([function.value, *node.args], at, depth)


def _join(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    separator = value(function.value, at, depth)
    row = value(node.args[0], at, depth) if len(node.args) == 1 else UNKNOWN
    if not isinstance(separator, Str):
        return UNKNOWN
    if isinstance(row, Sequence):
        parts: list[str | None] = [] if row.complete else [None]
        for number, item in enumerate(row.items):
            parts += (*(separator.parts if number else ()), *text(item.node, item.at, depth))
        return of_parts(parts)
    # `tmpdir.join("x")` of pytest.
    is_path = separator.known is None and isinstance(row, Str)
    return path([function.value, *node.args], at, depth) if is_path else Str((None,))


def _with_suffix(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    if len(node.args) != 1:
        return UNKNOWN
    parts = text(node.args[0], at, depth)
    return of_parts([None, *(parts if parts != ("",) else (PLAIN,))])


def _strftime(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    return _time(node.args[0], at, depth) if node.args else UNKNOWN


def _get(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    table = value(function.value, at, depth)
    key = value(node.args[0], at, depth) if node.args else UNKNOWN
    if not isinstance(table, Mapping) or not isinstance(key, Str) or key.known is None:
        return UNKNOWN
    if key.known in table.items:
        return _element(table.items[key.known], depth)
    return value(node.args[1], at, depth) if table.complete and len(node.args) > 1 else UNKNOWN


def _mktemp(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    # Of `tmp_path_factory`; that of `tempfile` is a function.
    return UNKNOWN if meaning(function, at).name.startswith("tempfile.") else Str((PLAIN,))


_OF_OBJECTS: dict[str, Callable[..., Value]] = {
    "copy": _copy,
    "format": _format,
    "get": _get,
    "join": _join,
    "joinpath": _joinpath,
    "mktemp": _mktemp,
    "strftime": _strftime,
    "with_name": _with_suffix,
    "with_suffix": _with_suffix,
}


def _computed(function: ast.Attribute, node: ast.Call, at: Position, depth: int) -> Value:
    found = value(function.value, at, depth)
    if not isinstance(found, Str):
        return UNKNOWN
    given = [value(each, at, depth) for each in node.args]
    known = [each.known for each in given if isinstance(each, Str) and each.known is not None]
    if found.known is not None and len(known) == len(given):
        try:
            return Str((_COMPUTED[function.attr](found.known, *known),))
        except TypeError:
            return UNKNOWN
    plain = bool(found.parts) and isinstance(found.parts[-1], Plain)
    return found if plain and not any("." in each for each in known) else Str((None,))


def _element(element: Element, depth: int) -> Value:
    return value(element.node, element.at, depth) if element.sure else UNKNOWN


@handles(ast.Subscript)
def _subscript(node: ast.Subscript, at: Position, depth: int) -> Value:
    if isinstance(node.value, ast.Call):
        index = integer(value(node.slice, at, depth))
        of_call = part(node.value, index, at, depth) if index is not None else UNKNOWN
        if not isinstance(of_call, Unknown):
            return of_call
    holder = value(node.value, at, depth)
    key = value(node.slice, at, depth)
    if isinstance(holder, Mapping) and isinstance(key, Str) and key.known in holder.items:
        return _element(holder.items[key.known or ""], depth)
    number = integer(key)
    if isinstance(holder, Sequence) and holder.complete and number is not None:
        if -len(holder.items) <= number < len(holder.items):
            return _element(holder.items[number], depth)
    return UNKNOWN


def part(node: ast.Call, index: int, at: Position, depth: int) -> Value:
    """Returns one part of what a call returns, where that is several: of `mkstemp`, `splitext`."""
    name = meaning(node.func, at).name
    if name == "tempfile.mkstemp":
        return _function(name, node, at, depth) if index in (1, -1) else Number()
    if name == "os.path.splitext" and node.args:
        found = value(node.args[0], at, depth)
        return Str((_without_ending(found),)) if index == 0 else Str((None,))
    if name == "os.path.split" and node.args and index in (1, -1):
        return Str((None, *_last(text(node.args[0], at, depth))))
    if name.startswith("glob.") and node.args:
        return value(node.args[0], at, depth)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("split", "rsplit", "partition"):
        return _split(node.func, node, index, at, depth)
    return UNKNOWN


def _split(function: ast.Attribute, node: ast.Call, index: int, at: Position, depth: int) -> Value:
    separator = value(node.args[0], at, depth) if node.args else UNKNOWN
    if not isinstance(separator, Str):
        return UNKNOWN
    if separator.known == "/" and index == -1:
        found = value(function.value, at, depth)
        return Str((None, *_last(found.parts))) if isinstance(found, Str) else UNKNOWN
    return Str((PLAIN,)) if separator.known == "." and index == 0 else Str((None,))


def _without_ending(found: Value) -> str:
    known = found.known if isinstance(found, Str) else None
    folder, dot, _ = (known or "").rpartition(".")
    return PLAIN if known is None else folder if dot else known


def returned(function: ast.expr, means: Meaning, at: Position) -> list[tuple[ast.expr, Position]]:
    """Returns what a function or method of the checked code may return.

    Args:
        function: what is called.
        means: what it means.
        at: where it stands.
    """
    node, there = means.node, means.at
    if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") in ("self", "cls"):
        owner = at.scope.owner()
        bound = owner.bindings.get(function.attr, []) if owner is not None else []
        if bound and bound[-1].kind == "function":
            node, there = bound[-1].node, bound[-1].at
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)) or there is None:
        return []
    module = there.scope.within()
    return module.returns.get(node, [])[:10] if module is not None else []
