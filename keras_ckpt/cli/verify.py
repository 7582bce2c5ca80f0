"""`keras-ckpt verify`: whether checkpoints are what was written."""

from __future__ import annotations

import json
import sys

import click

from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.formats.verification import Verified, verify


@click.command("verify", short_help="Read checkpoints whole, and compare their checksums.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each checkpoint.")
def command(paths: tuple[str, ...], as_json: bool) -> None:
    """Read each byte of the checkpoints at PATH, of any format, and compare their checksums.

    PATH is a checkpoint, or a directory, in which all checkpoints are read, and in those below it.
    Files that are no checkpoints are passed over. No Keras is needed.

    The exit code is 0 if all are whole, 1 if one is damaged, and 2 if there is none, or one needs a
    package that is not installed.
    """
    count = damaged = unsure = unread = 0
    absent = []
    for path in paths:
        try:
            for found in verify(path):
                count += 1
                damaged += found.flaw is not None
                unread += found.missing is not None
                unsure += found.flaw is found.missing is None and not found.has_checksums
                click.echo(json.dumps(found._asdict()) if as_json else _line(found))
        except (ImportError, OSError) as error:
            absent.append(printable(str(error)))
            click.echo("Error: " + absent[-1], err=True)
    if not count and not absent:
        raise click.UsageError(printable(f"There are no checkpoints in {', '.join(paths)}"))
    if not as_json:
        click.echo(_summary(count, damaged, unsure, unread))
    sys.exit(1 if damaged else 2 if unread or absent else 0)


def _line(found: Verified) -> str:
    if found.flaw is not None:
        return printable(f"DAMAGED  {found.path}: {found.flaw}")
    if found.missing is not None:
        return printable(f"unread   {found.path}: {found.missing}")
    note = "" if found.has_checksums else ", without checksums"
    return printable(f"whole    {found.path} ({found.format}{note})")


def _summary(count: int, damaged: int, unsure: int, unread: int) -> str:
    text = f"{count} checkpoint{'s' * (count != 1)}, {damaged} damaged."
    if unread:
        text += f" {unread} could not be read here."
    if unsure:
        text += f" {unsure} can be read, but have no checksums to compare."
    return text
