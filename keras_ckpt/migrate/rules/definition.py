"""`Rule`: one thing that breaks or changes its meaning between two releases.

A rule is a class in a file of its own in `rules/`, which `register` makes known. It says what it is
about for its page of documentation, which pairs of releases it concerns, read off their profiles,
and what is wrong with a site: `Problem`.
"""

from __future__ import annotations

import abc
import ast
import enum
import functools
import importlib
import pkgutil
from typing import Callable, ClassVar, Iterable, Iterator, Mapping, NamedTuple, Protocol, Union

from keras_ckpt.migrate.code.source import Placed
from keras_ckpt.migrate.code.values.infer import Constant, Number, Str, integer
from keras_ckpt.migrate.releases.release import Release, newest, newest_of_keras_2
from keras_ckpt.migrate.sites.site import Argument, BoundArguments, CallSite, Checkpoint, Site

#: How code takes the callback of keras_ckpt.
KERAS_CKPT = "`from keras_ckpt import ModelCheckpoint`"


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


class Reason(str):
    """Why something is left as it is: a text that may name the line of something else.

    Attributes:
        without_line: the same without the number of the line, which other changes move.
        is_of_other_call: whether the call could change, and another one that it belongs to cannot.
    """

    without_line: str
    is_of_other_call: bool

    def __new__(
        cls,
        before: str,
        line: int | None = None,
        after: str = "",
        is_of_other_call: bool = False,
    ) -> Reason:
        shown = "" if line is None else f"line {line}"
        self = super().__new__(cls, f"{before}{shown}{after}")
        self.without_line = before + after
        self.is_of_other_call = is_of_other_call
        return self


class Fix(NamedTuple):
    """How something is mended.

    Args:
        apply: does it.
        note: what is to be known of it, `""` for nothing.
    """

    apply: Callable[[], object]
    note: str = ""


class Refusal(NamedTuple):
    """Why something is not mended.

    Args:
        why: the reason, and what to do.
        needs_keras_ckpt: whether only keras_ckpt keeps what the call means: then nothing else of it
            is changed either, so that `--to-keras-ckpt` finds it as it was.
    """

    why: str
    needs_keras_ckpt: bool = True


Answer = Union[Fix, Refusal]

#: What to do about what Keras 3 has nothing for.
WITH_KERAS_CKPT = "`keras-ckpt fix --to-keras-ckpt` keeps it."


class Plan(Protocol):
    """What `fix` asks of the rewriting of a module, which needs LibCST; rules do not.

    Attributes:
        old, new: the releases.
    """

    old: Release
    new: Release

    def drop(self, argument: Argument, note: str = "") -> Answer:
        """Returns how to drop an argument that is passed by name."""

    def set_value(self, argument: Argument, code: str) -> Answer:
        """Returns how to give an argument another value."""

    def add(self, site: CallSite, name: str, code: str) -> Answer:
        """Returns how to add an argument by name."""

    def rename_path(self, site: CallSite) -> Answer:
        """Returns how to give the path of a call another ending, wherever the file is used."""

    def index_of(self, call: ast.Call, node: ast.AST) -> int | None:
        """Returns the index of an argument in a call, None if it is not written there."""

    def is_text(self, node: ast.AST) -> bool:
        """Returns whether a node is a string as it is written in code."""

    def is_alone(self, node: ast.AST) -> bool:
        """Returns whether a node is used for one call only."""

    def end_of(self, node: ast.AST) -> ast.AST | None:
        """Returns the string that the end of a path is written in, None if unknown."""

    def change_call(self, call: ast.Call, dropped: Iterable[int], named: Mapping[int, str]) -> None:
        """Drops arguments of a call by their indices, and passes others by name."""

    def change_text(self, node: ast.AST, change: Callable[[str], str | None]) -> None:
        """Changes a string that is written in code."""

    def change_texts(self, node: ast.AST, change: Callable[[str], str]) -> None:
        """Changes each part of a string that is written in code."""


class Clue(NamedTuple):
    """What shows for which release code was written.

    Args:
        what: what was found.
        fits: whether a release fits it.
        package: where it is a pinned version, of which package.
    """

    what: str
    fits: Callable[[Release], bool]
    package: str = ""


class Group(enum.Enum):
    """What a rule is about: the first digit of its code."""

    SYNTAX = "0"
    ARGUMENTS = "1"
    PATHS = "2"
    FREQUENCY = "3"
    METRICS = "4"
    SUBCLASSES = "5"
    FILES = "6"
    RUN = "7"
    NOT_FOLLOWED = "9"


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
    #: The releases that the example is for: by default from TF 2.4 to the newest Keras 3.
    examples: ClassVar[tuple[str, str] | None] = None
    #: Whether only a run shows it: `check` never finds it, `run --report` does.
    needs_run: ClassVar[bool] = False
    #: Whether it only says what is not checked, which is no error.
    informs: ClassVar[bool] = False
    #: Whether calls that make the callback of keras_ckpt are asked about, too.
    asks_keras_ckpt: ClassVar[bool] = False
    #: Why `fix --native` changes nothing, `""` for the advice of the problem.
    refusal: ClassVar[str] = ""
    #: What to know of a change by `drop_argument`.
    when_dropped: ClassVar[str] = ""
    #: Whether `fix` is asked once it is known which calls need keras_ckpt, and so stay.
    is_late: ClassVar[bool] = False
    #: What to know where keras_ckpt means another thing than the old release, too.
    with_keras_ckpt: ClassVar[str] = ""
    #: The kinds of calls of which it refuses the file that they read, or write.
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()

    @property
    def group(self) -> Group:
        """What it is about."""
        return Group(self.code[2])

    @abc.abstractmethod
    def concerns(self, old: Release, new: Release) -> bool:
        """Returns whether there is a difference between the two releases."""

    @abc.abstractmethod
    def check(self, site: Site, old: Release, new: Release) -> Iterable[Problem]:
        """Returns what is wrong with a site, for releases that are concerned."""

    def fix(self, problem: Problem, plan: Plan) -> Answer:
        """Returns how `fix --native` mends a problem of this rule, or why it does not."""
        if self.refusal:
            return Refusal(self.refusal)
        return Refusal(problem.advice, needs_keras_ckpt=False)

    def clues(self, site: Site) -> Iterable[Clue]:
        """Returns what a site shows of the release that it was written for."""
        return ()

    def is_of_stand_alone_keras(self, site: Site) -> bool:
        """Returns whether a site means what only stand-alone Keras up to 2.3 took it for."""
        return False

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


def rename_path(rule: Rule, problem: Problem, plan: Plan) -> Answer:
    """A `fix` that gives the path of a call another ending."""
    assert isinstance(problem.site, CallSite)
    return plan.rename_path(problem.site)


def drop_argument(rule: Rule, problem: Problem, plan: Plan) -> Answer:
    """A `fix` that drops the argument, with the note `when_dropped` if the argument said much."""
    assert problem.argument is not None
    value = problem.argument.value
    # None is the default, and a string the name of a format.
    says_nothing = isinstance(value, Str) or value == Constant(None)
    return plan.drop(problem.argument, "" if says_nothing else rule.when_dropped)


def clue_of_keras_2(rule: Rule, site: Site) -> Iterator[Clue]:
    """A `clues` for calls that only Keras 2 takes as they are."""
    if isinstance(site, CallSite) and list(rule.check(site, newest_of_keras_2(), newest())):
        yield Clue(f"`{site.kind}` is used as in TF 2", lambda release: not release.is_keras_3)


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
        importlib.import_module(f"{package.__name__}.{module.name}")
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
        f"{release.title} raises TypeError: ModelCheckpoint.__init__() got an unexpected keyword "
        f"argument '{name}'."
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
    return words.split()[number - 1] if number <= 12 else f"{number}th"


def unique(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Returns the problems, each argument only once."""
    seen = set()
    for each in problems:
        about = each.argument.node if each.argument else each.node or each.site.node
        key = (each.rule.code, id(about))
        if key not in seen:
            seen.add(key)
            yield each
