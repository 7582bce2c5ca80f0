"""The cells of a notebook: their code with magics that survive, and JSON around it left alone.

A line that is no Python, such as `%matplotlib inline`, is blanked as for `check`, and gets a
comment by which it is found again when the code around it has changed. In the file only the
`source` of changed cells is written anew, line by line as it was written before.
"""

from __future__ import annotations

import json
import re
from typing import Iterator, NamedTuple

from keras_ckpt.migrate.code import notebook
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.fix.answers import CannotRewrite
from keras_ckpt.migrate.fix.edits.edits import Unit

_LINES = re.compile(r"\r\n|\r|\n")
_MARK = "#keras-ckpt:%d"
_MARKED = re.compile(r"[ \t]*#keras-ckpt:(\d+)$")
_SPACE = re.compile(r"[ \t\r\n]*")


class Cell(NamedTuple):
    """A cell of code.

    Args:
        number: as a user counts it.
        code: as it is.
        unit: as it is parsed.
        blanked: what lines that are no Python were blanked to, by their place.
    """

    number: int
    code: str
    unit: Unit
    blanked: dict[int, str]


def cells(source: Source, text: str) -> list[Cell]:
    """Returns the cells of code in a notebook.

    Args:
        source: the notebook, as it was read.
        text: its JSON.
    """
    found = []
    codes = dict(notebook.code_cells(json.loads(text)))
    for place, (first, number) in enumerate(source.cells):
        ends = [each for each, _ in source.cells[place + 1 :]] + [len(source.lines) + 1]
        lines = source.lines[first - 1 : ends[0] - 1]
        raw = _LINES.split(codes[number])
        if len(raw) != len(lines):
            raise CannotRewrite(f"cell {number} is not what it seems to be")
        blanked = {}
        for index, line in enumerate(lines):
            if line != raw[index]:
                blanked[index] = line
                lines[index] = line + _MARK % index
        found.append(Cell(number, codes[number], Unit(first, "\n".join(lines)), blanked))
    return found


def restored(cell: Cell, code: str) -> str:
    """Returns new code of a cell with the lines that are no Python as they were."""
    if code == cell.unit.text:
        return cell.code
    raw = _LINES.split(cell.code)
    lines = code.split("\n")
    seen = set()
    for place, line in enumerate(lines):
        match = _MARKED.search(line)
        if match is None:
            continue
        index = int(match[1])
        seen.add(index)
        before, now = cell.blanked[index], line[: match.start()]
        lines[place] = raw[index]
        if now.rstrip() != before.rstrip():
            # The Python that follows `%time`, in its column.
            width = _same_end(before, raw[index])
            head = before[: len(before) - width]
            if not width or not now.startswith(head):
                raise CannotRewrite(f"cell {cell.number} has magics in what is to be changed")
            lines[place] = raw[index][: len(raw[index]) - width] + now[len(head) :]
    if seen != set(cell.blanked):
        raise CannotRewrite(f"cell {cell.number} has magics in what is to be changed")
    newline = "\r\n" if "\r\n" in cell.code else "\n"
    return newline.join(lines)


def _same_end(one: str, other: str) -> int:
    count = 0
    while count < min(len(one), len(other)) and one[-count - 1] == other[-count - 1]:
        count += 1
    return count


# JSON


class _Value(NamedTuple):
    """A value in JSON: its key or index, and where it begins and ends."""

    key: str | int
    begin: int
    end: int


_decode = json.JSONDecoder(strict=False).raw_decode


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


def _members(text: str, begin: int) -> Iterator[_Value]:
    """Returns the values in the object or list that begins at a place."""
    is_object = text[begin] == "{"
    place, count = _skip(text, begin + 1), 0
    while text[place] not in "}]":
        key: str | int = count
        if is_object:
            key, place = _decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
        _, end = _decode(text, place)
        yield _Value(key, place, end)
        count += 1
        place = _skip(text, end)
        if text[place] == ",":
            place = _skip(text, place + 1)


def _sources(text: str) -> Iterator[tuple[int, _Value]]:
    """Returns where the source of each cell is, with its number."""
    number = 0
    top = {each.key: each for each in _members(text, _skip(text, 0))}
    lists = [top["cells"]] if "cells" in top else []
    if not lists:
        for sheet in _members(text, top["worksheets"].begin):
            lists += [each for each in _members(text, sheet.begin) if each.key == "cells"]
    for each in lists:
        for cell in _members(text, each.begin):
            number += 1
            found = {one.key: one for one in _members(text, cell.begin)}
            source = found.get("source", found.get("input"))
            if source is not None:
                yield number, source


def with_codes(text: str, codes: dict[int, str]) -> str:
    """Returns the JSON of a notebook with other code in some cells, by their numbers."""
    result, done = [], 0
    for number, value in _sources(text):
        if number in codes:
            result += [text[done : value.begin], _written(text, value, codes[number])]
            done = value.end
    return "".join([*result, text[done:]])


def _written(text: str, value: _Value, code: str) -> str:
    """Returns JSON of a cell's code in the form that it had."""
    ascii_only = text.isascii()
    if text[value.begin] != "[":
        return json.dumps(code, ensure_ascii=ascii_only)
    old = list(_members(text, value.begin))
    lines = code.splitlines(True) if "\r" not in code else re.findall(r"[^\n]*\n|[^\n]+$", code)
    opening = text[value.begin + 1 : old[0].begin] if old else ""
    closing = text[old[-1].end : value.end - 1] if old else ""
    between = text[old[0].end : old[1].begin] if len(old) > 1 else "," + (opening or " ")
    as_it_was = {_decode(text, each.begin)[0]: text[each.begin : each.end] for each in old}
    written = [as_it_was.get(line) or json.dumps(line, ensure_ascii=ascii_only) for line in lines]
    return "[" + opening + between.join(written) + closing + "]"
