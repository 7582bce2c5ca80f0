"""`Rule`: one thing that breaks or changes its meaning between two releases.

A rule is a class in a file of its own in `rules/`, which `register` makes known. It says what it is
about for its page of documentation, which pairs of releases it concerns, read off their profiles,
and what is wrong with a site: `Problem`.
"""

from __future__ import annotations

import abc
import functools
import importlib
import pkgutil
from typing import ClassVar, Iterable, Iterator, NamedTuple

from keras_ckpt.migrate.code.source import Placed
from keras_ckpt.migrate.code.values.infer import Constant, Number, Str, integer
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.sites.site import Argument, BoundArguments, Checkpoint, Site

#: What code says that takes ours.
OURS = "`from keras_ckpt import ModelCheckpoint`"


class Problem(NamedTuple):
    """What is wrong with a site.

    Args:
        rule: the rule that found it.
        site: the site.
        message: what happens in the new release.
        advice: what to write.
        argument: the argument that it is about, if it is about one.
        node: the node that it is about otherwise; the site's by default.
    """

    rule: Rule
    site: Site
    message: str
    advice: str
    argument: Argument | None = None
    node: Placed | None = None


class Rule(abc.ABC):
    """One thing that breaks or changes its meaning between two releases."""

    #: `KC` and a number, of which the first digit is the group.
    code: ClassVar[str]
    #: A word or two, with hyphens.
    name: ClassVar[str]
    #: What it finds, why that matters: for the page, in Markdown.
    what: ClassVar[str]
    why: ClassVar[str]
    #: An example with exactly this problem, and without any.
    before: ClassVar[str]
    after: ClassVar[str]
    #: Whether calls that make our callback are asked about, too.
    asks_keras_ckpt: ClassVar[bool] = False

    @abc.abstractmethod
    def concerns(self, old: Release, new: Release) -> bool:
        """Returns whether there is a difference between the two releases."""

    @abc.abstractmethod
    def check(self, site: Site, old: Release, new: Release) -> Iterable[Problem]:
        """Returns what is wrong with a site, for releases that are concerned."""

    def problem(
        self,
        site: Site,
        message: str,
        advice: str,
        argument: Argument | None = None,
        node: Placed | None = None,
    ) -> Problem:
        """Returns a problem of this rule."""
        return Problem(self, site, message, advice, argument, node)


_rules: dict[str, Rule] = {}


def register(rule: type[Rule]) -> type[Rule]:
    """Makes a rule known."""
    _rules[rule.code] = rule()
    return rule


@functools.lru_cache(maxsize=None)
def rules() -> dict[str, Rule]:
    """Returns all rules by their codes, in order."""
    from keras_ckpt.migrate import rules as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module("%s.%s" % (package.__name__, module.name))
    return dict(sorted(_rules.items()))


def code_of(text: str) -> str | None:
    """Returns the code of a rule, or the beginning of some codes, for what a user calls it.

    Args:
        text: a code, the beginning of one, or the name of a rule.
    """
    for code, rule in rules().items():
        if rule.name == text.lower():
            return code
    found = text.upper()
    return found if any(code.startswith(found) for code in rules()) else None


def refused_keyword(release: Release, name: str) -> str:
    """Returns what a release says of a keyword that it does not take."""
    return (
        "%s raises TypeError: ModelCheckpoint.__init__() got an unexpected keyword argument '%s'."
        % (release.title, name)
    )


def given(site: Site, name: str) -> Argument | None:
    """Returns the argument of this name that a call that makes a `ModelCheckpoint` is given."""
    return site.keywords.get(name) if isinstance(site, Checkpoint) else None


def bound(site: Site, release: Release) -> BoundArguments | None:
    """Returns the arguments of a call that makes a `ModelCheckpoint`, None of any other site."""
    return site.bound(release) if isinstance(site, Checkpoint) else None


def monitored(arguments: BoundArguments) -> str | None:
    """Returns the name of the metric that is monitored, or None if it is not known."""
    found = arguments.value("monitor", Str(("val_loss",)))
    return found.known if isinstance(found, Str) else None


def frequency(arguments: BoundArguments) -> int | str | None:
    """Returns an integer `save_freq`: the number, `"?"` for one not known, None otherwise."""
    found = arguments.value("save_freq", Str(("epoch",)))
    if isinstance(found, Number):
        return "?"
    return integer(found)


def shown(value: object) -> str:
    """Returns a value as it is written in code."""
    if isinstance(value, Str):
        return repr(value.shown)
    return repr(value.value) if isinstance(value, Constant) else "…"


def ordinal(number: int) -> str:
    """Returns the word for a place in a row, from 1 to 12."""
    words = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
    return words.split()[number - 1] if number <= 12 else "%dth" % number


def unique(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Returns the problems, without those that are told of the same argument twice."""
    seen = set()
    for each in problems:
        about = each.argument.node if each.argument else each.node or each.site.node
        key = (each.rule.code, id(about))
        if key not in seen:
            seen.add(key)
            yield each
