"""`keras-ckpt check`: what breaks or changes its meaning in the code that calls Keras."""

from __future__ import annotations

import dataclasses
import sys
from typing import Iterable

import click
from rich.console import Console
from rich.text import Text

from keras_ckpt import progress
from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.migrate import checker, settings
from keras_ckpt.migrate.code import discovery
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.releases.release import Release, newest, release
from keras_ckpt.migrate.report import baseline as baselines
from keras_ckpt.migrate.report import render, wording
from keras_ckpt.migrate.report.finding import Result
from keras_ckpt.migrate.report.wording import count
from keras_ckpt.migrate.rules.definition import code_of

_QUESTION = "For which release was the code written? %s."
_NO_RELEASE = (
    f"{_QUESTION} Pass --from, such as --from 2.4, or set `from` in setup.cfg or pyproject.toml."
)


class Codes(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    name = "codes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return _codes(each.strip() for each in str(value).split(",") if each.strip())


def _codes(named: Iterable[str]) -> tuple[str, ...]:
    codes = []
    for each in named:
        code = code_of(each)
        if code is None:
            raise click.UsageError(
                f"There is no rule {printable(each)}. `keras-ckpt rule` lists them."
            )
        codes.append(code)
    return tuple(codes)


@click.command("check", short_help="Find code that breaks on another release.")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@click.option(
    "--from",
    "old",
    metavar="RELEASE",
    help="The release that the code was written for, such as 2.4 or tensorflow==2.4.1. By default "
    "it is determined from the code and from the versions that are pinned beside it.",
)
@click.option(
    "--to", "new", metavar="RELEASE", help="The release to check for. [default: the newest Keras 3]"
)
@click.option("--select", type=Codes(), metavar="CODES", help="Only these rules: KC101,KC2,period.")
@click.option("--ignore", type=Codes(), metavar="CODES", help="Not these rules.")
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Skip these files; may be repeated."
)
@click.option(
    "--format",
    "--output-format",
    "output_format",
    type=click.Choice(settings.FORMATS),
    help="What to print: html is a page of its own, markdown a comment on a pull request. "
    "[default: text]",
)
@click.option(
    "--baseline",
    metavar="FILE",
    help="Report only what is not in FILE, wherever in its file it stands now.",
)
@click.option(
    "--update-baseline",
    is_flag=True,
    help="Write all that is found to the FILE of --baseline, and exit with 0.",
)
def command(
    paths: tuple[str, ...],
    old: str | None,
    new: str | None,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    exclude: tuple[str, ...],
    output_format: str | None,
    baseline: str | None,
    update_baseline: bool,
) -> None:
    """Find the ModelCheckpoint calls and subclasses, and the saving and loading beside them, that
    break or change their meaning between two releases.

    PATHS are Python files, Jupyter notebooks, and directories of them. Settings are read from
    [tool.keras-ckpt] in pyproject.toml or [keras-ckpt] in setup.cfg. `# noqa: KC101` on a line of
    a call silences that rule there.

    Exits with 0 if nothing (new) is found, 1 if something is, and 2 after an error. Places that
    cannot be followed (KC9) are named, and are no finding.
    """
    if update_baseline and not baseline:
        raise click.UsageError("--update-baseline needs the file: --baseline FILE.")
    options = resolved(paths, old, new, select, ignore, exclude, output_format)
    named = files_of(paths, options)
    with checker.no_garbage():
        result = run(named, options)
        if update_baseline and baseline:
            sys.exit(_update(baseline, result))
        if baseline:
            try:
                result = baselines.without_known(result, baseline)
            except baselines.BadBaseline as error:
                raise click.UsageError(printable(str(error))) from error
        _print(result, options.output_format)
    for each in result.errors:
        click.echo("Error: " + printable(each), err=True)
    sys.exit(2 if result.errors else 1 if result.errors_found else 0)


def _update(path: str, result: Result) -> int:
    """Writes a baseline; returns the exit code."""
    for each in result.errors:
        click.echo("Error: " + printable(each), err=True)
    if result.errors:
        click.echo(f"{printable(path)} is not written: it would lack what was not read.", err=True)
        return 2
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(baselines.text_of(result, path))
    except OSError as error:
        raise click.UsageError(printable(f"{path} cannot be written: {error.strerror}")) from error
    click.echo(f"Wrote {count(len(result.findings), 'finding')} to {printable(path)}")
    return 0


def resolved(
    paths: tuple[str, ...],
    old: str | None,
    new: str | None,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    exclude: tuple[str, ...],
    output_format: str | None,
) -> settings.Settings:
    """Returns the settings for some paths, overridden by the options of the command line."""
    try:
        found = settings.find(paths)
    except (settings.BadSettings, OSError) as error:
        raise click.UsageError(printable(str(error))) from error
    return dataclasses.replace(
        found,
        old=old or found.old,
        new=new or found.new,
        select=_codes(found.select) if select is None else select,
        ignore=_codes(found.ignore) if ignore is None else ignore,
        exclude=found.exclude + exclude,
        output_format=output_format or found.output_format,
    )


def files_of(paths: tuple[str, ...], options: settings.Settings) -> list[str]:
    """Returns the files to check below some paths.

    Raises:
        click.UsageError: if there are none, or a path does not exist.
    """
    try:
        named = discovery.find(paths, options.exclude)
    except discovery.PathNotFound as error:
        raise click.UsageError(printable(str(error))) from error
    if not named:
        raise click.UsageError(
            f"There is no Python file or notebook in {printable(', '.join(paths))}, or all are "
            "excluded."
        )
    return named


def run(named: list[str], options: settings.Settings, project: Project | None = None) -> Result:
    """Checks some files. On a terminal, asks for the old release if it cannot be determined."""
    old = release_of(options.old) if options.old else None
    new = release_of(options.new) if options.new else newest()
    asking = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    with progress.shown(True), progress.bar(len(named), "Checking", "files") as advance:
        try:
            return checker.check(
                named, old, new, options.selects, _ask if asking else None, advance, project
            )
        except checker.UnknownOrigin as error:
            raise click.UsageError(_NO_RELEASE % _sentence(str(error))) from error


def release_of(version: str) -> Release:
    """Returns the release of that name.

    Raises:
        click.UsageError: if there is no such release.
    """
    try:
        return release(version)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from error


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ask(why: str) -> Release:
    click.echo(_QUESTION % _sentence(why), err=True)

    def convert(text: str) -> Release:
        try:
            return release(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    found: Release = click.prompt("Release, such as 2.4", value_proc=convert, err=True)
    return found


def _print(result: Result, output_format: str) -> None:
    if output_format != "text":
        text = render.WHOLE[output_format](result)
        if text:
            click.echo(text if output_format != "github" else _lines(text))
    elif sys.stdout.isatty():
        _print_colored(result)
    else:
        click.echo("\n".join(_line(line) for line in render.as_text(result)))


def _lines(text: str) -> str:
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(text: str) -> str:
    # The quick way, for most lines: there may be many.
    return text if text.isascii() and text.isprintable() else printable(text)


def _print_colored(result: Result) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for each in result.findings:
        line = Text(printable(each.where), style="bold")
        line.append(": ", style="not bold")
        line.append(each.code, style="bold red")
        line.append(" " + printable(each.message), style="not bold")
        console.print(line)
        console.print(Text("    " + printable(each.advice), style="green"))
    console.print(Text(printable(wording.summary(result)), style="bold"))
