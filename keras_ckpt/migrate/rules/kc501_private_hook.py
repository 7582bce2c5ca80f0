"""KC501: overridden private methods."""

from __future__ import annotations

import ast
import functools
from typing import Iterator

from keras_ckpt.migrate.releases.release import Release, newest, release
from keras_ckpt.migrate.rules.definition import (
    KERAS_CKPT,
    Answer,
    Clue,
    Plan,
    Problem,
    Refusal,
    Rule,
    register,
)
from keras_ckpt.migrate.sites.site import Site, Subclass


def hooks(release: Release) -> dict[str, list[str]]:
    """Returns the private methods of a release's class, each with its parameters."""
    found = {}
    for form in release.profile.hooks:
        name, _, parameters = form.rstrip(")").partition("(")
        if name.startswith("_"):
            found[name] = [each.strip() for each in parameters.split(",") if each.strip()]
    return found


def can_be_called(method: ast.FunctionDef, parameters: list[str]) -> bool:
    """Returns whether a method can be called with these arguments, by position or by name."""
    arguments = method.args
    own = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    if not any(getattr(each, "id", "") == "staticmethod" for each in method.decorator_list):
        own = own[1:]
    required = len(own) - len(arguments.defaults)
    keywords = [
        each.arg
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults)
        if default is None
    ]
    if arguments.vararg and arguments.kwarg:
        return required <= len(parameters)
    by_position = required <= len(parameters) and not keywords
    by_position = by_position and (bool(arguments.vararg) or len(parameters) <= len(own))
    accepted = set(own) | {each.arg for each in arguments.kwonlyargs}
    by_name = bool(arguments.kwarg) or set(parameters) <= accepted
    by_name = by_name and set(own[:required]) | set(keywords) <= set(parameters)
    return by_position or by_name


@register
class PrivateHook(Rule):
    code = "KC501"
    name = "private-hook"
    what = "Finds subclasses that override, or call, a private method whose signature has changed."
    why = (
        "`_save_model` and `_get_file_path` take `(epoch, logs)` up to TF 2.5 and `(epoch, batch, "
        "logs)` from 2.6 on. With the old signature, the first save raises a TypeError. A method "
        "that the new release does not have is never called, so what it does is not done."
    )
    before = """
from tensorflow.keras.callbacks import ModelCheckpoint


class Announced(ModelCheckpoint):
    def _save_model(self, epoch, logs):
        print("saving", epoch)
"""
    after = """
from tensorflow.keras.callbacks import ModelCheckpoint


class Announced(ModelCheckpoint):
    def _save_model(self, epoch, batch, logs):
        print("saving", epoch)
"""

    def concerns(self, old: Release, new: Release) -> bool:
        now = hooks(new)
        return any(now.get(name) != form for name, form in hooks(old).items())

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, Subclass):
            return
        was, now = hooks(old), hooks(new)
        for name, method in site.methods.items():
            if name in was and name not in now:
                yield self.problem(
                    site,
                    f"{new.title} has no `{name}` and never calls this one.",
                    f"Do it in a method that {new.title} calls, such as `on_epoch_end` or "
                    f"`_save_model`.",
                    node=method,
                )
            elif name in now and not can_be_called(method, now[name]):
                yield self.problem(
                    site,
                    f"{new.title} calls `{name}({', '.join(now[name])})`, which this one does not "
                    f"take: TypeError at the first save.",
                    f"Write `def {name}({', '.join(['self', *now[name]])})`, or {KERAS_CKPT}, "
                    f"which takes either form.",
                    node=method,
                )
            yield from self._calls(site, method, was, now, new)

    def _calls(
        self,
        site: Subclass,
        method: ast.FunctionDef,
        was: dict[str, list[str]],
        now: dict[str, list[str]],
        new: Release,
    ) -> Iterator[Problem]:
        for node in ast.walk(method):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name, of = node.func.attr, node.func.value
            own = isinstance(of, ast.Name) and of.id == "self" and name in site.methods
            is_super = isinstance(of, ast.Call) and getattr(of.func, "id", "") == "super"
            mine = isinstance(of, ast.Name) and of.id == "self"
            if name not in was or own or not (is_super or mine):
                continue
            if name not in now:
                problem = f"{new.title} has no `{name}`: AttributeError."
                advice = f"Do without it, or write {KERAS_CKPT}, which has it."
            elif not _fits(node, now[name]):
                takes = ", ".join(now[name])
                problem = f"`{name}` takes `({takes})` in {new.title}: TypeError."
                advice = f"Write `{name}({takes})`."
            else:
                continue
            yield self.problem(site, problem, advice, node=node)

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        return Refusal(f"private methods are not rewritten. {problem.advice}")

    def clues(self, site: Site) -> Iterator[Clue]:
        if not isinstance(site, Subclass):
            return
        for problem in self.check(site, release("2.0"), newest()):
            name = getattr(problem.node, "name", "")
            if name:
                method = site.methods[name]
                yield Clue(f"`{name}` is overridden", functools.partial(_calls, method))


def _calls(method: ast.FunctionDef, each: Release) -> bool:
    """Returns whether a release calls a method as it is defined."""
    form = hooks(each).get(method.name)
    return form is not None and can_be_called(method, form)


def _fits(node: ast.Call, parameters: list[str]) -> bool:
    if any(isinstance(each, ast.Starred) for each in node.args):
        return True
    names = [each.arg for each in node.keywords]
    if None in names:
        return True
    rest = parameters[len(node.args) :]
    return len(node.args) <= len(parameters) and set(names) == set(rest)
