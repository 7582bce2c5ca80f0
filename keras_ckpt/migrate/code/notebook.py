"""The code in a Jupyter notebook, as Python that can be parsed.

`code_cells` returns the cells with their numbers as a user counts them, `without_magics` the code
of one with IPython's syntax blanked, so that lines stay where they are, and `program` that of a
cell which is run or written as a program of its own.
"""

from __future__ import annotations

import re
from typing import Iterator

#: The magics of a whole cell whose body is Python.
_PYTHON_CELLS = ("capture", "memit", "prun", "time", "timeit")
#: The magics of a cell that is a program of its own: one to write, one for another process.
_PROGRAM = re.compile(
    r"\s*%%(?:(?:writefile|file)\s.*\.pyw?[\"']?|python[23]?|pypy|script\s.*python.*)\s*(?:\n|$)"
)
#: The magics of a line whose rest is Python, after options of which some take a value.
_TIMED = r"%(?:time|timeit|prun|memit|[lm]prun)(?:\s+-(?:[nrpftsc]\s*[\w.]+|\w+))*\s+(?![-\s!%])"
_PYTHON_LINE = re.compile(rf"(\s*){_TIMED}")
_PYTHON_ASSIGNED = re.compile(rf"(\s*[\w.\s,]+=\s*){_TIMED}")
_MAGIC = re.compile(r"\s*(?:[!%?]|.*\S\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"(\s*[\w.\s,]+=\s*)[!%].*$")


def code_cells(content: object) -> list[tuple[int, str]]:
    """Returns number and code of the cells that hold Python.

    Args:
        content: the notebook, as JSON has it, of format 3 or 4.

    Raises:
        ValueError: if it is not a notebook.
    """
    notebook = _table(content)
    if not ("cells" in notebook or "worksheets" in notebook):
        raise ValueError("it has no cells")
    return list(_code_cells(notebook)) if _is_python(notebook) else []


def _table(value: object) -> dict[str, object]:
    """Returns an object of JSON."""
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def _items(value: object) -> list[object]:
    """Returns an array of JSON."""
    if not isinstance(value, list):
        raise ValueError("it is not an array")
    return value


def _is_python(notebook: dict[str, object]) -> bool:
    about = _table(notebook.get("metadata") or {})
    names = (
        _table(about.get("kernelspec") or {}).get("language"),
        _table(about.get("language_info") or {}).get("name"),
    )
    languages = [str(name).lower() for name in names if name]
    return not languages or "python" in languages[-1]


def _code_cells(notebook: dict[str, object]) -> Iterator[tuple[int, str]]:
    cells = notebook.get("cells")
    if cells is None:
        sheets = [_table(sheet) for sheet in _items(notebook.get("worksheets"))]
        cells = [cell for sheet in sheets for cell in _items(sheet.get("cells", []))]
    for number, each in enumerate(_items(cells), 1):
        cell = _table(each)
        if cell.get("cell_type") == "code":
            code = cell.get("source", cell.get("input", ""))
            if not isinstance(code, str):
                code = "".join(str(line) for line in _items(code))
            yield number, code


def program(code: str) -> str | None:
    """Returns the code of a cell that is a program of its own, None for other cells."""
    found = _PROGRAM.match(code)
    return "\n" * code[: found.end()].count("\n") + code[found.end() :] if found else None


def without_magics(code: str) -> str:
    """Returns the code of a cell without IPython's magics, shell commands and questions."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%"):
        name = (first[2:].split() or [""])[0]
        if name not in _PYTHON_CELLS:
            return "\n" * (len(lines) - 1)
    result: list[str] = []
    goes_on = False
    for line in lines:
        timed = _PYTHON_LINE.match(line)
        assigned = _ASSIGNED.match(line)
        timed_value = _PYTHON_ASSIGNED.match(line)
        if goes_on:
            goes_on = line.rstrip().endswith("\\")
            result.append("")
        elif timed is not None:
            # What is timed stays in its column.
            indent, width = timed.group(1), timed.end()
            result.append(indent + "if 1:".ljust(width - len(indent)) + line[width:])
        elif timed_value is not None:
            result.append(timed_value.group(1).ljust(timed_value.end()) + line[timed_value.end() :])
        elif _MAGIC.match(line):
            goes_on = line.rstrip().endswith("\\")
            # A block may have no other line.
            result.append(re.sub(r"\S.*", "pass", line))
        elif assigned is not None:
            goes_on = line.rstrip().endswith("\\")
            result.append(assigned.group(1) + "None")
        else:
            result.append(line)
    return "\n".join(result)
