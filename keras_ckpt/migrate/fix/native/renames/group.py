"""`Group`: the calls that write and read one file on the disk, which change together."""

from __future__ import annotations

import ast
import os
from typing import Callable, Iterator

from keras_ckpt.endings import ARCHIVE, WEIGHTS
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames import directories, obstacles, outside
from keras_ckpt.migrate.fix.native.renames import literals as written
from keras_ckpt.migrate.fix.native.renames.across_files import Place, is_nameless
from keras_ckpt.migrate.rules.definition import WITH_KERAS_CKPT, Reason
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.paths import example
from keras_ckpt.migrate.sites.site import (
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    Argument,
    CallSite,
    Checkpoint,
)

_TOLD = (
    "`%s` is now `%s`, in another format. Files from before are read by `keras-ckpt convert` and "
    "`keras_ckpt.load_%s`. Whatever else reads them, elsewhere, has to be changed, too."
)
_PASSED = " What is passed as %s has to end in `%s` from now on."
#: Arguments of `save` and `save_weights` that Keras 3 has no use for.
_OF_SAVE = ("save_format", "options", "save_traces", "signatures")


class Group:
    """The calls that write and read the same file."""

    def __init__(
        self,
        context: Context,
        sites: Sites,
        members: dict[ast.AST, list[tuple[CallSite, Argument]]],
    ) -> None:
        self._context, self._sites, self._members = context, sites, members
        self.ends: dict[ast.AST, None] = {}
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
            end = self._context.paths.end_of(one.node, one.at)
            if end is None:
                return (
                    "the end of the path is not written in one place of this file. "
                    + WITH_KERAS_CKPT
                )
            why = self._follow(end)
            if why:
                return why
            for node, found in self._members.items():
                if node not in self.nodes and self._is_same(node, found[0][1]):
                    todo.append(found[0][1])
        return ""

    def collect_text(self, end: ast.AST) -> str:
        """Collects the calls of a literal; returns why that cannot be done."""
        why = self._follow(end)
        for node in list(self.nodes):
            if not why and node in self._members:
                del self.nodes[node]
                why = self.collect(self._members[node][0][1])
        return why

    def _follow(self, end: ast.AST) -> str:
        """Collects what a literal goes to, and other literals that are equal to it."""
        equal = self._equal(end)
        for each in equal:
            if each in self.ends:
                continue
            self.ends[each] = None
            home = self._context.paths.home(each)
            for use in self._context.paths.of(home).uses(each):
                if not use.known and use.node not in self._context.names.parents:
                    line = getattr(use.node, "lineno", 0)
                    return (
                        f"the path is written in {home.path}, line {getattr(each, 'lineno', 0)}, "
                        f"and used for something else, too, in line {line} of that file or of "
                        "another one that has it from there. Change it by hand, there and here."
                    )
                if not use.known:
                    return Reason(
                        "the path is also used for something else, in ",
                        getattr(use.node, "lineno", 0),
                        ". Change it by hand, there and here.",
                    )
                if use.is_end:
                    equal += self._equal(use.node) if use.node not in self.ends else []
                elif use.node in self._members:
                    self.nodes.setdefault(use.node)
        return ""

    def _equal(self, end: ast.AST) -> list[ast.AST]:
        """Returns a literal, and the others of the module that name the same file."""
        text, names = written.text_of(end), self._context.names
        if not text or len(text) < 2 or self._is_elsewhere(end):
            return [end]
        return [end] + [
            each
            for each in names.nodes
            if each is not end
            and written.names_the_same(text, written.text_of(each))
            and not isinstance(names.parents.get(each), (ast.Expr, ast.JoinedStr))
        ]

    def _is_elsewhere(self, end: ast.AST) -> bool:
        return end not in self._context.names.parents

    def places(self) -> set[Place]:
        """Returns where the paths are written."""
        return {self._context.place(each) for each in self.ends}

    def _is_same(self, node: ast.AST, argument: Argument) -> bool:
        end = self._context.paths.end_of(node, argument.at)
        if end is not None and end in self.ends:
            return True
        mine = self._context.shown(argument)
        for each in self.nodes:
            others = self._context.shown(self._members[each][0][1]) if each in self._members else []
            if any(written.fit(one, other) for one in mine for other in others):
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
            if site.node in self._context.blocked:
                return Reason(
                    "a call with this path, in ",
                    obstacles.line_of(site),
                    ", needs keras_ckpt.",
                    is_of_other_call=True,
                )
            if site.stays and not self._context.tf_keras:
                line = obstacles.line_of(site)
                return Reason("", line, " is of tf_keras, which needs it as it is.")
            kind = self._written(site)
            if kind is None:
                return "whether weights alone are saved is not known."
            kinds.add(kind)
            shown = self._context.shown(argument)
            if kind and shown and all("…" in each and is_nameless(each) for each in shown):
                return "too little of its name is known to find what reads the file."
            why = obstacles.of_call(self._context, site, argument)
            if why:
                return why
        kinds.discard("")
        shown = list(self._shown())
        places = self.places()
        kinds |= self._context.others.endings(shown, places)
        why = self._context.others.obstacle(shown, places)
        if why:
            return why
        if not kinds:
            return (
                "nothing in this file writes it, so that it is in the old format. "
                f"{WITH_KERAS_CKPT} Or write it again once, by `keras-ckpt convert`."
            )
        if len(kinds) > 1:
            return "both weights and whole models are saved under this name."
        self._ending = kinds.pop()
        if any(not self._change(each) for each in self.ends):
            return "the end of the path is not known."
        calls = list(self._calls())
        if self._ending == WEIGHTS[0]:
            why = obstacles.of_weights(self._context, self._sites, calls)
        else:
            why = obstacles.of_models(self._context, calls, self.ends)
        return why or obstacles.pattern(self._context, self.ends, self._ending)

    def _shown(self) -> Iterator[str]:
        """Returns the paths, as far as they are known."""
        for _, argument in self._calls():
            yield from self._context.shown(argument)
        for each in self.ends:
            yield written.text_of(each) or ""

    def _written(self, site: CallSite) -> str | None:
        """Returns the ending of what a call writes, `""` if it reads, None if not known."""
        if isinstance(site, Checkpoint):
            flag = site.bound(self._context.old).flag("save_weights_only")
            return None if flag is None else (ARCHIVE, WEIGHTS)[flag][0]
        return {SAVE: ARCHIVE[0], SAVE_WEIGHTS: WEIGHTS[0]}.get(site.kind, "")

    # How

    def _change(self, end: ast.AST) -> tuple[str, str] | None:
        """Returns what a literal ends in and is to end in."""
        tail = written.end_text(end)
        if tail is None:
            return None
        if tail.endswith((self._ending,)) and tail != self._ending:
            return ("", "")
        name = example(Str((tail,)), self._ending)
        last = tail.rstrip("/").replace("\\", "/").rpartition("/")[2]
        if tail.endswith("/"):
            last += "/"
        if not name:
            return None
        common = len(os.path.commonprefix([last, name]))
        return last[common:], name[common:]

    def note(self) -> str:
        """Returns what is to be known of the change."""
        for end in self.ends:
            change = self._change(end)
            if change and change != ("", ""):
                tail = (written.end_text(end) or "").replace("\\", "/").rstrip("/")
                old = tail.rpartition("/")[2]
                if not change[0].endswith("/"):
                    new = old[: len(old) - len(change[0])] + change[1]
                else:
                    new = old + "/" + change[1]
                reader = "weights" if self._ending == WEIGHTS[0] else "model"
                return _TOLD % (old, new, reader) + self._of_options()
        return ""

    def _of_options(self) -> str:
        """Returns what to know of paths that are passed on the command line instead."""
        every = (outside.option(self._context.paths.home(each), each) for each in self.ends)
        options = [each for each in dict.fromkeys(every) if each]
        return _PASSED % (" and ".join(options), self._ending) if options else ""

    def apply(self) -> None:
        """Notes the changes."""
        edits, names = self._context.edits, self._context.names
        for end in self.ends:
            change = self._change(end)
            assert change is not None
            if change != ("", ""):
                if not self._is_elsewhere(end):
                    edits.text(end, _replaced(*change))
                self._tell_others(end)
        for site, argument in self._calls():
            if site.kind in (SAVE, SAVE_WEIGHTS):
                directories.make(self._context, site, argument)
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

    def _tell_others(self, end: ast.AST) -> None:
        context = self._context
        text = written.text_of(end)
        place = context.place(end)
        if self._is_elsewhere(end) or context.is_shared(end):
            for site, _ in self._calls():
                told = context.path(site.node, "", self._ending)
                context.renamed.append(told._replace(place=place))
        if text and not self._is_elsewhere(end):
            context.renamed.append(context.path(end, text, self._ending))
        for site, argument in self._calls():
            for shown in context.shown(argument):
                context.renamed.append(context.path(site.node, shown, self._ending))


def _replaced(old: str, new: str) -> Callable[[str], str | None]:
    def change(text: str) -> str | None:
        return text[: len(text) - len(old)] + new if text.endswith(old) else None

    return change
