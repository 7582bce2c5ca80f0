"""Rewriting the code that calls Keras: `rewrite` gives new content for a file.

| modules | hold |
|---|---|
| `ours.py`, `imports.py`, `arguments.py` | `--to-keras-ckpt`: what is taken from us, and how |
| `native.py`, `fixers/` | `--native`: how each rule's problem is mended, one rule a file |
| `endings.py`, `paths.py` | other endings of paths, in all calls that write and read them |
| `tree.py` | the names of a module, asked at every place |
| `edits.py`, `located.py`, `nodes.py`, `commas.py` | changes, and LibCST, which makes them |
| `cells.py` | notebooks |
| `results.py`, `files.py` | what is told; files that are written whole or not at all |

What is found, and where, is `keras_ckpt.migrate`'s. LibCST is needed for `edits.py` alone.
"""

from __future__ import annotations

import ast
import codecs
import dataclasses
import io
import tokenize
from typing import Callable, NamedTuple

from keras_ckpt.migrate.releases import Release
from keras_ckpt.migrate.rewrite import cells, native, ours
from keras_ckpt.migrate.rewrite.edits import Edits, Unit
from keras_ckpt.migrate.rewrite.results import CannotRewrite, Note
from keras_ckpt.migrate.rewrite.tree import Names
from keras_ckpt.migrate.sites import Sites
from keras_ckpt.migrate.source import Source, from_bytes, parsed

#: A change may show what else is to be changed, not often.
_PASSES = 5

__all__ = ["CannotRewrite", "Note", "Part", "Rewritten", "Target", "rewrite"]


class Target(NamedTuple):
    """What code is rewritten to.

    Args:
        to_keras_ckpt: whether it is taken from us, or made native.
        old: the release that it was written for.
        new: the release that it is to run on.
        selected: whether a rule's problems are mended, by its code.
    """

    to_keras_ckpt: bool
    old: Release
    new: Release
    selected: Callable[[str], bool] = lambda code: True


class Part(NamedTuple):
    """A file, or a cell of a notebook, before and after.

    Args:
        cell: the number of the cell, 0 for a file.
        before, after: its code.
    """

    cell: int
    before: str
    after: str


@dataclasses.dataclass
class Rewritten:
    """What becomes of a file.

    Args:
        content: the new content; the old one if nothing is changed.
        changes: how many changes were made.
        notes: what was left, and what is to be known of a change.
        parts: what was changed.
    """

    content: bytes
    changes: int = 0
    notes: list[Note] = dataclasses.field(default_factory=list)
    parts: list[Part] = dataclasses.field(default_factory=list)


def rewrite(path: str, content: bytes, target: Target) -> Rewritten:
    """Returns what becomes of a file.

    Args:
        path: its name, of which the ending tells notebooks.
        content: what is in it.
        target: what its code is rewritten to.

    Raises:
        Unreadable: if it is no text.
        CannotRewrite: if it cannot be rewritten; the message says why.
    """
    result = Rewritten(content)
    for _ in range(_PASSES):
        changes, notes, new = _once(path, result.content, target)
        told = {(each.code, each.text) for each in result.notes}
        result.notes += [each for each in notes if (each.code, each.text) not in told]
        if new == result.content:
            break
        result.changes += changes
        result.content = new
    else:
        raise CannotRewrite("there is no end of what it needs")
    result.notes = sorted(set(result.notes))
    if result.content != content:
        result.parts = _parts(path, content, result.content)
    return result


def _once(path: str, content: bytes, target: Target) -> tuple[int, list[Note], bytes]:
    nothing: tuple[int, list[Note], bytes] = (0, [], content)
    source = from_bytes(path, content)
    if not source.mentions() or (source.broken and not source.cells):
        return nothing
    problems = list(native.problems_of(source, target.old, target.new, target.selected))
    tree = problems[0].site.module.tree if problems else None
    if tree is None and target.to_keras_ckpt:
        tree = source.parse()
    if tree is None:
        return nothing
    names = Names(tree)
    edits = Edits(source)
    if target.to_keras_ckpt:
        if Sites(names).others & {"install", "emulate"}:
            return nothing
        plan = ours.Ours(source, names, problems, edits)
        plan.plan(target.old, target.new, target.selected)
        changes, notes = plan.changed, plan.notes
    else:
        changes, notes = native.plan(source, names, problems, edits, target.old, target.new)
    if not edits:
        return 0, notes, content
    return changes, notes, _applied(source, content, edits)


def _applied(source: Source, content: bytes, edits: Edits) -> bytes:
    if source.cells:
        text = content.decode("utf-8-sig")
        found = cells.cells(source, text)
        done = edits.apply([each.unit for each in found])
        codes = {
            cell.number: cells.restored(cell, code)
            for cell, code in zip(found, done)
            if code != cell.unit.text
        }
        _check("\n".join(done))
        bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
        return bom + cells.with_codes(text, codes).encode("utf-8")
    (new,) = edits.apply([Unit(1, source.text)])
    _check(new)
    return new.encode(_encoding(content))


def _encoding(content: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(content).readline)[0]


def _check(code: str) -> None:
    """Raises an error if what was made is no Python."""
    if not isinstance(parsed(code), ast.Module):
        raise CannotRewrite("the result would be no Python")


def _parts(path: str, before: bytes, after: bytes) -> list[Part]:
    if not path.endswith(".ipynb"):
        encoding = _encoding(before)
        return [Part(0, before.decode(encoding), after.decode(encoding))]
    old, new = (_codes(path, each) for each in (before, after))
    return [Part(number, old[number], new[number]) for number in old if old[number] != new[number]]


def _codes(path: str, content: bytes) -> dict[int, str]:
    source, text = from_bytes(path, content), content.decode("utf-8-sig")
    return {each.number: each.code for each in cells.cells(source, text)}
