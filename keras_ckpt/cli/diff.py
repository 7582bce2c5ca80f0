"""`keras-ckpt diff`: what changed between two releases."""

from __future__ import annotations

import io
import itertools
import json
import sys

import click
from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from keras_ckpt.migrate.releases.differences import Changelog, Difference, differences

# A pipe has no width; lines of this width are readable.
_WIDTH = 110


@click.command("diff", short_help="Show what changed between two releases.")
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(old: str, new: str, as_json: bool) -> None:
    """Show what the ModelCheckpoint of releases OLD and NEW does differently.

    A release is written as 2.4, tensorflow==2.4.1, keras==3.8.0 or tf_keras. No Keras is needed.
    """
    try:
        found = differences(old, new)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if as_json:
        click.echo(json.dumps(_data(found), indent=2))
    elif sys.stdout.isatty():
        Console().print(_printed(found, box.SIMPLE))
    else:
        console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
        with console.capture() as capture:
            console.print(_printed(found, box.ASCII2))
        click.echo("\n".join(line.rstrip() for line in capture.get().rstrip().splitlines()))


def _data(found: Changelog) -> dict[str, object]:
    return {
        "old": found.old.name,
        "new": found.new.name,
        "differences": [each._asdict() for each in found.differences],
        "releases": [{"release": name, "change": line} for name, line in found.releases],
    }


def _printed(found: Changelog, lines: box.Box) -> Group:
    title = f"ModelCheckpoint of {found.old.title} and of {found.new.title}"
    if not found.differences:
        return Group(Text(title + ": no difference.", style="bold"))
    parts: list[object] = [Text(title, style="bold"), ""]
    for section, group in itertools.groupby(found.differences, lambda each: each.section):
        parts += [Text(section, style="bold"), _table(found, list(group), lines), ""]
    if found.releases:
        parts.append(Text("Release by release", style="bold"))
        parts += [Text(f"  {name}: {change}") for name, change in found.releases]
    return Group(*parts)  # type: ignore[arg-type]


def _table(found: Changelog, group: list[Difference], lines: box.Box) -> Table:
    table = Table(box=lines, pad_edge=False, show_lines=lines is not box.SIMPLE)
    for title in ("", found.old.title, found.new.title):
        table.add_column(escape(title), overflow="fold")
    table.add_column("changed in", no_wrap=True)
    for each in group:
        cells = (each.subject, each.old, each.new, "\n".join(each.since))
        table.add_row(*(Text(cell) for cell in cells))
    return table
