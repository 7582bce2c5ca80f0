"""`Others`: what becomes of the paths of the other files of a run.

A file on the disk that one script writes and another one reads is renamed in both or in none.
"""

from __future__ import annotations

import posixpath
import re
from typing import Collection, Iterable, NamedTuple

from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames.literals import fit, text_of
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Reason
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import CallSite

_PARENT = "../"
#: Where a path may have parts that are not written in it.
_OPEN = re.compile(r"[{%…]")
_WORD = re.compile(r"[^\W_]")
_BRACES = re.compile(r"…|\{[^{}]*\}|%\(?\w*\)?[-+ #0-9.]*[a-z]")


class Place(NamedTuple):
    """Where a string stands that several files have their paths from.

    Args:
        file: the file.
        line, column: where, in the text of its code.
        code: the string, as code.
    """

    file: str
    line: int
    column: int
    code: str


class Path(NamedTuple):
    """A path in the code of a file.

    Args:
        file: the file.
        line: where it is used.
        shown: the path, with `…` for what is not known of it.
        ending: what it is to end in; `""` if it stays as it is.
        why: why it stays.
        place: the string that it is written in, if that is of another file or may be.
    """

    file: str
    line: int
    shown: str
    ending: str = ""
    why: str = ""
    place: Place | None = None


class Others(NamedTuple):
    """What is known of the other files.

    Args:
        renamed: the paths that get other endings there, or are written by keras_ckpt.
        staying: those that would have to, and cannot.
        taken: the names of this file that others need from keras_ckpt: of imports and subclasses.
    """

    renamed: tuple[Path, ...] = ()
    staying: tuple[Path, ...] = ()
    taken: tuple[str, ...] = ()

    def has(self, shown: str) -> bool:
        """Returns whether a path is among those that are renamed."""
        return any(alike(each.shown, shown) for each in self.renamed)

    def endings(self, shown: Iterable[str], places: Collection[Place] = ()) -> set[str]:
        """Returns what some paths end in, as the other files have it.

        Args:
            shown: the paths.
            places: where they are written.
        """
        mine = list(shown)
        return {
            each.ending
            for each in self.renamed
            if _is_one_of(each, mine) or (each.ending and each.place in places)
        }

    def obstacle(self, shown: Iterable[str], places: Collection[Place] = ()) -> str:
        """Returns where one of some paths has to stay, `""` if they all can change."""
        mine = list(shown)
        found = next(
            (each for each in self.staying if _is_one_of(each, mine) or each.place in places), None
        )
        if found is None:
            return ""
        return Reason(
            f"`{found.shown or '…'}` in {found.file}, ",
            found.line,
            f", would have to change, too, and cannot: {found.why}",
        )


def _is_one_of(path: Path, shown: list[str]) -> bool:
    return any(alike(path.shown, each) for each in shown)


def alike(one: str, other: str) -> bool:
    """Returns whether two paths of different files can mean the same file on the disk."""
    names = [posixpath.basename(each) for each in (one, other)]
    if not all(names):
        return False
    if any(not _WORD.search(_BRACES.sub("", each)) for each in names):
        # `{epoch}` alone would be any name.
        return one == other
    stems = [posixpath.splitext(each)[0] for each in names]
    if any("…" in each for each in names) and any(is_nameless(each) for each in stems):
        return False  # Its ending alone, too.
    if "…" in one or "…" in other:
        # The directory comes from the command line, or the like.
        return fit(*names)
    return fit(_below(one), _below(other))


def is_nameless(shown: str) -> bool:
    """Returns whether nothing of a path is known that others could call the file by."""
    return not _WORD.search(_BRACES.sub("", shown))


def _below(path: str) -> str:
    path = posixpath.normpath(path)
    while path.startswith(_PARENT):
        path = path[len(_PARENT) :]
    return path


def paths_in(names: Names, sites: Sites, old: Release) -> set[str]:
    """Returns all texts of a module that may be paths which other files rename."""
    found = set()
    for node in names.nodes:
        text = text_of(node)
        if text and ("." in text or "/" in text):
            found.add(text)
    for site in sites.found:
        argument = site.path(old) if isinstance(site, CallSite) else None
        if argument is not None and isinstance(argument.value, Str):
            found.add(argument.value.shown)
    return found


def may_name(content: bytes, paths: Collection[str] | None, path: Path) -> bool:
    """Returns whether a file may have a path in it.

    Args:
        content: what is in the file.
        paths: the texts in it that may be paths, None if it was not parsed.
        path: the path.
    """
    ending = posixpath.splitext(posixpath.basename(path.shown))[1]
    # Others may be part of a template, as 7 is of `w.{epoch}`.
    is_fixed = bool(re.fullmatch(r"\.[a-zA-Z]\w*", ending, re.ASCII))
    if is_fixed and ending.encode() not in content:
        return False
    return paths is None or any(
        alike(path.shown, each)
        for each in paths
        if not is_fixed or each.endswith(ending) or _OPEN.search(each)
    )
