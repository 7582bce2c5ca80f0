"""`keras-ckpt fix`: the code that `check` finds, rewritten."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Iterable, Iterator

import click
from rich.console import Console
from rich.text import Text

from keras_ckpt import progress
from keras_ckpt.cli import check
from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.migrate import checker, settings
from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.code.source import Unreadable
from keras_ckpt.migrate.releases.release import newest, newest_of_keras_2
from keras_ckpt.migrate.report.finding import Result
from keras_ckpt.migrate.report.wording import count

if TYPE_CHECKING:  # They need LibCST, which may not be installed.
    from keras_ckpt.migrate.fix.answers import Note
    from keras_ckpt.migrate.fix.rewrite import Part, Rewritten, Target

_NEITHER = (
    "Say what to rewrite to, --to-keras-ckpt or --native:\n"
    "  --to-keras-ckpt  the same calls, taken from keras_ckpt, which does what they meant.\n"
    "  --native         calls that Keras 3 takes by itself, where they can mean the same."
)
_BOTH = "--to-keras-ckpt and --native are two ways, of which only one can be taken."
_NO_LIBCST = (
    "`keras-ckpt fix` needs the package libcst. Install it with "
    '`pip install "keras-ckpt[migrate]"`.'
)
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@click.command("fix", short_help="Rewrite code for another release.")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@click.option(
    "--to-keras-ckpt",
    is_flag=True,
    help="Take ModelCheckpoint from keras_ckpt where `check` finds something, and what saves and "
    "loads where Keras 3 would refuse the file, or may, with what reads the same file. Arguments "
    "stay as they are.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="With --to-keras-ckpt: take every ModelCheckpoint from keras_ckpt, also where `check` "
    "finds nothing.",
)
@click.option(
    "--native",
    is_flag=True,
    help="Write calls that Keras 3 takes without keras_ckpt, where they can mean the same. What "
    "cannot is named and stays. A file that gets another name gets it in all PATHS, or in none.",
)
@click.option("--write", is_flag=True, help="Write the files. By default only a diff is shown.")
@click.option(
    "--from",
    "old",
    metavar="RELEASE",
    help="The release that the code was written for, as of check.",
)
@click.option(
    "--to", "new", metavar="RELEASE", help="The release to write for. [default: the newest Keras 3]"
)
@click.option("--select", type=check.Codes(), metavar="CODES", help="Only these rules: KC101,KC2.")
@click.option("--ignore", type=check.Codes(), metavar="CODES", help="Not these rules.")
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Skip these files; may be repeated."
)
def command(
    paths: tuple[str, ...],
    to_keras_ckpt: bool,
    everything: bool,
    native: bool,
    write: bool,
    old: str | None,
    new: str | None,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    exclude: tuple[str, ...],
) -> None:
    """Rewrite code for another release, and leave formatting, comments and the rest as it is.

    What `check` finds is rewritten, with what writes and reads the same files in all PATHS; `--all`
    rewrites every ModelCheckpoint. Code that imports tf_keras runs as it stands, and stays unless
    it is asked for by `--from tf_keras`.

    PATHS are Python files, Jupyter notebooks, and directories of them. A diff is shown; --write
    applies it. Of notebooks nothing but changed code is touched. What is not changed is named with
    the reason.

    Exits with 0 if there is nothing to change or it is written, 1 if there is a diff that is not
    written, and 2 after an error.
    """
    if to_keras_ckpt and native:
        raise click.UsageError(_BOTH)
    if not to_keras_ckpt and not native:
        raise click.UsageError(_NEITHER)
    if everything and not to_keras_ckpt:
        raise click.UsageError("--all is for --to-keras-ckpt: --native rewrites what breaks alone.")
    try:
        import libcst  # noqa: F401
    except ImportError:
        raise click.UsageError(_NO_LIBCST) from None
    from keras_ckpt.migrate.fix import project, rewrite

    options = check.resolved(paths, old, new, select, ignore, exclude, None)
    named = check.files_of(paths, options)
    until = check.release_of(options.new) if options.new else newest()
    files = project.read(named)
    with checker.no_garbage():
        found = _checked(named, options, to_keras_ckpt, files)
    since = (found.old if found is not None else None) or newest_of_keras_2()
    tf_keras = bool(options.old) and since.is_tf_keras
    target = rewrite.Target(to_keras_ckpt, since, until, options.selects, tf_keras, everything)
    run = _Run(write)
    with checker.no_garbage():
        run.files(files, target, found)
    sys.exit(run.end())


def _checked(
    named: list[str], options: settings.Settings, to_keras_ckpt: bool, files: Project
) -> Result | None:
    """Returns what is found, None if it is not known for which release the code was written."""
    try:
        return check.run(named, options, files)
    except click.UsageError:
        # What is imported from keras_ckpt hardly depends on it.
        if not to_keras_ckpt or options.old:
            raise
        return None


class _Run:
    """All files of one run.

    Args:
        write: whether they are written.
    """

    def __init__(self, write: bool) -> None:
        self._write = write
        self._notes: list[Note] = []
        self._errors: list[str] = []
        self._changes = 0
        self._files = 0
        color = sys.stdout.isatty()
        self._console = Console(soft_wrap=True, highlight=False) if color else None

    def files(self, read: Project, target: Target, found: Result | None) -> None:
        """Rewrites files.

        Args:
            read: the files.
            target: what they are rewritten to.
            found: what `check` finds in them.
        """
        from keras_ckpt.migrate.fix import leftovers, project

        contents: dict[str, bytes] = {}
        for path in read.files:
            try:
                contents[path] = read.content(path)
            except Unreadable as error:
                self._errors.append(str(error))
        with progress.shown(True), progress.bar(len(contents), "Rewriting", "files") as advance:
            outcomes = project.rewrite_all(contents, target, advance, found, read)
            left = leftovers.leftovers(contents, outcomes, target, read)
            self._notes += left.notes
        for path, outcome in outcomes.items():
            if isinstance(outcome, Unreadable):
                self._errors.append(str(outcome))
            elif isinstance(outcome, Exception):
                self._errors.append(f"{path} is not rewritten: {outcome}.")
            else:
                self._notes += [each for each in outcome.notes if each not in left.mended]
                self._file(path, contents[path], outcome)

    def _file(self, path: str, content: bytes, done: Rewritten) -> None:
        from keras_ckpt.migrate.fix.edits import write_back as written

        if done.content == content:
            return
        for line in _diff(path, done.parts):
            self._print(line)
        if self._write:
            try:
                written.write(path, content, done.content)
            except written.NotWritten as error:
                self._errors.append(str(error))
                return
        self._changes += done.changes
        self._files += 1

    def end(self) -> int:
        """Prints notes and summary, and returns the exit code."""
        for each in sorted(self._notes):
            code = each.code + " " if each.code else ""
            self._print(f"{each.where}: {code}{each.text}")
        done = "made" if self._write else "to make"
        number = count(self._changes, "change") if self._changes else "No changes"
        text = f"{number} {done}"
        if self._changes:
            text += f" in {count(self._files, 'file')}"
            if not self._write:
                text += ". Write them with --write"
        left = sum(each.is_left for each in self._notes)
        if left:
            text += f"; {count(left, 'place')} left"
        self._print(text + ".")
        for error in self._errors:
            click.echo("Error: " + printable(error), err=True)
        if self._errors:
            return 2
        return 1 if self._changes and not self._write else 0

    def _print(self, line: str) -> None:
        if self._console is None:
            click.echo(_shown(line))
            return
        style = "bold" if line.startswith(("+++", "---")) else _STYLES.get(line[:1], "")
        self._console.print(Text(_shown(line), style=style))


def _shown(line: str) -> str:
    return "\t".join(printable(part) for part in line.split("\t"))


def _diff(path: str, parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        name = path + (f":cell {part.cell}" if part.cell else "")
        lines = [each.splitlines() for each in (part.before, part.after)]
        yield from difflib.unified_diff(lines[0], lines[1], name, name, lineterm="")
