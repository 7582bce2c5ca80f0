"""`keras-ckpt convert` of a folder: each checkpoint in it, with a table of what became of them."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_ckpt import endings, progress
from keras_ckpt._typing import Model
from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.errors import CheckpointError, NotACheckpoint, WeightsOnly
from keras_ckpt.formats import registry
from keras_ckpt.formats.verification import checkpoints_below

_MODEL = endings.ARCHIVE[0]
_WEIGHTS = endings.WEIGHTS[0]
#: What a name loses before it gets another ending; of two that fit, the longer one.
_KNOWN = (*endings.WEIGHTS, *endings.FILES, *endings.ORBAX, ".ckpt", ".tf")
_WROTE, _THERE, _FAILED = "wrote", "is there already", "FAILED"


class Converted(NamedTuple):
    """What became of a checkpoint.

    Args:
        source: its path in the folder.
        done: what was done, one of the words above.
        what: the path that was written, or why none was.
    """

    source: str
    done: str
    what: str

    @property
    def is_failure(self) -> bool:
        """Whether it was not converted."""
        return self.done == _FAILED


def is_folder(path: str) -> bool:
    """Returns whether a path is a folder that is no checkpoint itself."""
    if not os.path.isdir(path):
        return False
    try:
        registry.format_of(path)
    except NotACheckpoint:
        return True
    except (CheckpointError, ImportError, OSError):
        return False  # What converts it says why it cannot be read.
    return False


def convert_all(
    source: str, target: str, model: Model | None, ending: str | None, compile: bool, bar: bool
) -> list[Converted]:
    """Converts all checkpoints in a folder and in those below.

    Args:
        source: the folder, which stays as it is.
        target: the folder that is written to, made if need be.
        model: the model that weights are of, None if there is none.
        ending: of the files that are written; by default what holds all that there is.
        compile: whether whole models are compiled as they were.
        bar: whether to show one on a terminal.

    Raises:
        click.UsageError: if the two folders are one, or one is in the other.
    """
    old, new = (os.path.realpath(each) for each in (source, target))
    if os.path.commonpath([old, new]) in (old, new):
        raise click.UsageError(
            f"{printable(target)} must not be {printable(source)}, nor in it or around it: the "
            "originals stay as they are."
        )
    if ending is not None and not ending.startswith("."):
        raise click.UsageError(f"An ending begins with a dot, such as .keras, unlike {ending}.")
    paths = list(checkpoints_below(source))
    taken: dict[str, str] = {}
    done = []
    with progress.shown(bar), progress.bar(len(paths), "Converting", "checkpoints") as advance:
        for path in paths:
            name = os.path.relpath(path, source)
            done.append(_one(path, name, target, model, ending, compile, taken))
            advance(1)
    return done


def _one(
    path: str,
    name: str,
    target: str,
    model: Model | None,
    ending: str | None,
    compile: bool,
    taken: dict[str, str],
) -> Converted:
    """Converts one checkpoint: as a whole model if it is one, otherwise as weights of `model`."""
    import keras_ckpt

    attempts: list[tuple[str, Model | None]] = [(ending or _MODEL, None)]
    if model is not None:
        attempts.append((ending or _WEIGHTS, model))
    for last, (suffix, given) in enumerate(attempts, 1):
        written = os.path.join(target, _without_ending(name) + suffix)
        other = taken.get(written)
        if other is not None:
            return Converted(name, _FAILED, f"{written} is what {other} has become")
        if os.path.lexists(written):
            taken[written] = name
            return Converted(name, _THERE, written)
        try:
            os.makedirs(os.path.dirname(written), exist_ok=True)
            keras_ckpt.convert(path, written, given, 0, compile)
        except WeightsOnly as error:
            if last == len(attempts):
                return Converted(name, _FAILED, _reason(error))
        except (ValueError, OSError, ImportError) as error:
            return Converted(name, _FAILED, _reason(error))
        else:
            taken[written] = name
            return Converted(name, _WROTE, written)
    raise AssertionError("the last attempt returns")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _without_ending(name: str) -> str:
    known = [each for each in _KNOWN if name.endswith(each) and os.path.basename(name) != each]
    return name[: -len(max(known, key=len))] if known else name


def show(done: list[Converted]) -> None:
    """Prints what became of all: a table on a terminal, a line for each elsewhere."""
    if not done:
        return
    if sys.stdout.isatty():
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for title in ("Checkpoint", "", "Result"):
            table.add_column(title, overflow="fold")
        for each in done:
            style = "red" if each.is_failure else "green" if each.done == _WROTE else ""
            cells = (each.source, each.done, each.what)
            table.add_row(*(Text(printable(cell), style=style) for cell in cells))
        Console().print(table)
    else:
        for each in done:
            click.echo(printable(f"{each.source}: {each.done}: {each.what}"))
    numbers = [sum(each.done == word for each in done) for word in (_WROTE, _THERE, _FAILED)]
    click.echo(f"{numbers[0]} written, {numbers[1]} there already, {numbers[2]} failed.")
