"""`keras-ckpt prune`: deletes the checkpoints of runs that some rules do not keep."""

from __future__ import annotations

import os
import sys

import click

from keras_ckpt.cli.display.failures import Command
from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.formats import registry
from keras_ckpt.restarts import catalogue
from keras_ckpt.runs import retention
from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.retention import Keeper, Retention
from keras_ckpt.storage import places

_COUNT = click.IntRange(min=1)


@click.command(
    "prune", cls=Command, short_help="Delete the checkpoints that some rules do not keep."
)
@click.argument("path", metavar="DIR")
@click.option("--max-to-keep", type=_COUNT, help="Keep so many of the newest.")
@click.option("--keep-best-n", type=_COUNT, help="Keep so many of the best.")
@click.option("--keep-period", type=_COUNT, help="Keep the epochs that are a multiple of it.")
@click.option(
    "--keep-checkpoint-every-n-hours",
    type=click.FloatRange(min=0, min_open=True),
    help="Keep one after so many hours.",
)
@click.option("--write", is_flag=True, help="Delete them. Without it they are only shown.")
def command(
    path: str,
    max_to_keep: int | None,
    keep_best_n: int | None,
    keep_period: int | None,
    keep_checkpoint_every_n_hours: float | None,
    write: bool,
) -> None:
    """Show which checkpoints of each run in DIR the rules do not keep, and delete them.

    The rules are those of keras_ckpt.ModelCheckpoint, for each run and template apart. The newest
    that is whole is always kept, and so is what the run kept for good by its own arguments. What
    has no record, such as copies and files of other programs, is never deleted.

    The exit code is 1 if one could not be deleted, and 2 if there is nothing at DIR.
    """
    rules = Retention(max_to_keep, keep_best_n, keep_period, keep_checkpoint_every_n_hours)
    if not rules.deletes:
        raise click.UsageError("Say what to keep: e.g. --max-to-keep 3 --keep-best-n 2")
    entries = catalogue.found_in(path)
    if not (entries or places.is_url(path) or "{" in path or os.path.exists(path)):
        raise click.UsageError(printable(f"There is nothing at {path}"))
    failed = False
    count = 0
    for group in catalogue.runs(entries).values():
        whole = next((each for each in reversed(group) if registry.flaw(each.path) is None), None)
        for entry in _over(catalogue.comparable(group), rules, whole):
            try:
                if write:
                    catalogue.delete(entry, None if whole is None else whole.path)
            except OSError as error:
                failed = True
                click.echo("Error: " + printable(str(error)), err=True)
                continue
            count += 1
            click.echo(printable(("deleted  " if write else "would delete  ") + entry.path))
    advice = "" if write or not count else " Add --write to delete them."
    click.echo(f"{count} checkpoint{'s' * (count != 1)}.{advice}")
    sys.exit(1 if failed else 0)


def _over(group: list[Entry], rules: Retention, whole: Entry | None) -> list[Entry]:
    """Returns what is to go of one run; nothing if none of it is whole."""
    if whole is None:
        return []
    keeper = Keeper(rules, group[0].record.started)
    for entry in group:
        keeper.add(entry)
    linked = [entry.path for entry in group if os.path.realpath(entry.path) in _targets(entry.path)]
    return keeper.over([whole.path, *retention.kept_for_good(group), *linked])


def _targets(path: str) -> set[str]:
    """Returns what the links beside a checkpoint lead to, as `link_latest` and `link_best` do."""
    if places.is_url(path):
        return set()  # There they are copies.
    directory = os.path.dirname(path) or "."
    with os.scandir(directory) as entries:
        found = {os.path.realpath(each.path) for each in entries if each.is_symlink()}
    return found | {each[: -len(".index")] for each in found if each.endswith(".index")}
