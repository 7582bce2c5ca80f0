"""`keras-ckpt inspect`: what is in a checkpoint."""

from __future__ import annotations

import io
import json
import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.formats import CheckpointError
from keras_ckpt.formats.inspection import Inspection, inspect

# Wider than any line, so that none is wrapped.
_UNWRAPPED = 100000
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@click.command("inspect", short_help="Show what is in a checkpoint.")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(path: str, as_json: bool) -> None:
    """Show what is in the checkpoint at PATH, of any format.

    PATH is a file, a SavedModel directory, the prefix or index of a TensorFlow checkpoint, or the
    directory of such checkpoints, of which the newest is shown. No Keras is needed.
    """
    try:
        found = inspect(path)
    except (CheckpointError, ImportError, OSError) as error:
        raise click.ClickException(printable(str(error))) from error
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
    elif sys.stdout.isatty():
        console = Console()
        for table in (_facts(found), _variables(found, box.SIMPLE_HEAD)):
            console.print(table)
    else:
        click.echo(_plain(found))


def _plain(found: Inspection) -> str:
    console = Console(file=io.StringIO(), width=_UNWRAPPED, color_system=None)
    with console.capture() as capture:
        for table in (_facts(found), "", _variables(found, None)):
            console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _facts(found: Inspection) -> Table:
    table = Table.grid(padding=(0, 2))
    for fact, value in _described(found):
        table.add_row(Text(fact, style="bold"), Text(printable(value)))
    return table


def _described(found: Inspection) -> list[tuple[str, str]]:
    unknown = "not recorded"
    versions = ", ".join(f"{name} {version}" for name, version in sorted(found.written_by.items()))
    compiled = {True: "yes", False: "no", None: unknown}
    iterations = unknown if found.iterations is None else f"{found.iterations:,}"
    facts = [
        ("Path", found.path),
        ("Format", found.format),
        ("Written by", versions or unknown),
        ("Model", found.model or unknown),
        ("Compiled", compiled[found.compiled]),
        ("Optimizer", found.optimizer or unknown),
        ("Iterations", iterations),
        ("Variables", f"{len(found.variables):,}"),
        ("Parameters", f"{found.parameters:,}"),
        ("Size", _size(found.nbytes)),
    ]
    facts += _run(found)
    names = ["Loads with"] + [""] * len(found.loads_with)
    return facts + list(zip(names, found.loads_with or ["nothing"]))


def _run(found: Inspection) -> list[tuple[str, str]]:
    """Returns what the callback wrote of the run, nothing if it wrote nothing."""
    record = found.record
    if record is None:
        return []
    when = f"{record.epoch:,} epochs"
    if record.batch is not None:
        when += f" and {record.batch:,} batches"
    metrics = ", ".join(f"{name} {value:.6g}" for name, value in record.logs.items())
    facts = [("Saved after", f"{when}, {record.time}"), ("Run", record.run)]
    return [*facts, ("Metrics", metrics)] if metrics else facts


def _variables(found: Inspection, lines: box.Box | None) -> Table:
    table = Table(box=lines, pad_edge=False)
    table.add_column("Variable", overflow="fold")
    table.add_column("Role")
    table.add_column("Type")
    table.add_column("Shape")
    table.add_column("Bytes", justify="right")
    for each in found.variables:
        row = (each.name, each.role, each.dtype, str(each.shape), f"{each.size:,}")
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def _size(count: int) -> str:
    size, unit = float(count), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{count:,} bytes" + (f" ({size:.1f} {_UNITS[unit]})" if unit else "")
