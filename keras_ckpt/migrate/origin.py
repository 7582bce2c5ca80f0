"""For which release code was written, as far as that can be told.

Two things tell: what the calls pass, which some releases refuse, and what is pinned beside the
code, in `requirements*.txt`, `setup.cfg`, `setup.py`, `pyproject.toml`, `environment.yml` or a
`Pipfile`. It is the newest release that all of it fits.
"""

from __future__ import annotations

import ast
import glob
import os
import re
from typing import Callable, Iterable, NamedTuple, Sequence

from keras_ckpt import compat
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import (
    STAND_ALONE,
    Release,
    every,
    newest,
    newest_of_keras_2,
    release,
)
from keras_ckpt.migrate.rules.definition import rules
from keras_ckpt.migrate.rules.kc105_positional import is_period
from keras_ckpt.migrate.rules.kc501_private_hook import can_be_called, hooks
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import CallSite, Checkpoint, Site, Subclass

_PINS = (
    "requirements*.txt",
    "requirements/*.txt",
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "environment*.y*ml",
    "Pipfile",
)
_PIN = re.compile(
    r"(?<![\w.-])(?P<name>tensorflow(?:[-_](?:cpu|gpu|macos|intel))?|tf[-_]keras|keras)"
    r"(?:\[[^\]]*\])?[\"']?\s*(?:=\s*[\"'])?"
    r"(?P<specs>(?:[~=!<>]{1,3}\s*v?\d+(?:\.\d+|\.\*)*(?:[\w.*+-]*)\s*,?\s*)+)",
    re.IGNORECASE,
)
_SPEC = re.compile(r"([~=!<>]{1,3})\s*v?(\d+(?:\.\d+)*)(\.\*)?")
_LONG = 1000000


class Origin(NamedTuple):
    """What is told.

    Args:
        release: None if nothing tells it.
        why: what tells it, or that nothing does.
    """

    release: Release | None
    why: str


class Clue(NamedTuple):
    """Something that only some releases fit; where it is a pin, of which package."""

    what: str
    fits: Callable[[Release], bool]
    package: str = ""


def release_of(found: Sequence[Sites], files: Sequence[str]) -> Origin:
    """Returns the newest release that all evidence fits.

    Args:
        found: the sites in the code.
        files: the files that it is in.
    """
    sites = [site for each in found for site in each.found if not site.stays]
    clues = list(_clues(sites))
    pins = list(_pins(files))
    if not clues and not pins:
        seventh = [each for each in sites if isinstance(each, Checkpoint)]
        seventh += [each for one in found for each in one.from_keras_ckpt]
        if any(is_period(each) for each in seventh):
            return Origin(release(STAND_ALONE), "the seventh by position is a number")
        return Origin(None, "nothing in the code and no pinned version tells it")
    alone = release(STAND_ALONE)
    is_alone = any(clue.package == "keras" and clue.fits(alone) for clue in pins)
    releases = [alone, *every()] if is_alone else every()
    for together in (clues + pins, clues or pins):
        fitting = [each for each in releases if all(clue.fits(each) for clue in together)]
        if fitting:
            whats = list(dict.fromkeys(clue.what for clue in together))
            why = ", ".join(whats[:3]) + (", …" if len(whats) > 3 else "")
            return Origin(fitting[-1], why)
    return Origin(newest_of_keras_2(), clues[0].what if clues else "what is pinned")


# What the code passes


def _clues(sites: Iterable[Site]) -> Iterable[Clue]:
    latest = newest()
    for site in sites:
        # What runs on the newest tells nothing.
        for what, fits in _fits_of(site):
            if not fits(latest):
                yield Clue(what, fits)


def _fits_of(site: Site) -> Iterable[tuple[str, Callable[[Release], bool]]]:
    if isinstance(site, Checkpoint):
        for name in site.keywords:
            yield "`%s` is passed" % name, _takes(name)
        count = len(site.positional)
        yield (
            "%d arguments are passed by position" % count,
            lambda each: count <= len(each.parameters),
        )
        path = site.argument(0, "filepath")
        text = path.value if path is not None else None
        if isinstance(text, Str):
            only = site.argument(4, "save_weights_only")
            known = only is None and site.complete
            flag = site.bound(every()[0]).flag("save_weights_only") if not known else False
            if flag is not None:
                yield "`%s` is saved to" % text.shown, _ends(text, 1 if flag else 0)
    elif isinstance(site, Subclass):
        for problem in rules()["KC501"].check(site, release("2.0"), newest()):
            name = getattr(problem.node, "name", "")
            if name:
                yield "`%s` is overridden" % name, _has_hook(site.methods[name])
    elif isinstance(site, CallSite):
        legacy = newest_of_keras_2()
        for code in ("KC601", "KC602", "KC604"):
            if list(rules()[code].check(site, legacy, newest())):
                yield "`%s` is used as in TF 2" % site.kind, lambda each: not each.is_keras_3


def _takes(name: str) -> Callable[[Release], bool]:
    def takes(each: Release) -> bool:
        return name in each.parameters or each.any_keyword

    return takes


def _ends(text: Str, index: int) -> Callable[[Release], bool]:
    def ends(each: Release) -> bool:
        endings = each.profile.endings[index]
        return not endings or text.ends_in(endings) is not False

    return ends


def _has_hook(method: ast.FunctionDef) -> Callable[[Release], bool]:
    def has(each: Release) -> bool:
        form = hooks(each).get(method.name)
        return form is not None and can_be_called(method, form)

    return has


# What is pinned


def _pins(files: Sequence[str]) -> Iterable[Clue]:
    directories: dict[str, None] = {}
    for path in files:
        directory = os.path.dirname(os.path.abspath(path))
        # Up to the root of the project.
        for _ in range(6):
            if directory in directories:
                break
            directories[directory] = None
            if os.path.exists(os.path.join(directory, ".git")):
                break
            directory = os.path.dirname(directory)
    for directory in directories:
        for pattern in _PINS:
            for path in sorted(glob.glob(os.path.join(glob.escape(directory), pattern))):
                yield from _pins_in(path)


def _pins_in(path: str) -> Iterable[Clue]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = re.sub(r"(?m)^\s*#.*$", "", file.read(_LONG))
    except OSError:
        return
    for match in _PIN.finditer(text):
        specs = _SPEC.findall(match["specs"])
        name = match["name"].lower().replace("_", "-")
        exact = any(operator in ("==", "===", "=") for operator, _, _ in specs)
        # What does not keep the newest out tells nothing.
        if exact or not _satisfies(_newest(name), specs):
            what = "%s pins %s%s" % (
                os.path.basename(path),
                match["name"],
                match["specs"].strip().rstrip(","),
            )
            yield Clue(what, _fits_pin(name, specs), name)


def _fits_pin(name: str, specs: list[tuple[str, str, str]]) -> Callable[[Release], bool]:
    def fits(each: Release) -> bool:
        return any(_satisfies(minor, specs) for minor in _versions(name, each))

    return fits


def _versions(name: str, each: Release) -> list[tuple[int, ...]]:
    """Returns the versions of a package, by their first two numbers, that have a release."""
    if name == "tf-keras":
        return []
    if each.name == STAND_ALONE:
        # Its last needs no TensorFlow 2, and runs on the first of them.
        if name == "keras":
            return [(2, minor) for minor in range(4)]
        return [*((1, minor) for minor in range(16)), (2, 0), (2, 1), (2, 2)]
    names = [each.name]
    if name == "keras":
        # Up to 2.5 that was another library.
        names = [] if each.name.startswith("2.") and _numbers(each.name) < (2, 6) else names
    else:
        names = [] if each.is_keras_3 else names
        names += [tf for tf, keras in compat.KERAS_OF_TENSORFLOW.items() if keras == each.name]
    return [_numbers(one) for one in names]


def _newest(name: str) -> tuple[int, ...]:
    """Returns the newest version of a package."""
    names = compat.KERAS_OF_TENSORFLOW if name.startswith("tensorflow") else compat.VERSIONS
    return _numbers(list(names)[-1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _satisfies(minor: tuple[int, ...], specs: list[tuple[str, str, str]]) -> bool:
    return all(_satisfies_one(minor, operator, _numbers(version)) for operator, version, _ in specs)


def _satisfies_one(minor: tuple[int, ...], operator: str, version: tuple[int, ...]) -> bool:
    # Of a release only the first two numbers matter: any patch of it may be the one.
    wanted = (version + (0, 0))[:2]
    if operator in ("==", "===", "="):
        return minor[: len(version)] == version[:2]
    if operator == "~=":
        return minor >= wanted and minor[: len(version) - 1] == version[:-1][:2]
    if operator == "<":
        return minor < wanted or (minor == wanted and any(version[2:]))
    if operator == "<=":
        return minor <= wanted
    if operator in (">", ">="):
        return minor >= wanted
    return True
