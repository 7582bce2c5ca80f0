"""`Endings`: other endings for the paths of checkpoints, in all calls that write and read them.

The calls of one file on the disk are recognised by the same literal, the same text, or a text that
fits a template. They change together or not at all: what is not read natively, or is used for
something that is not known, stays as it is.
"""

from __future__ import annotations

import ast
from typing import Iterator

from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames import literals as written
from keras_ckpt.migrate.fix.native.renames.across_files import Path
from keras_ckpt.migrate.fix.native.renames.group import Group
from keras_ckpt.migrate.rules.definition import Answer, Fix, Refusal
from keras_ckpt.migrate.sites.site import Argument, CallSite


class Endings:
    """The paths of a module.

    Args:
        context: the module.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sites, self._members = context.sites, context.members
        self._answers: dict[ast.AST, Answer] = {}
        self._ends: set[ast.AST] = set()

    def forget_fixes(self) -> None:
        """Forgets what can be changed: something else has to stay now."""
        for node in [each for each, one in self._answers.items() if isinstance(one, Fix)]:
            del self._answers[node]
        self._ends.clear()

    def following(self) -> Iterator[tuple[Path, ast.AST, Answer]]:
        """Returns how to follow other files, which give paths of this one other endings."""
        context = self._context
        shared = {each.place for each in context.others.renamed if each.place is not None}
        for node, found in self._members.items():
            shown = context.shown(found[0][1])
            end = context.paths.end_of(node, found[0][1].at) if shared else None
            place = context.place(end) if end is not None else None
            if not context.others.endings(shown, [place] if place is not None else ()):
                continue
            asked = node in self._answers
            if not asked:
                self._find(found[0][1])
            answer = self._answers[node]
            if isinstance(answer, Refusal) or not asked:
                for each in shown or [""]:
                    yield context.path(node, each)._replace(place=place), node, answer
        for node in context.names.nodes:
            text = written.text_of(node)
            if shared and written.is_text(node) and node not in self._ends:
                place = context.place(node)
                if place in shared and node not in self._members:
                    group = Group(context, self._sites, self._members)
                    path = context.path(node, "")._replace(place=place)
                    yield path, node, self._of(group, group.collect_text(node))
                    continue
            if not text or node in self._ends or not ("." in text or "/" in text):
                continue
            parent = context.names.parents.get(node)
            if isinstance(parent, (ast.Expr, ast.JoinedStr)) or node in self._members:
                continue
            if context.others.endings([text]):
                group = Group(context, self._sites, self._members)
                yield context.path(node, text), node, self._of(group, group.collect_text(node))

    def has(self, site: CallSite) -> bool:
        """Returns whether the path of a call is written in this file."""
        rows = (each for row in self._members.values() for each, _ in row)
        return any(each.node is site.node and each.kind == site.kind for each in rows)

    def answer(self, site: CallSite) -> Answer:
        """Returns how to give the path of a call another ending."""
        for node, found in self._members.items():
            for each, argument in found:
                if each.node is site.node and each.kind == site.kind:
                    if node not in self._answers:
                        self._find(argument)
                    return self._answers[node]
        return Refusal("its path is not known.")

    def end_of(self, node: ast.AST) -> ast.AST | None:
        """Returns the string that the end of a path is written in, None if that is not known."""
        found = self._members.get(node)
        return None if not found else self._context.paths.end_of(node, found[0][1].at)

    def _find(self, argument: Argument) -> None:
        group = Group(self._context, self._sites, self._members)
        answer = self._of(group, group.collect(argument))
        self._answers.setdefault(argument.node, answer)

    def _of(self, group: Group, why: str) -> Answer:
        """Returns how a group is changed, which all of its calls have for an answer then.

        Args:
            group: the group.
            why: why that cannot be, if that is known.
        """
        why = why or group.obstacle()
        done: list[bool] = []

        def apply() -> None:
            if not done:
                done.append(True)
                group.apply()

        first: Answer = Refusal(why) if why else Fix(apply, group.note())
        answer = first
        for node in group.nodes:
            self._answers[node] = answer
            if isinstance(answer, Fix):
                # Noted once.
                answer = Fix(apply)
            else:
                for each, _ in self._members.get(node, ()):
                    self._context.block(each.node)
        if not why:
            self._ends.update(group.ends)
        return first
