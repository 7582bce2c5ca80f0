"""For which release code was written, as far as that can be determined.

Two things show it: what the calls pass, which some releases refuse, and what is pinned beside the
code, in `requirements*.txt`, `setup.cfg`, `setup.py`, `pyproject.toml`, `environment.yml` or a
`Pipfile`. It is the newest release that all of it fits.
"""

from __future__ import annotations

import glob
import os
import re
from typing import Callable, Iterable, NamedTuple, Sequence

from keras_ckpt import compat
from keras_ckpt.migrate.releases.release import (
    STAND_ALONE,
    Release,
    every,
    newest,
    newest_of_keras_2,
    release,
    stand_alone,
)
from keras_ckpt.migrate.rules.definition import Clue, rules
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import Checkpoint, Site

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
    """For which release code was written.

    Args:
        release: None if unknown.
        why: what shows it, or that nothing does.
    """

    release: Release | None
    why: str


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
        if any(rule.is_of_stand_alone_keras(each) for rule in rules().values() for each in seventh):
            return Origin(release(STAND_ALONE), "the seventh by position is a number")
        return Origin(None, "nothing in the code and no pinned version shows it")
    alone = stand_alone()
    is_alone = any(clue.package == "keras" and any(map(clue.fits, alone)) for clue in pins)
    releases = [*alone, *every()] if is_alone else every()
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
        # What runs on the newest shows nothing.
        for rule in rules().values():
            for clue in rule.clues(site):
                if not clue.fits(latest):
                    yield clue


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
        # What does not keep the newest out shows nothing.
        if exact or not _satisfies(_newest(name), specs):
            pinned = match["name"] + match["specs"].strip().rstrip(",")
            yield Clue(f"{os.path.basename(path)} pins {pinned}", _fits_pin(name, specs), name)


def _fits_pin(name: str, specs: list[tuple[str, str, str]]) -> Callable[[Release], bool]:
    def fits(each: Release) -> bool:
        return any(_satisfies(minor, specs) for minor in _versions(name, each))

    return fits


def _versions(name: str, each: Release) -> list[tuple[int, ...]]:
    """Returns the versions of a package, by their first two numbers, that have a release."""
    if name == "tf-keras":
        return []
    if each.is_stand_alone:
        # It needs no TensorFlow 2, and the last of it runs on the first of them.
        if name == "keras":
            return [_numbers(each.name.split()[1])]
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
