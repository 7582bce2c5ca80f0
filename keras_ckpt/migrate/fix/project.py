"""All files of a run together: what one of them renames, the others call by its new name, too.

Each file is rewritten by itself first. Then those that have one of the paths that are renamed
elsewhere are rewritten once more, with these, until nothing new is renamed. Where that shows a path
that has to stay, all is done anew with it staying in every file.
"""

from __future__ import annotations

from typing import Callable, Mapping, Union

from keras_ckpt.migrate.code.source import Unreadable
from keras_ckpt.migrate.fix import rewrite
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path, may_name

#: What becomes of a file, or why nothing does.
Outcome = Union[rewrite.Rewritten, rewrite.CannotRewrite, Unreadable]
_ROUNDS = 100


def rewrite_all(
    files: Mapping[str, bytes],
    target: rewrite.Target,
    advance: Callable[[int], None] = lambda count: None,
) -> dict[str, Outcome]:
    """Returns what becomes of each of some files.

    Args:
        files: what is in them, by their names.
        target: what their code is rewritten to.
        advance: called with 1 for each file that is begun.
    """
    return _Files(files, target, advance).done()


class _Files:
    def __init__(
        self,
        files: Mapping[str, bytes],
        target: rewrite.Target,
        advance: Callable[[int], None],
    ) -> None:
        self._files, self._target, self._advanced = files, target, advance
        self._begun: set[str] = set()
        self._named: dict[tuple[str, str], bool] = {}
        self._known: dict[tuple[str, Others], Outcome] = {}

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
        outcomes = {path: self._one(path, (), staying) for path in self._files}
        renamed: tuple[Path, ...] = ()
        for _ in range(_ROUNDS):
            found = dict.fromkeys(
                path
                for each in outcomes.values()
                if isinstance(each, rewrite.Rewritten)
                for path in each.renamed
            )
            if set(found) <= set(renamed):
                break
            renamed = tuple(dict.fromkeys((*renamed, *found)))
            outcomes = {path: self._one(path, renamed, staying) for path in self._files}
        return outcomes

    def _one(self, path: str, renamed: tuple[Path, ...], staying: tuple[Path, ...]) -> Outcome:
        # Of a path that many files have, the first says all, and each file is done once with it.
        elsewhere = dict.fromkeys(
            Path("", 0, each.shown, each.ending) for each in renamed if each.file != path
        )
        first: dict[str, Path] = {}
        for each in staying:
            if each.file != path:
                first.setdefault(each.shown, each)
        others = Others(
            tuple(each for each in elsewhere if self._may_name(path, each)),
            tuple(first.values()),
        )
        key = path, others
        if key not in self._known:
            self._advance(path)
            try:
                self._known[key] = rewrite.rewrite(path, self._files[path], self._target, others)
            except (rewrite.CannotRewrite, Unreadable) as error:
                self._known[key] = error
        return self._known[key]

    def _may_name(self, path: str, other: Path) -> bool:
        key = path, other.shown
        if key not in self._named:
            self._named[key] = may_name(self._files[path], other)
        return self._named[key]

    def _advance(self, path: str) -> None:
        """Says that a file is begun, the first time."""
        if path not in self._begun:
            self._begun.add(path)
            self._advanced(1)
