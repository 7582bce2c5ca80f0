"""What is checked: the code of a file, or of the cells of a Jupyter notebook.

`read(path)` returns a `Source`. `Source.text` is Python code whatever the file was, `parse()`
returns its tree, `place()` where a line of it is for a user, and `silenced()` the codes of a
`# noqa`. `mentions()` returns, without parsing, whether there can be anything to find.
"""

from __future__ import annotations

import ast
import codecs
import dataclasses
import functools
import io
import itertools
import json
import re
import sys
import tokenize
import warnings
from typing import Collection, Iterable, NamedTuple, Union

from keras_ckpt.migrate.code import notebook

#: A file that has none of these words has nothing to find, and is not parsed.
_WORDS = (
    r"ModelCheckpoint|load_weights|save_weights|load_model|save_model|latest_checkpoint"
    r"|\.save\(|keras[\w.]*\.callbacks|WandbCallback|autolog"
    r"|StarDist[23]D|\bCARE\b|\bN2V\b|keras_?tuner|(?:load|save)_detector"
)
WORDS = re.compile(_WORDS)
_WORDS_OF_BYTES = re.compile(_WORDS.encode())
#: Each of these words has one of these in it, which is looked for much faster.
_PARTS = (
    *(b"ModelCheckpoint", b"_weights", b"load_model", b"save_model", b"latest_checkpoint"),
    *(b".save(", b".callbacks", b"WandbCallback", b"autolog", b"StarDist", b"CARE", b"N2V"),
    *(b"keras_tuner", b"kerastuner", b"_detector"),
)
#: What a cell of a notebook that is not Python has if there may be something to find in it.
_OF_KERAS = re.compile(
    r"ModelCheckpoint|load_weights|save_weights|load_model|save_model|latest_checkpoint|keras"
)

_NOQA = re.compile(
    r"#\s*noqa(?![\w-])(?:\s*:\s*(?P<words>[\w-]+(?:[,\s]+[\w-]+)*))?", re.IGNORECASE
)
_CODE = re.compile(r"[A-Z]+[0-9]+", re.IGNORECASE)


#: A node of a tree that stands at a place in the text.
Placed = Union[ast.expr, ast.stmt, ast.keyword]


class Unreadable(Exception):
    """A file that cannot be read: it does not exist, is not permitted, or is not text."""


class Place(NamedTuple):
    """A place as a user counts: lines and columns from 1, and the number of the notebook's cell."""

    line: int
    column: int
    cell: int | None = None


class Broken(NamedTuple):
    """Code that cannot be parsed, from `line` of `Source.text` on."""

    line: int
    column: int
    message: str
    is_file: bool = False
    """Whether the file itself is broken, as one that is not a notebook, and not its code."""


@dataclasses.dataclass
class Source:
    """The code of a file.

    Args:
        path: the file, as it was named.
        text: its code; of a notebook all cells, one after the other.
        cells: the first line of each cell in `text` with the cell's number, in a notebook.
        broken: the cells that are not Python.
        written: the lines as they were written, if `text` has less of them.
        programs: the cells that are programs of their own, which `text` is without.
    """

    path: str
    text: str
    cells: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    broken: list[Broken] = dataclasses.field(default_factory=list)
    written: list[str] = dataclasses.field(default_factory=list)
    programs: list[Source] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = _lines(self.text)

    def mentions(self) -> bool:
        """Returns whether there can be anything to find."""
        return self._mentions

    @functools.cached_property
    def _mentions(self) -> bool:
        return WORDS.search(self.text) is not None

    def parse(self) -> ast.Module | None:
        """Returns the tree of the code, None if it cannot be parsed: `broken` has the reason."""
        return self._tree

    @functools.cached_property
    def _tree(self) -> ast.Module | None:
        tree = parsed(self.text)
        if isinstance(tree, Broken):
            self.broken.append(tree)
            return None
        return tree

    def column(self, line: int, offset: int) -> int:
        """Returns the column, from 1, of an offset of the tree, which counts bytes of UTF-8."""
        if not 1 <= line <= len(self.lines):
            return 1
        text = self.lines[line - 1]
        if text.isascii():
            return max(offset, 0) + 1
        return len(text.encode("utf-8")[: max(offset, 0)].decode("utf-8", "replace")) + 1

    def place(self, line: int, column: int = 1) -> Place:
        """Returns where a line and column of `text` are in the file."""
        for first, number in reversed(self.cells):
            if line >= first:
                return Place(line - first + 1, column, number)
        return Place(line, column)

    def silenced(self, lines: Iterable[int], names: Collection[str] = ()) -> tuple[str, ...] | None:
        """Returns the codes, or their beginnings, that a `# noqa` on one of the lines names.

        Args:
            lines: the lines.
            names: what rules are called, which stands for their codes.

        Returns:
            The codes in upper case; `("",)` if one names no code and so silences all; None if there
            is no `# noqa`.
        """
        codes: list[str] = []
        for line in lines:
            written = self.written or self.lines
            text = written[line - 1] if 1 <= line <= len(written) else ""
            match = _NOQA.search(text) if "#" in text else None
            if match is not None:
                words = re.findall(r"[\w-]+", match["words"] or "")
                # Words after the codes are a remark for readers.
                named = itertools.takewhile(
                    lambda word: _CODE.fullmatch(word) or word.lower() in names, words
                )
                codes += [code.upper() for code in named] or [""]
        return tuple(codes) or None

    def start(self, node: Placed) -> tuple[int, int]:
        """Returns the line and column, from 1, where a node begins."""
        return node.lineno, self.column(node.lineno, node.col_offset)

    def ends(self, node: Placed) -> tuple[int, int]:
        """Returns the line and column, from 1, where a node ends."""
        line = node.end_lineno or node.lineno
        return line, self.column(line, node.end_col_offset or 0)


def _lines(text: str) -> list[str]:
    # As the parser counts them, which knows fewer line ends than `splitlines`.
    return re.split(r"\r\n|\r|\n", text)


def parsed(text: str) -> ast.Module | Broken:
    """Returns the tree of some code, or what is wrong with it."""
    # Cells of a notebook may await outside of functions.
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = compile(text, "<checked>", "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        # Messages of the parser differ between releases of Python, some with details in a tuple.
        message = str(error.msg or "invalid syntax")
        return Broken(error.lineno or 1, max(error.offset or 1, 1), message)
    except (ValueError, OverflowError, UnicodeError) as error:
        return Broken(1, 1, str(error))
    except (RecursionError, MemoryError):
        return Broken(1, 1, "it is nested too deeply")
    assert isinstance(tree, ast.Module)
    return tree


def read(path: str) -> Source:
    """Returns the code of a file.

    Args:
        path: a Python file, or a notebook, which ends in `.ipynb`.

    Raises:
        Unreadable: if the file cannot be read.
    """
    return from_bytes(path, load(path))


def mentions(content: bytes) -> bool:
    """Returns whether there can be anything to find in a file that has this content."""
    if not any(part in content for part in _PARTS):
        return False
    return _WORDS_OF_BYTES.search(content) is not None


def load(path: str) -> bytes:
    """Returns what is in a file.

    Raises:
        Unreadable: if it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"{path} cannot be read: {reason}.") from error


def from_bytes(path: str, content: bytes) -> Source:
    """Returns the code that a file with this content has.

    Raises:
        Unreadable: if it is not text.
    """
    try:
        text = _decoded(path, content)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise Unreadable(
            f"{path} cannot be read: it is not text in its encoding as of PEP 263 ({error})."
        ) from error
    if path.endswith(".ipynb"):
        return _of_notebook(path, text)
    return Source(path, text)


def _decoded(path: str, content: bytes) -> str:
    encoding = "utf-8-sig"
    if not path.endswith(".ipynb"):
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        codecs.lookup(encoding)
    return content.decode(encoding)


def _of_notebook(path: str, text: str) -> Source:
    try:
        content = json.loads(text)
        cells = notebook.code_cells(content)
    except (ValueError, RecursionError):
        return Source(
            path, text, broken=[Broken(1, 1, "it is not a Jupyter notebook", is_file=True)]
        )
    lines: list[str] = []
    begins: list[tuple[int, int]] = []
    broken: list[Broken] = []
    written: list[str] = []
    programs: list[Source] = []
    for number, code in cells:
        written += _lines(code)
        first = len(lines) + 1
        program = notebook.program(code)
        if program is not None:
            programs.append(Source(path, program, [(1, number)], written=_lines(code)))
            code = re.sub(r"[^\r\n]", " ", code)
        elif not isinstance(parsed(code), ast.Module):
            code = notebook.without_magics(code)
            found = parsed(code)
            if isinstance(found, Broken):
                if _OF_KERAS.search(code):
                    broken.append(found._replace(line=found.line + first - 1))
                code = re.sub(r"[^\r\n]", " ", code)
        begins.append((first, number))
        lines += _lines(code)
    return Source(path, "\n".join(lines), begins, broken, written, programs)


def python() -> str:
    """Returns the running Python, for messages: another may parse what it cannot."""
    return f"Python {sys.version_info[0]}.{sys.version_info[1]}"
