"""All rules on all files.

`check(paths, old, new)` returns a `Result`; `problems_of` returns what is wrong with the sites of
one source, with the nodes of its tree, from which `fix` works.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import gc
import re
from typing import Callable, Iterable, Iterator, Sequence

from keras_ckpt.migrate import origin
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.scopes import Module
from keras_ckpt.migrate.code.source import Source, Unreadable, mentions, python
from keras_ckpt.migrate.releases.release import Release, every, newest, newest_of_keras_2
from keras_ckpt.migrate.report.finding import Finding, Result
from keras_ckpt.migrate.rules.definition import KERAS_CKPT, Problem, rules, unique
from keras_ckpt.migrate.sites import configurations, references
from keras_ckpt.migrate.sites.finder import Sites, sites_of
from keras_ckpt.migrate.sites.site import CLASS, Argument, Checkpoint, Reference, Site

SYNTAX = "KC001"
UNKNOWN_ARGUMENTS = "KC901"
#: What only Python 2 has: the statement `print`, `except X, e`, `exec` and `raise X, y`.
_PYTHON_2 = re.compile(
    r"^[ \t]*(?:print[ \t]+(?![=(\[.]|in\b|if\b|else\b)\S"
    r"|except[ \t]+[\w.()]+[ \t]*,[ \t]*\w+[ \t]*:"
    r"|exec[ \t]+[\"'\w]|raise[ \t]+[\w.]+[ \t]*,)"
    r"|(?<![\w.])(?:xrange|unicode|raw_input)\(",
    re.MULTILINE,
)


class UnknownOrigin(Exception):
    """It matters for which release the code was written, and cannot be determined."""


@dataclasses.dataclass
class Checked:
    """A source with its sites, None if there is nothing to find."""

    source: Source
    sites: Sites | None = None


def checked(source: Source, project: Project | None = None) -> Checked:
    """Returns a source with its sites."""
    if not source.mentions():
        # A file without such code may be broken, unless it should be a notebook and is not.
        return Checked(source)
    if project is not None:
        module = project.module(source.path)
    else:
        tree = None if source.broken and not source.cells else source.parse()
        module = Module(tree) if tree is not None else None
    return _with_sites(source, module)


def _with_sites(source: Source, module: Module | None) -> Checked:
    if module is None:
        return Checked(source)
    sites = sites_of(module)
    matters = sites.found or sites.from_keras_ckpt or references.GIN in sites.facts.others
    return Checked(source, sites if matters else None)


def problems_of(
    source: Source,
    old: Release,
    new: Release,
    selected: Callable[[str], bool] | None = None,
    project: Project | None = None,
) -> list[Problem]:
    """Returns what is wrong in a source, without asking for `# noqa`.

    Args:
        source: the code.
        old: the release that it was written for.
        new: the release that it is to run on.
        selected: whether a rule is asked, by its code.
        project: the files that are checked together, None for this one alone.
    """
    return _problems(checked(source, project), old, new, selected or (lambda code: True))


def problems_at(
    source: Source, sites: Sites, old: Release, new: Release, selected: Callable[[str], bool]
) -> list[Problem]:
    """Returns what is wrong with the sites of a source, without asking for `# noqa`."""
    return _problems(Checked(source, sites), old, new, selected)


def _problems(
    each: Checked, old: Release, new: Release, selected: Callable[[str], bool]
) -> list[Problem]:
    if each.sites is None:
        return []
    found: list[Problem] = []
    if each.sites.facts.others & {"install", "emulate"}:
        return []  # They are what `keras_ckpt.install()` makes work.
    sites = [site for site in each.sites.found if old.is_tf_keras or not site.stays]
    for rule in rules().values():
        if rule.code != SYNTAX and selected(rule.code) and rule.concerns(old, new):
            for site in (*sites, *each.sites.from_keras_ckpt) if rule.asks_keras_ckpt else sites:
                found += rule.check(site, old, new)
    return list(unique(found))


def finding(source: Source, problem: Problem) -> Finding | None:
    """Returns a problem as a finding, None if a `# noqa` silences it."""
    line, column, end_line, end_column = position(source, problem)
    node = problem.site.node if isinstance(problem.site.node, ast.Call) else problem.node
    lines = {line, end_line}
    if isinstance(node, ast.Call):
        lines.update(range(node.lineno, source.ends(node)[0] + 1))
    if is_silenced(source, lines, problem.rule.code):
        return None
    begin, end = source.place(line, column), source.place(end_line, end_column)
    return Finding(
        source.path,
        begin.cell or 0,
        begin.line,
        begin.column,
        problem.rule.code,
        problem.rule.name,
        problem.message,
        problem.advice,
        end.line,
        end.column,
        "note" if problem.rule.informs else "error",
    )


def position(source: Source, problem: Problem) -> tuple[int, int, int, int]:
    """Returns where a problem begins and ends, in lines and columns of the source's text."""
    node = problem.node or problem.site.node
    if problem.argument is not None and _is_here(problem.argument, problem.site):
        begin = problem.argument.keyword or problem.argument.node
        return (*source.start(begin), *source.ends(problem.argument.node))
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return _head(source, node)
    return (*source.start(node), *source.ends(node))


def _is_here(argument: Argument, site: Site) -> bool:
    """Returns whether an argument stands in the file of its site, and not in another."""
    return argument.at.scope.within() is site.module


def _head(source: Source, node: ast.ClassDef | ast.FunctionDef) -> tuple[int, int, int, int]:
    """Returns where a definition begins, and where its name ends if that is on the same line."""
    line, column = source.start(node)
    text = source.lines[line - 1]
    match = re.compile(r"\w+\s+" + re.escape(node.name)).match(text, column - 1)
    return line, column, line, match.end() + 1 if match is not None else column


def is_silenced(source: Source, lines: Iterable[int], code: str) -> bool:
    """Returns whether a `# noqa` on one of some lines silences a rule."""
    silenced = source.silenced(lines, {rule.name for rule in rules().values()})
    return silenced is not None and any(
        code.startswith(each) or rules()[code].name.upper() == each for each in silenced
    )


def _broken(each: Source) -> list[Finding]:
    found = []
    for broken in each.broken:
        if not is_silenced(each, [broken.line], SYNTAX):
            place = each.place(broken.line, broken.column)
            said = broken.message.rstrip(".")
            said += "" if said.endswith("?") else "."
            message = f"{python()} cannot parse this: {said}"
            advice = "Nothing else is checked here."
            if _PYTHON_2.search(each.text):
                advice += " Convert code for Python 2 with 2to3 first."
            if broken.is_file:
                message, advice = "This is not a Jupyter notebook.", "Nothing is checked here."
            found.append(
                Finding(
                    each.path,
                    place.cell or 0,
                    place.line,
                    place.column,
                    SYNTAX,
                    "syntax",
                    message,
                    advice,
                    place.line,
                    place.column,
                )
            )
    return found


@contextlib.contextmanager
def no_garbage() -> Iterator[None]:
    """Switches garbage collection off within, which takes long with many trees in memory."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def check(
    files: Sequence[str],
    old: Release | None = None,
    new: Release | None = None,
    selected: Callable[[str], bool] = lambda code: True,
    ask: Callable[[str], Release] | None = None,
    advance: Callable[[int], None] = lambda count: None,
    project: Project | None = None,
) -> Result:
    """Returns what breaks or changes its meaning in some files.

    Args:
        files: the files.
        old: the release that the code was written for; by default it is determined from the code
            and from what is pinned beside it.
        new: the release that it is to run on; the newest Keras 3 by default.
        selected: whether a rule is asked, by its code.
        ask: called for the old release if it cannot be determined, with the reason.
        advance: called with 1 for each file that has been read.
        project: the files, if they have been read already.

    Raises:
        UnknownOrigin: if the old release matters, cannot be determined, and `ask` is None.
    """
    new = new or newest()
    project = project or Project(files)
    errors: list[str] = []
    all_checked = _all_checked(project, errors, advance)
    found = [each for each in all_checked if each.sites is not None]
    why = "as specified"
    since = old
    if old is None:
        found_origin = origin.release_of([each.sites for each in found if each.sites], files)
        old, why = found_origin.release, found_origin.why
        if old is None and any(
            not problem.rule.informs
            for each in found
            for other in every()
            for problem in _problems(each, other, new, selected)
        ):
            if ask is None:
                raise UnknownOrigin(why)
            old, why = ask(why), "as specified"
        since = old or newest_of_keras_2()
    assert since is not None
    findings = []
    sources = set()
    if selected(SYNTAX):
        findings += [each for one in all_checked for each in _broken(one.source)]
    for each in found:
        for problem in _problems(each, since, new, selected):
            configured = list(_configured(project, problem, since, new, selected))
            reported = finding(each.source, problem)
            sources.add(each.source.path)
            findings += [one for one in configured if one is not None]
            # The code that takes a class by its name has to be changed as well as its arguments.
            if reported is not None and (not configured or isinstance(problem.site, Reference)):
                findings.append(reported)
    sites = [site for each in found if each.sites is not None for site in each.sites.found]
    wrappers = configurations.wrappers(sites, since)
    taken = any(references.GIN in each.sites.facts.others for each in found if each.sites)
    for path, text in configurations.everywhere(project, wrappers):
        for target in configurations.targets(text, wrappers, taken):
            findings += _of_table(path, text, target, since, new, selected)
    stays = old is None or not old.is_tf_keras
    stays = stays and any(site.stays for site in sites)
    count = len(files) - len(errors)
    found_in = frozenset(sources)
    return Result(sorted(set(findings)), errors, count, old, new, why, stays, sources=found_in)


def _configured(
    project: Project, problem: Problem, old: Release, new: Release, selected: Callable[[str], bool]
) -> Iterator[Finding | None]:
    """Returns what is found in the files that the arguments of a callback come from.

    For each mapping in one of them there is one result at least: None if nothing is wrong with it.
    """
    of_callback = isinstance(problem.site, Checkpoint) or (
        isinstance(problem.site, Reference) and problem.site.how == CLASS
    )
    if problem.rule.code != UNKNOWN_ARGUMENTS or not of_callback:
        return
    for path, text in configurations.beside(project, problem.site.module.path):
        for table in configurations.tables(text):
            yield None
            target = configurations.Target(table, {})
            yield from _of_table(path, text, target, old, new, selected)


def _of_table(
    path: str,
    text: str,
    target: configurations.Target,
    old: Release,
    new: Release,
    selected: Callable[[str], bool],
) -> Iterator[Finding]:
    """Returns what is wrong with the arguments of a callback in a configuration file."""
    source = Source(path, text)
    table, fixed = target
    tree = ast.parse(configurations.as_code(table, fixed))
    for each in _problems(Checked(source, Sites(Module(tree))), old, new, selected):
        keyword = each.argument.keyword if each.argument is not None else None
        name = (keyword.arg if keyword is not None else None) or "filepath"
        if name in fixed:
            continue  # Of the code, where it is found.
        entry = table.get(name) or table.get("filepath") or next(iter(table.values()))
        advice = each.advice
        if configurations.TARGET in table:
            advice = advice.replace(KERAS_CKPT, "`_target_: keras_ckpt.ModelCheckpoint`")
        if not is_silenced(source, [entry.line], each.rule.code):
            place = entry.line, entry.column
            told = each.rule.code, each.rule.name, each.message, advice
            level = "note" if each.rule.informs else "error"
            yield Finding(path, 0, *place, *told, *place, level)


def _all_checked(
    project: Project, errors: list[str], advance: Callable[[int], None]
) -> list[Checked]:
    """Returns the sources in which there may be something to find, with their sites."""
    sources: list[Source] = []
    for path in project.files:
        try:
            if mentions(project.content(path)) or path.endswith(".ipynb"):
                sources.append(project.source(path))
        except Unreadable as error:
            errors.append(str(error))
        advance(1)
    # What one module takes from another may have been parsed already then.
    modules = [project.module(each.path) if each.mentions() else None for each in sources]
    all_checked = [_with_sites(*each) for each in zip(sources, modules)]
    for source in sources:
        programs = [each for each in source.programs if each.mentions()]
        all_checked += [_with_sites(each, project.module_of(each)) for each in programs]
    return all_checked + list(_beside(project, all_checked))


def _beside(project: Project, all_checked: list[Checked]) -> Iterator[Checked]:
    """Returns the files that call subclasses of `ModelCheckpoint`, and have no word of Keras."""
    known = {each.source.path for each in all_checked}
    names = {
        site.node.name
        for each in all_checked
        for site in (each.sites.found if each.sites is not None else ())
        if isinstance(site.node, ast.ClassDef)
    }
    for name in sorted(names):
        for module in project.mentioning(name):
            if module.path not in known:
                known.add(module.path)
                yield _with_sites(project.source(module.path), module)
