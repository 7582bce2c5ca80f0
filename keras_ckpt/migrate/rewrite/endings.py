"""`Endings`: other endings for the paths of checkpoints, in all calls that write and read them.

The calls of one file on the disk are told by the same literal, the same text, or a text that fits
a template. They change together or not at all: what is not read natively, or is used for something
that is not known, stays as it is.
"""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING, Callable, Iterator

from keras_ckpt.migrate.call_sites import (
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    Argument,
    CallSite,
    Checkpoint,
)
from keras_ckpt.migrate.paths import WRITTEN_MODEL, WRITTEN_WEIGHTS, example
from keras_ckpt.migrate.rewrite import directories, obstacles
from keras_ckpt.migrate.rewrite import paths as written
from keras_ckpt.migrate.rewrite.results import WITH_US, Answer, Fix, Refusal
from keras_ckpt.migrate.sites import Sites
from keras_ckpt.migrate.values import Text

if TYPE_CHECKING:
    from keras_ckpt.migrate.rewrite.native import Native

#: Arguments of `save` and `save_weights` that Keras 3 has no use for.
_OF_SAVE = ("save_format", "options", "save_traces", "signatures")


class Endings:
    """The paths of a module.

    Args:
        native: what is worked on.
        sites: all calls.
        members: those that have a path, by the node of it.
    """

    def __init__(
        self,
        native: Native,
        sites: Sites,
        members: dict[ast.AST, list[tuple[CallSite, Argument]]],
    ) -> None:
        self._native = native
        self._sites = sites
        self._members = members
        self._answers: dict[ast.AST, Answer] = {}

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
        return None if not found else self._native.paths.end_of(node, found[0][1].at)

    def _find(self, argument: Argument) -> None:
        group = _Group(self._native, self._sites, self._members)
        why = group.collect(argument) or group.obstacle()
        done: list[bool] = []

        def apply() -> None:
            if not done:
                done.append(True)
                group.apply()

        answer: Answer = Refusal(why) if why else Fix(apply, group.told())
        self._answers[argument.node] = answer
        for node in group.nodes:
            self._answers[node] = answer
            if isinstance(answer, Fix):
                # Told once.
                answer = Fix(apply)
            else:
                for each, _ in self._members[node]:
                    self._native.blocked.add(each.node)


class _Group:
    """The calls that write and read the same file."""

    def __init__(
        self,
        native: Native,
        sites: Sites,
        members: dict[ast.AST, list[tuple[CallSite, Argument]]],
    ) -> None:
        self._native, self._sites, self._members = native, sites, members
        self._ends: dict[ast.AST, None] = {}
        self.nodes: dict[ast.AST, None] = {}
        self._ending = ""

    # What belongs together

    def collect(self, argument: Argument) -> str:
        """Collects the calls of a path; returns why that cannot be done."""
        todo = [argument]
        while todo:
            one = todo.pop()
            if one.node in self.nodes:
                continue
            self.nodes[one.node] = None
            end = self._native.paths.end_of(one.node, one.at)
            if end is None:
                return "the end of the path is not written in one place of this file. " + WITH_US
            why = self._follow(end)
            if why:
                return why
            for node, found in self._members.items():
                if node not in self.nodes and self._is_same(node, found[0][1]):
                    todo.append(found[0][1])
        return ""

    def _follow(self, end: ast.AST) -> str:
        """Collects what a literal goes to, and other literals that are equal to it."""
        equal = [end]
        text = written.text_of(end)
        if text and len(text) > 1:
            equal += [
                each
                for each in ast.walk(self._native.names.tree)
                if written.text_of(each) == text
                and each is not end
                and not isinstance(self._native.names.parents.get(each), (ast.Expr, ast.JoinedStr))
            ]
        for each in equal:
            if each in self._ends:
                continue
            self._ends[each] = None
            for use in self._native.paths.uses(each):
                if not use.known:
                    return (
                        "the path is also used for something else, in line %d. Change it by hand, "
                        "there and here." % getattr(use.node, "lineno", 0)
                    )
                if use.node in self._members:
                    self.nodes.setdefault(use.node)
        return ""

    def _is_same(self, node: ast.AST, argument: Argument) -> bool:
        end = self._native.paths.end_of(node, argument.at)
        if end is not None and end in self._ends:
            return True
        mine = argument.value
        if not isinstance(mine, Text) or not mine.shown.strip("…"):
            return False
        for each in self.nodes:
            other = self._members[each][0][1].value if each in self._members else None
            if isinstance(other, Text) and written.fit(mine.shown, other.shown):
                return True
        return False

    # Whether it can be done

    def _calls(self) -> Iterator[tuple[CallSite, Argument]]:
        for node in self.nodes:
            yield from self._members.get(node, ())

    def obstacle(self) -> str:
        """Returns why the calls cannot be changed, `""` if they can."""
        kinds = set()
        for site, argument in self._calls():
            if site.node in self._native.blocked:
                return "a call with this path, in line %d, needs keras_ckpt." % obstacles.line_of(
                    site
                )
            kind = self._written(site)
            if kind is None:
                return "whether weights alone are saved is not known."
            kinds.add(kind)
            why = obstacles.of_call(self._native, site, argument)
            if why:
                return why
        kinds.discard("")
        if not kinds:
            return (
                "nothing in this file writes it, so that it is in the old format. %s Or write it "
                "again once, by `keras-ckpt convert`." % WITH_US
            )
        if len(kinds) > 1:
            return "both weights and whole models are saved under this name."
        self._ending = kinds.pop()
        if any(not self._change(each) for each in self._ends):
            return "the end of the path is not known."
        calls = list(self._calls())
        if self._ending == WRITTEN_WEIGHTS[0]:
            why = obstacles.of_weights(self._native, self._sites, calls)
        else:
            why = obstacles.of_models(self._native, calls, self._ends)
        return why or obstacles.pattern(self._native, self._ends, self._ending)

    def _written(self, site: CallSite) -> str | None:
        """Returns the ending of what a call writes, `""` if it reads, None if not known."""
        if isinstance(site, Checkpoint):
            flag = site.bound(self._native.old).flag("save_weights_only")
            return None if flag is None else (WRITTEN_MODEL, WRITTEN_WEIGHTS)[flag][0]
        return {SAVE: WRITTEN_MODEL[0], SAVE_WEIGHTS: WRITTEN_WEIGHTS[0]}.get(site.kind, "")

    # How

    def _change(self, end: ast.AST) -> tuple[str, str] | None:
        """Returns what a literal ends in and shall end in."""
        tail = written.end_text(end)
        if tail is None:
            return None
        if tail.endswith((self._ending,)) and tail != self._ending:
            return ("", "")
        name = example(Text((tail,)), self._ending)
        last = tail.rstrip("/").replace("\\", "/").rpartition("/")[2]
        if tail.endswith("/"):
            last += "/"
        if not name:
            return None
        common = len(os.path.commonprefix([last, name]))
        return last[common:], name[common:]

    def told(self) -> str:
        """Returns what is to be known of the change."""
        if any(site.kind in (LOAD_WEIGHTS, LOAD_MODEL) for site, _ in self._calls()):
            return (
                "the files have other names and another format from now on; older ones are read "
                "by `keras-ckpt convert` alone."
            )
        return ""

    def apply(self) -> None:
        """Notes the changes."""
        edits, names = self._native.edits, self._native.names
        for end in self._ends:
            change = self._change(end)
            assert change is not None
            if change != ("", ""):
                edits.text(end, _replaced(*change))
        for site, argument in self._calls():
            if site.kind in (SAVE, SAVE_WEIGHTS):
                directories.make(self._native, site, argument)
            call = site.node
            assert isinstance(call, ast.Call)
            parent = names.parents.get(call)
            if site.kind == LOAD_WEIGHTS and isinstance(parent, ast.Attribute):
                outer = names.parents[parent]
                assert isinstance(outer, ast.Call)
                edits.unwrap(outer)
            unknown = _OF_SAVE if site.kind in (SAVE, SAVE_WEIGHTS) else ("options", "by_name")
            if isinstance(site, Checkpoint):
                continue
            for index, keyword in enumerate(call.keywords, len(call.args)):
                if keyword.arg in unknown:
                    edits.call(call).dropped.add(index)


def _replaced(old: str, new: str) -> Callable[[str], str | None]:
    def change(text: str) -> str | None:
        return text[: len(text) - len(old)] + new if text.endswith(old) else None

    return change
