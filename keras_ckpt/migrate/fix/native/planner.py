"""`--native`: calls that Keras 3 takes with the same meaning, without keras_ckpt.

The `fix` of each rule answers how its problem is mended, or why it is not. A call is made native as
a whole or not at all: if one argument needs keras_ckpt, nothing of the call is changed.
"""

from __future__ import annotations

import ast
from typing import Callable, Iterable, Mapping

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code.source import Source
from keras_ckpt.migrate.fix.answers import Kind, Note, note, note_on
from keras_ckpt.migrate.fix.edits import edits
from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames import literals
from keras_ckpt.migrate.fix.native.renames.new_endings import Endings
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Answer, Fix, Problem, Reason, Refusal
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import Argument, CallSite


class Planner:
    """Asks the rules how to mend each problem of a source: the `Plan` of `Rule.fix`.

    Args:
        context: the source.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endings = Endings(context)
        self.old, self.new = context.old, context.new

    def run(self) -> tuple[int, list[Note]]:
        """Notes what is to be changed in a source.

        Returns:
            How many problems are mended, and the notes.
        """
        early = self._answers(late=False)
        while True:
            blocked = len(self._context.blocked)
            late = self._answers(late=True)
            following = list(self._endings.following())
            if len(self._context.blocked) == blocked:
                break
            # What is blocked now may be part of what was to be changed.
            self._endings.forget_fixes()
        mended, notes = 0, []
        for problem, answer in (*early, *late):
            if isinstance(answer, Fix) and problem.site.node in self._context.blocked:
                answer = Refusal("the rest of the call needs keras_ckpt, and so it stays as it is.")
            if isinstance(answer, Fix):
                answer.apply()
                mended += 1
                if answer.note:
                    notes.append(note_on(self._context.source, problem, answer.note, Kind.CHANGED))
            else:
                notes.append(note_on(self._context.source, problem, answer.why))
        for path, node, answer in following:
            if isinstance(answer, Fix):
                answer.apply()
                mended += 1
                if answer.note:
                    notes.append(note(self._context.source, node, "", answer.note, Kind.CHANGED))
            else:
                self._context.staying.append(path._replace(why=answer.why))
                notes.append(note(self._context.source, node, "", answer.why))
        return mended, notes

    def _answers(self, late: bool) -> list[tuple[Problem, Answer]]:
        answers: list[tuple[Problem, Answer]] = []
        for problem in self._context.problems:
            if problem.rule.is_late is late:
                answer = problem.rule.fix(problem, self)
                answers.append((problem, answer))
                if isinstance(answer, Refusal) and answer.needs_keras_ckpt:
                    self._context.block(problem.site.node)
        return answers

    # What rules ask

    def drop(self, argument: Argument, note: str = "") -> Answer:
        """Returns how to drop an argument.

        Args:
            argument: one by name.
            note: what to know of the change.
        """
        parent = self._context.names.parents.get(argument.node)
        if isinstance(parent, ast.keyword):
            call = self._context.names.parents[parent]
            assert isinstance(call, ast.Call)
            if call is argument.node or not self._context.paths.is_alone(argument.node):
                return self._elsewhere(argument)
            index = self.index_of(call, argument.node)
            assert index is not None
            return Fix(lambda: self._context.edits.call(call).dropped.add(index), note)
        if isinstance(parent, ast.Dict) and self._context.paths.is_alone(argument.node):
            place = parent.values.index(argument.node)
            return Fix(lambda: self._context.edits.drop_item(parent, place), note)
        return self._elsewhere(argument)

    def set_value(self, argument: Argument, code: str) -> Answer:
        """Returns how to give an argument another value."""
        parent = self._context.names.parents.get(argument.node)
        call = self._context.names.parents[parent] if isinstance(parent, ast.keyword) else parent
        index = self.index_of(call, argument.node) if isinstance(call, ast.Call) else None
        if index is None or not isinstance(call, ast.Call):
            return self._elsewhere(argument)
        if not self._context.paths.is_alone(argument.node):
            return self._elsewhere(argument)
        return Fix(lambda: self._context.edits.call(call).values.__setitem__(index, code))

    def add(self, site: CallSite, name: str, code: str) -> Answer:
        """Returns how to add an argument by name."""
        call = site.node
        assert isinstance(call, ast.Call)
        if not site.complete:
            return Refusal("not all of its arguments are known", needs_keras_ckpt=False)
        return Fix(lambda: self._context.edits.call(call).added.__setitem__(name, code))

    def _elsewhere(self, argument: Argument) -> Refusal:
        module = argument.at.scope.within()
        if module is not None and argument.node not in self._context.names.parents:
            line = getattr(argument.node, "lineno", 0)
            return Refusal(
                f"it is set in {module.path}, line {line}. Change it by hand, there and here.",
                needs_keras_ckpt=False,
            )
        return Refusal(
            Reason(
                "it is set in ",
                getattr(argument.node, "lineno", 0),
                ", which has more uses than this call. Change it by hand.",
            ),
            needs_keras_ckpt=False,
        )

    def rename_path(self, site: CallSite) -> Answer:
        """Returns how to give the path of a call another ending, wherever the file is used."""
        argument = site.path(self._context.old)
        if argument is not None and not self._endings.has(site):
            return self._elsewhere(argument)
        return self._endings.answer(site)

    def index_of(self, call: ast.Call, node: ast.AST) -> int | None:
        """Returns the index of an argument in a call, None if it is not written there."""
        return edits.index_of(call, node)

    def is_text(self, node: ast.AST) -> bool:
        """Returns whether a node is a string as it is written in code."""
        return literals.is_text(node)

    def is_alone(self, node: ast.AST) -> bool:
        """Returns whether a node is used for one call only."""
        return self._context.paths.is_alone(node)

    def end_of(self, node: ast.AST) -> ast.AST | None:
        """Returns the string that the end of a path is written in, None if unknown."""
        return self._endings.end_of(node)

    def change_call(self, call: ast.Call, dropped: Iterable[int], named: Mapping[int, str]) -> None:
        """Drops arguments of a call by their indices, and passes others by name."""
        edit = self._context.edits.call(call)
        edit.dropped.update(dropped)
        edit.named.update(named)

    def change_text(self, node: ast.AST, change: Callable[[str], str | None]) -> None:
        """Changes a string that is written in code."""
        self._context.edits.text(node, change)

    def change_texts(self, node: ast.AST, change: Callable[[str], str]) -> None:
        """Changes each part of a string that is written in code."""
        self._context.edits.texts(node, change)


def problems_of(
    source: Source,
    sites: Sites,
    old: Release,
    new: Release,
    selected: Callable[[str], bool],
    tf_keras: bool = False,
) -> Iterable[Problem]:
    """Returns what is wrong in a source, but for what a `# noqa` silences and tf_keras runs."""
    for problem in checker.problems_at(source, sites, old, new, selected):
        if problem.site.stays and not tf_keras:
            continue
        if checker.finding(source, problem) is not None:
            yield problem
