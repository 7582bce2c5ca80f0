"""What Keras 3 by itself would have refused or done otherwise, of what a program has called.

Each call that `usage` has recorded is checked by the rules of `keras-ckpt check`, as code with the
values that it was given. The report is written at exit.
"""

from __future__ import annotations

import ast
import atexit
import dataclasses
import os
import sys
import types
from typing import Iterator, Mapping

from keras_ckpt import runtime
from keras_ckpt.installation import usage
from keras_ckpt.installation.usage import Call, Recorder
from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.code.source import Source, Unreadable, from_bytes, read
from keras_ckpt.migrate.releases.release import Release, newest, release
from keras_ckpt.migrate.report import render, wording
from keras_ckpt.migrate.report.finding import Finding, Result
from keras_ckpt.migrate.rules.definition import Group, rules
from keras_ckpt.migrate.rules.kc701_refused import Refused
from keras_ckpt.migrate.rules.kc702_read_otherwise import ReadOtherwise
from keras_ckpt.migrate.sites.finder import Sites

#: The last release with what Keras 3 removed.
_LAST_OF_KERAS_2 = "2.15"

#: The notebook and the cell that code comes from, by the name that Python has for it.
Cells = Mapping[str, "tuple[str, int]"]

#: As of `launcher.kernel`.
_NOTEBOOK = "KERAS_CKPT_RUN_NOTEBOOK"

_report: _Report | None = None


@dataclasses.dataclass
class _Report:
    """What is written at exit.

    Args:
        path: where to.
        version: the release whose callback is installed, as of `install`.
        notebook: the notebook that is run, `""` for none.
    """

    path: str
    version: str | None
    notebook: str = ""
    process: int = dataclasses.field(default_factory=os.getpid)


def begin(path: str | os.PathLike[str], version: str | None) -> None:
    """Begins to record the calls of the program, to write a report of them when it ends.

    Args:
        path: the file to write; a second call names another one.
        version: the release whose callback is installed, as of `install`.

    Raises:
        ValueError: if there can be no such file.
    """
    global _report
    found = usage.checked(path)
    if usage.recorder is None:
        usage.recorder = Recorder()
        atexit.register(_write)
    _report = _Report(found, version, os.environ.get(_NOTEBOOK, ""))


def _write() -> None:
    if _report is None or usage.recorder is None or _report.process != os.getpid():
        return  # Or the program has forked, and this is its child.
    cells: Cells = {}
    if _report.notebook:
        from keras_ckpt.installation.launcher import kernel

        cells = kernel.cells_of(_report.notebook)
    result = result_of(usage.recorder, _report.version, cells)
    try:
        with open(_report.path, "w", encoding="utf-8") as file:
            file.write(render.by_ending(_report.path)(result) + "\n")
    except OSError as error:
        print(f"Error: the report cannot be written: {error}", file=sys.stderr)
        return
    for each in result.errors:
        print(f"Error: {each}", file=sys.stderr)
    print(f"keras-ckpt: {wording.summary(result)} Report: {_report.path}", file=sys.stderr)


def result_of(
    recorder: Recorder, version: str | None = None, cells: Cells = types.MappingProxyType({})
) -> Result:
    """Returns what Keras 3 by itself would have refused or done otherwise.

    Args:
        recorder: has the calls.
        version: the release that the program was written for; the last with Keras 2 by default.
        cells: where the code of a notebook comes from.
    """
    old, new = release(version or _LAST_OF_KERAS_2), _running()
    errors = _why_nothing()
    files: dict[str, _File] = {}
    findings: dict[tuple[object, ...], Finding] = {}
    for call in recorder.calls():
        name, cell = cells.get(call.place.filename, (call.place.filename, 0))
        path = _shown(name, recorder.directory)
        file = files.setdefault(path, _File(path, name))
        if file.means_keras_ckpt(call, cell):
            continue
        for code, message, advice in _problems(call, old, new):
            if not file.silences(call, cell, code):
                found = _finding(path, cell, call, code, message, advice)
                findings.setdefault((path, cell, found.line, found.column, code), found)
    why = "as specified" if version else "the last of Keras 2"
    return Result(sorted(findings.values()), errors, len(files), old, new, why)


def _has_keras() -> bool:
    return "keras" in sys.modules or "tf_keras" in sys.modules or "tensorflow" in sys.modules


def _running() -> Release:
    if not _has_keras():
        return newest()  # And none is imported while the program ends.
    try:
        return release(runtime.keras().__version__) if runtime.is_keras_3() else newest()
    except (ValueError, ImportError):
        return newest()


def _why_nothing() -> list[str]:
    """Returns why nothing could be recorded, nothing if it could."""
    if not _has_keras():
        return ["the program has imported no Keras: there is nothing to report."]
    if not runtime.is_keras_3():
        return [
            f"Keras {runtime.keras().__version__} was running: only what runs on Keras 3 is "
            "reported. `keras-ckpt check` reads the code instead."
        ]
    return []


def _shown(path: str, directory: str) -> str:
    """Returns a path as it is named in the directory that the program started in."""
    if path.startswith("<"):
        return path
    found = os.path.normpath(os.path.join(directory, path))
    inside = found.startswith(directory.rstrip(os.sep) + os.sep)
    return os.path.relpath(found, directory) if inside else found


class _File:
    """A file that calls were made in, as the checker sees it."""

    def __init__(self, path: str, name: str) -> None:
        self._source: Source | None = None
        self._own: set[int] = set()
        try:
            self._source = read(name)
        except (Unreadable, ValueError):
            return
        tree = self._source.parse()
        for site in Sites(Module(tree)).from_keras_ckpt if tree is not None else ():
            if isinstance(site.node, ast.expr):
                lines = range(site.node.lineno, self._source.ends(site.node)[0] + 1)
                self._own.update(lines)

    def _line(self, line: int, cell: int) -> int:
        firsts = {} if self._source is None else {of: first for first, of in self._source.cells}
        return line + firsts.get(cell, 1) - 1

    def means_keras_ckpt(self, call: Call, cell: int) -> bool:
        """Returns whether a call is that of the callback as keras_ckpt has it."""
        is_callback = call.function == "ModelCheckpoint"
        return is_callback and self._line(call.place.line, cell) in self._own

    def silences(self, call: Call, cell: int, code: str) -> bool:
        """Returns whether a `# noqa` on a line of the call silences a rule."""
        if self._source is None:
            return False
        last = max(call.place.line, call.place.end_line)
        lines = [self._line(each, cell) for each in range(call.place.line, last + 1)]
        return checker.is_silenced(self._source, lines, code)


def _problems(call: Call, old: Release, new: Release) -> Iterator[tuple[str, str, str]]:
    """Yields the code of a rule, what happens and what to write."""
    found = [
        (each.rule.code, each.message, each.advice)
        for each in checker.problems_of(_as_source(call), old, new)
        # By position, an argument may be that of Keras 3.
        if not (call.is_same and each.rule.group is Group.ARGUMENTS)
    ]
    if not found and call.refused:
        found = [(Refused.code, f"{new.title} raises {call.refused}", Refused.advice)]
    elif not found and call.content:
        message = (
            f"Here {call.content} is read. {new.title} would read it otherwise, or not at all."
        )
        found = [(ReadOtherwise.code, message, ReadOtherwise.advice)]
    yield from found


def _as_source(call: Call) -> Source:
    lines = ["import keras", "model = keras.Sequential()"]
    if call.metric is not None:
        metric = call.metric[1]
        metric = metric[len("val_") :] if metric.startswith("val_") else metric
        lines.append(f"model.compile('sgd', 'mse', metrics=[{metric!r}])")
    if call.function == "ModelCheckpoint":
        lines.append(f"checkpoint = {call.code}")
    else:
        lines.append(call.code)
    if call.metric is not None:
        lines.append("model.fit(x, y, validation_split=0.1, callbacks=[checkpoint])")
    return from_bytes("call.py", "\n".join(lines).encode("utf-8", "backslashreplace"))


def _finding(path: str, cell: int, call: Call, code: str, message: str, advice: str) -> Finding:
    place = call.place
    return Finding(
        path,
        cell,
        place.line,
        max(place.column, 1),
        code,
        rules()[code].name,
        message,
        advice,
        max(place.end_line, place.line),
        max(place.end_column, 1),
    )
