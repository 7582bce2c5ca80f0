"""All files of a run together: what one of them renames, the others call by its new name, too.

Each file is rewritten by itself first. Then those that have one of the paths that are renamed
elsewhere, or written by keras_ckpt there, are rewritten once more, with these, until there is
nothing new; and so are those whose imports and subclasses others need from keras_ckpt. Where that
shows a path that has to stay, all is done anew with it staying in every file.
"""

from __future__ import annotations

from typing import Callable, Collection, Mapping, Sequence, Union

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.source import Unreadable, load
from keras_ckpt.migrate.fix import rewrite
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path, Place, may_name
from keras_ckpt.migrate.report.finding import Result

#: What becomes of a file, or why nothing does.
Outcome = Union[rewrite.Rewritten, rewrite.CannotRewrite, Unreadable]
_ROUNDS = 100


def rewrite_all(
    files: Mapping[str, bytes],
    target: rewrite.Target,
    advance: Callable[[int], None] = lambda count: None,
    found: Result | None = None,
    project: Project | None = None,
) -> dict[str, Outcome]:
    """Returns what becomes of each of some files.

    Args:
        files: what is in them, by their names.
        target: what their code is rewritten to.
        advance: called with 1 for each file that is begun.
        found: what `check` finds in them, if that is known.
        project: `read` of them, if they have been read already.
    """
    project = project or read(list(files), files.__getitem__)
    if found is None:
        codes = target.old, target.new, target.selected
        found = checker.check(list(files), *codes, project=project)
    with checker.no_garbage():
        return _Files(files, target, advance, found.sources, project).done()


def read(files: Sequence[str], load: Callable[[str], bytes] = load) -> Project:
    """Returns files as rewriting reads them, for `check` and for what comes after it."""
    return Project(files, load, Names)


class _Files:
    def __init__(
        self,
        files: Mapping[str, bytes],
        target: rewrite.Target,
        advance: Callable[[int], None],
        asked: Collection[str],
        project: Project,
    ) -> None:
        self._files, self._target, self._advanced = files, target, advance
        self._asked, self._project = asked, project
        self._begun: set[str] = set()
        self._named: dict[tuple[str, str], bool] = {}
        self._known: dict[tuple[str, Others], Outcome] = {}
        self._paths: dict[str, set[str]] = {}

    def done(self) -> dict[str, Outcome]:
        staying: dict[Path, None] = {}
        for _ in range(_ROUNDS):
            outcomes = self._with(tuple(staying))
            more = [
                path
                for each in outcomes.values()
                if isinstance(each, rewrite.Rewritten)
                for path in each.staying
                if path not in staying
            ]
            if not more:
                break
            staying.update(dict.fromkeys(more))
        return outcomes

    def _with(self, staying: tuple[Path, ...]) -> dict[str, Outcome]:
        """Returns what becomes of the files if some paths have to stay."""
        outcomes = {path: self._one(path, (), staying, ()) for path in self._files}
        renamed: dict[Path, None] = {}
        taken: dict[tuple[str, str], None] = {}
        for _ in range(_ROUNDS):
            done = [each for each in outcomes.values() if isinstance(each, rewrite.Rewritten)]
            known = len(renamed) + len(taken)
            renamed.update(dict.fromkeys(path for each in done for path in each.renamed))
            taken.update(dict.fromkeys(name for each in done for name in each.taken))
            if len(renamed) + len(taken) == known:
                break
            about = tuple(renamed), staying, tuple(taken)
            outcomes = {path: self._one(path, *about) for path in self._files}
        return outcomes

    def _one(
        self,
        path: str,
        renamed: tuple[Path, ...],
        staying: tuple[Path, ...],
        taken: tuple[tuple[str, str], ...],
    ) -> Outcome:
        # Of a path that many files have, the first says all, and each file is done once with it.
        elsewhere = dict.fromkeys(
            Path("", 0, each.shown, each.ending, place=each.place)
            for each in renamed
            if each.file != path
        )
        first: dict[tuple[str, Place | None], Path] = {}
        for each in staying:
            if each.file != path and self._may_name(path, each):
                first.setdefault((each.shown, each.place), each)
        others = Others(
            tuple(each for each in elsewhere if self._may_name(path, each)),
            tuple(first.values()),
            tuple(name for file, name in taken if file == path),
        )
        key = path, others
        if key not in self._known:
            self._advance(path)
            if not self._is_asked(path, others):
                self._known[key] = rewrite.Rewritten(self._files[path])
                return self._known[key]
            try:
                done = rewrite.rewrite(path, self._files[path], self._target, others, self._project)
                self._known[key] = done
                self._note_paths(path, done.paths)
            except (rewrite.CannotRewrite, Unreadable) as error:
                self._known[key] = error
        return self._known[key]

    def _is_asked(self, path: str, others: Others) -> bool:
        """Returns whether there may be anything to change in a file."""
        if path in self._asked or others != Others() or self._target.everything:
            return True
        # The one is said to stay, the other is made native.
        word = b"tf_keras" if self._target.to_keras_ckpt else b"keras_ckpt"
        return word in self._files[path]

    def _may_name(self, path: str, other: Path) -> bool:
        if other.place is not None and (other.place.file == path or path in self._asked):
            return True
        key = path, other.shown
        paths = self._paths.get(path)
        if key not in self._named:
            self._named[key] = may_name(self._files[path], paths, other)
        return self._named[key]

    def _note_paths(self, path: str, paths: set[str] | None) -> None:
        """Notes what may be paths in a file; what was said before of new ones is forgotten."""
        known = self._paths.get(path)
        if paths is not None and (known is None or not paths <= known):
            self._paths[path] = paths | (known or set())
            for key in [each for each in self._named if each[0] == path]:
                del self._named[key]

    def _advance(self, path: str) -> None:
        """Says that a file is begun, the first time."""
        if path not in self._begun:
            self._begun.add(path)
            self._advanced(1)
