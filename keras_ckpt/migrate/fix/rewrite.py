"""Rewriting the code that calls Keras: `rewrite` gives new content for a file.

| room | holds |
|---|---|
| `to_keras_ckpt/` | `--to-keras-ckpt`: what is imported from keras_ckpt |
| `native/` | `--native`: how the problem of each rule is mended; `renames/`: endings |
| `edits/` | changes, and LibCST, which makes them |
| `project` | all files of a run: what one renames, the others do |
| `target` | to what |
| `answers` | what is said of each problem |

What is found, and where, is `keras_ckpt.migrate`'s. LibCST is needed for `edits.py` alone.
"""

from __future__ import annotations

import ast
import codecs
import dataclasses
import io
import tokenize
from typing import NamedTuple, Tuple

from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.names import library
from keras_ckpt.migrate.code.source import Source, from_bytes, parsed
from keras_ckpt.migrate.fix.answers import CannotRewrite, Note, note
from keras_ckpt.migrate.fix.edits import cells
from keras_ckpt.migrate.fix.edits.edits import Edits, Unit
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native import from_keras_ckpt, planner
from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path, paths_in
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.fix.to_keras_ckpt import redirect
from keras_ckpt.migrate.sites.finder import sites_of

#: A change may show what else is to be changed, not often.
_PASSES = 5

__all__ = ["CannotRewrite", "Note", "Part", "Rewritten", "Target", "rewrite"]


#: What a file is rewritten to, what is known of the others, and these.
_About = Tuple[Target, Others, Project]


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
        renamed: the paths that got other endings, or are written by keras_ckpt.
        staying: those that get others in other files, and cannot here.
        taken: what has to be taken from keras_ckpt in other files: the file, and the name in it.
        paths: all texts in it that may be paths; None if they were not asked for.
    """

    content: bytes
    changes: int = 0
    notes: list[Note] = dataclasses.field(default_factory=list)
    parts: list[Part] = dataclasses.field(default_factory=list)
    renamed: list[Path] = dataclasses.field(default_factory=list)
    staying: list[Path] = dataclasses.field(default_factory=list)
    taken: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    paths: set[str] | None = None


def rewrite(
    path: str,
    content: bytes,
    target: Target,
    others: Others = Others(),  # noqa: B008
    project: Project | None = None,
) -> Rewritten:
    """Returns what becomes of a file.

    Args:
        path: its name, which ends in `.ipynb` for a notebook.
        content: what is in it.
        target: what its code is rewritten to.
        others: what is known of the paths in other files.
        project: the files that are rewritten together, None for this one alone.

    Raises:
        Unreadable: if it is no text.
        CannotRewrite: if it cannot be rewritten; the message says why.
    """
    about = target, others, project or Project([path], lambda _: content, Names)
    if not target.to_keras_ckpt:
        done = _back(path, content, about)
        if done is not None:
            return done
    return _rewritten(path, content, content, about)


def _back(path: str, content: bytes, about: _About) -> Rewritten | None:
    """Returns a file with what is taken from keras_ckpt native, None if nothing is."""
    source = from_bytes(path, content)
    if "keras_ckpt" not in source.text:
        return None
    tree = source.parse()
    names = Names(tree) if tree is not None else None
    if names is None or not any(library(each) == "keras_ckpt" for each in names.imports):
        return None
    edits = Edits(source)
    why = from_keras_ckpt.Back(names, edits).plan()
    if not why:
        try:
            begun = _applied(source, content, edits)
            done = _rewritten(path, content, begun, about)
            left = [each for each in done.notes if each.is_left]
            if not left and _comments(path, done.content) == _comments(path, content):
                done.changes += 1
                return done
            # The call that cannot change comes before those that belong to it.
            left.sort(key=lambda each: getattr(each.reason, "is_of_other_call", False))
            why = left[0].reason if left else "Comments would be lost."
        except CannotRewrite as error:
            why = f"{error}."
    rest = _rewritten(path, content, content, about)
    where = next(each for each in names.nodes if _is_of_keras_ckpt(each))
    rest.notes.append(note(source, where, "", "keras_ckpt stays. " + why))
    rest.notes.sort()
    return rest


def _is_of_keras_ckpt(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return library(node.module or "") == "keras_ckpt"
    return isinstance(node, ast.Import) and any(
        library(each.name) == "keras_ckpt" for each in node.names
    )


def _comments(path: str, content: bytes) -> list[str]:
    lines = io.StringIO("\n".join(from_bytes(path, content).lines)).readline
    found = tokenize.generate_tokens(lines)
    return sorted(each.string for each in found if each.type == tokenize.COMMENT)


def _rewritten(path: str, content: bytes, begun: bytes, about: _About) -> Rewritten:
    """Returns what becomes of a file, from where something of it is done already."""
    result = Rewritten(begun)
    for _ in range(_PASSES):
        changes, notes, new = _once(path, result, about)
        # Of what is noted in two passes, the first note has the lines of the code as it was.
        noted = {each.subject for each in result.notes}
        result.notes += [each for each in notes if each.subject not in noted]
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


def _once(path: str, result: Rewritten, about: _About) -> tuple[int, list[Note], bytes]:
    target, others, project = about
    content = result.content
    nothing: tuple[int, list[Note], bytes] = (0, [], content)
    source = project.source_of(path, content)
    names = project.module_of(source)
    if names is None:
        return nothing
    assert isinstance(names, Names)
    sites = sites_of(names)
    if sites.facts.others & {"install", "emulate"}:
        return nothing
    result.paths = (result.paths or set()) | paths_in(names, sites, target.old)
    edits = Edits(source)
    if target.to_keras_ckpt:
        plan = redirect.Redirection(source, sites, edits, target, others)
        plan.plan()
        changes, notes = plan.changed, plan.notes
        result.renamed += [each for each in plan.written if each not in result.renamed]
        result.taken += [each for each in plan.taken if each not in result.taken]
    else:
        found = planner.problems_of(source, sites, *target[1:5])
        problems = [each for each in found if not each.rule.informs]
        releases = target.old, target.new
        work = Context(source, names, problems, edits, *releases, others, target.tf_keras, sites)
        changes, notes = planner.Planner(work).run()
        result.renamed += [each for each in work.renamed if each not in result.renamed]
        result.staying += [each for each in work.staying if each not in result.staying]
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
