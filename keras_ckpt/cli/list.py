"""`keras-ckpt list`: the checkpoints of a run, and its metric over the epochs."""

from __future__ import annotations

import dataclasses
import json
import math
import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_ckpt.cli.display import chart
from keras_ckpt.cli.display.failures import Command
from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.restarts import catalogue
from keras_ckpt.restarts.catalogue import Checkpoint
from keras_ckpt.runs import retention

_UNWRAPPED = 100000


@click.command("list", cls=Command, short_help="List the checkpoints of a run, and its metric.")
@click.argument("path", metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each checkpoint.")
@click.option("--html", metavar="FILE", help="Write a page with the curve and the table to FILE.")
def command(path: str, as_json: bool, html: str | None) -> None:
    """List the checkpoints that keras_ckpt.ModelCheckpoint has saved in DIR, by their records.

    DIR is a directory, or a template such as "run/{epoch:03d}.keras". The best of each run is
    marked by *, and what its arguments keep by their names. No Keras is needed.

    The exit code is 2 if there are none.
    """
    entries = catalogue.found_in(path)
    found = catalogue.described(entries)
    if not found:
        raise click.UsageError(printable(f"There are no checkpoints of a run in {path}"))
    first = (
        retention.best(catalogue.comparable(group))[0] for group in catalogue.runs(entries).values()
    )
    best = {entry.path for entry in first if not retention.rank(entry.record, None)[0]}
    if as_json:
        for each in found:
            click.echo(json.dumps({**_finite(each), "is_best": each.path in best}))
        return
    if html is not None:
        with open(html, "w", encoding="utf-8") as file:
            file.write(chart.page(path, found, best))
    is_terminal = sys.stdout.isatty()
    console = Console() if is_terminal else Console(width=_UNWRAPPED, color_system=None)
    console.print(_table(found, best, box.SIMPLE_HEAD if is_terminal else None))
    for group in catalogue.runs(entries).values():
        of_run = {entry.path for entry in group}
        lines = chart.lines([each for each in found if each.path in of_run], best)
        if lines:
            click.echo("\n" + "\n".join(map(printable, lines)))


def _finite(found: Checkpoint) -> dict[str, object]:
    """Returns it for JSON, which has no words for all numbers."""
    described = dataclasses.asdict(found)
    for name in ("value", "best"):
        if described[name] is not None and not math.isfinite(described[name]):
            described[name] = str(described[name])
    described["logs"] = {
        name: value if math.isfinite(value) else str(value)
        for name, value in described["logs"].items()
    }
    return described


def _table(found: list[Checkpoint], best: set[str], lines: box.Box | None) -> Table:
    table = Table(box=lines, pad_edge=False)
    for name in ("Checkpoint", "Run", "Epoch", "Metric", "Bytes", "Time", "Kept by"):
        table.add_column(name, overflow="fold", justify="right" if name == "Bytes" else "left")
    for each in found:
        epoch = str(each.epoch) + ("" if each.batch is None else f" + {each.batch} batches")
        value = "" if each.value is None else f"{each.monitor} {each.value:.6g}"
        mark = " *" if each.path in best else ""
        row = (
            each.path,
            each.run[:8],
            epoch,
            value + mark,
            f"{each.size:,}" if each.complete else "incomplete",
            each.time[:19].replace("T", " "),
            ", ".join(each.kept_by),
        )
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
