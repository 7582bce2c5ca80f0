"""`--native`: calls that Keras 3 takes, and means the same by, without us.

Each rule whose problem can be mended has a file in `fixers/`, called as its own, with a function
`fix(problem, native)` that answers with a `Fix` or a `Refusal`. A call is made native as a whole or
not at all: one argument that means something with `keras_ckpt` alone, and nothing of it is changed.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from typing import Callable, Iterable

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.fix.answers import Answer, Fix, Kind, Note, Reason, Refusal, note, note_on
from keras_ckpt.migrate.fix.edits.edits import Edits, index_of
from keras_ckpt.migrate.fix.edits.tree import Names
from keras_ckpt.migrate.fix.native.renames.across_files import Others, Path
from keras_ckpt.migrate.fix.native.renames.literals import Paths
from keras_ckpt.migrate.fix.native.renames.new_endings import Endings
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import Argument, CallSite, Checkpoint

_FIXERS = "keras_ckpt.migrate.fix.native.fixers."


class Native:
    """What fixers work on.

    Attributes:
        names: the module.
        edits: what is to be changed.
        endings: paths that get other endings.
        old, new: the releases.
        others: what is known of the paths in other files.
        tf_keras: whether what comes of tf_keras is made native, too.
        blocked: the calls that stay as they are.
        renamed: the paths that get other endings.
        staying: those that get others in other files, and cannot here.
    """

    def __init__(
        self,
        source: Source,
        names: Names,
        problems: list[Problem],
        edits: Edits,
        old: Release,
        new: Release,
        others: Others = Others(),  # noqa: B008
        tf_keras: bool = False,
    ) -> None:
        self.names = names
        self.source = source
        self.edits = edits
        self.old, self.new = old, new
        self.problems = problems
        self.others = others
        self.tf_keras = tf_keras
        self.blocked: set[ast.AST] = set()
        self.renamed: list[Path] = []
        self.staying: list[Path] = []
        sites = Sites(names)
        self._partials = _partials(sites)
        paths: dict[ast.AST, list[tuple[CallSite, Argument]]] = {}
        for site in sites.found:
            if not isinstance(site, CallSite):
                continue
            argument = path_of(site, old)
            if argument is not None:
                paths.setdefault(argument.node, []).append((site, argument))
        self.paths = Paths(names, paths, {each.node for each in sites.found})
        self.endings = Endings(self, sites, paths)

    def line(self, number: int) -> str:
        """Returns a line of the source, as long as its bytes of UTF-8 are many."""
        return self.source.lines[number - 1].encode("utf-8").decode("latin-1")

    def block(self, call: ast.AST) -> None:
        """Lets a call stay as it is, with the `functools.partial` that it is made by."""
        if call not in self.blocked:
            self.blocked.add(call)
            for each in self._partials.get(call, ()):
                self.block(each)

    def path(self, node: ast.AST, shown: str, ending: str = "") -> Path:
        """Returns a path that is used in a node, as it is told to other files."""
        line = self.source.place(getattr(node, "lineno", 1)).line
        return Path(self.source.path, line, shown, ending)

    def drop(self, argument: Argument, told: str = "") -> Answer:
        """Returns how to drop an argument.

        Args:
            argument: one by name.
            told: what is to be known of it.
        """
        parent = self.names.parents[argument.node]
        if isinstance(parent, ast.keyword):
            call = self.names.parents[parent]
            assert isinstance(call, ast.Call)
            if call is argument.node or not self.paths.is_alone(argument.node):
                return self._elsewhere(argument)
            index = index_of(call, argument.node)
            assert index is not None
            return Fix(lambda: self.edits.call(call).dropped.add(index), told)
        if isinstance(parent, ast.Dict) and self.paths.is_alone(argument.node):
            place = parent.values.index(argument.node)
            return Fix(lambda: self.edits.drop_item(parent, place), told)
        return self._elsewhere(argument)

    def set_value(self, argument: Argument, code: str) -> Answer:
        """Returns how to give an argument another value."""
        parent = self.names.parents[argument.node]
        call = self.names.parents[parent] if isinstance(parent, ast.keyword) else parent
        index = index_of(call, argument.node) if isinstance(call, ast.Call) else None
        if index is None or not isinstance(call, ast.Call):
            return self._elsewhere(argument)
        if not self.paths.is_alone(argument.node):
            return self._elsewhere(argument)
        return Fix(lambda: self.edits.call(call).values.__setitem__(index, code))

    def add(self, site: CallSite, name: str, code: str) -> Answer:
        """Returns how to add an argument by name."""
        call = site.node
        assert isinstance(call, ast.Call)
        if not site.complete:
            return Refusal("not all of its arguments are known", needs_us=False)
        return Fix(lambda: self.edits.call(call).added.__setitem__(name, code))

    @staticmethod
    def _elsewhere(argument: Argument) -> Refusal:
        return Refusal(
            Reason(
                "it is set in ",
                getattr(argument.node, "lineno", 0),
                ", which has more uses than this call. Change it by hand.",
            ),
            needs_us=False,
        )


def path_of(site: CallSite, old: Release) -> Argument | None:
    """Returns the path that a call saves to or loads from."""
    if isinstance(site, Checkpoint):
        return site.bound(old).named.get("filepath")
    # `save_model(model, path)` is a function; the method has the path first.
    by_function = site.kind in ("save", "save_weights") and bool(site.name)
    return site.argument(1 if by_function else 0, "filepath", "path", "checkpoint_dir")


def _partials(sites: Sites) -> dict[ast.AST, list[ast.AST]]:
    """Returns the calls that change with each other: of a `partial`, and of what it makes."""
    found: dict[ast.AST, list[ast.AST]] = {}
    checkpoints = sites.facts.checkpoints()
    for partial in (each for each in checkpoints if each.how == "partial"):
        mine = _arguments(partial)
        for each in checkpoints:
            if each is not partial and mine & _arguments(each):
                found.setdefault(partial.node, []).append(each.node)
                found.setdefault(each.node, []).append(partial.node)
    return found


def _arguments(site: CallSite) -> set[ast.AST]:
    return {each.node for each in (*site.positional, *site.keywords.values())}


def plan(native: Native) -> tuple[int, list[Note]]:
    """Notes what is to be changed in a source.

    Returns:
        How many problems are mended, and the notes.
    """
    early = _answers(native, late=False)
    while True:
        blocked = len(native.blocked)
        late = _answers(native, late=True)
        following = list(native.endings.following())
        if len(native.blocked) == blocked:
            break
        # What is blocked now may be part of what was to be changed.
        native.endings.forget_fixes()
    mended, notes = 0, []
    for problem, answer in (*early, *late):
        if isinstance(answer, Fix) and problem.site.node in native.blocked:
            answer = Refusal("the rest of the call needs keras_ckpt, and so it stays as it is.")
        if isinstance(answer, Fix):
            answer.apply()
            mended += 1
            if answer.note:
                notes.append(note_on(native.source, problem, answer.note, Kind.CHANGED))
        else:
            notes.append(note_on(native.source, problem, answer.why))
    for path, node, answer in following:
        if isinstance(answer, Fix):
            answer.apply()
            mended += 1
            if answer.note:
                notes.append(note(native.source, node, "", answer.note, Kind.CHANGED))
        else:
            native.staying.append(path._replace(why=answer.why))
            notes.append(note(native.source, node, "", answer.why))
    return mended, notes


def _answers(native: Native, late: bool) -> list[tuple[Problem, Answer]]:
    answers: list[tuple[Problem, Answer]] = []
    for problem in native.problems:
        fixer = _fixer(problem.rule)
        if getattr(fixer, "LATE", False) is late:
            answer = fixer.fix(problem, native)
            answers.append((problem, answer))
            if isinstance(answer, Refusal) and answer.needs_us:
                native.block(problem.site.node)
    return answers


class _NoFixer:
    """For rules whose problems are not mended."""

    LATE = False

    @staticmethod
    def fix(problem: Problem, native: Native) -> Answer:
        return Refusal(problem.advice, needs_us=False)


def _fixer(rule: Rule) -> type[_NoFixer]:
    name = _FIXERS + type(rule).__module__.rpartition(".")[2]
    if importlib.util.find_spec(name) is None:
        return _NoFixer
    module: type[_NoFixer] = importlib.import_module(name)  # type: ignore[assignment]
    return module


def problems_of(
    source: Source,
    old: Release,
    new: Release,
    selected: Callable[[str], bool],
    tf_keras: bool = False,
) -> Iterable[Problem]:
    """Returns what is wrong in a source, but for what a `# noqa` silences and tf_keras runs."""
    for problem in checker.problems_of(source, old, new, selected):
        if problem.site.stays and not tf_keras:
            continue
        if checker.finding(source, problem) is not None:
            yield problem
