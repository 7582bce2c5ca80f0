"""What a command could not read or write is an error of one line, and no traceback."""

from __future__ import annotations

from typing import Any

import click

from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.errors import CheckpointError


class Failure(click.ClickException):
    """What a command could not do."""

    exit_code = 2


class Command(click.Command):
    """A command that reads checkpoints, and exits with 2 if a file or a package is missing."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # Of click: nobody reads on.
        except (CheckpointError, ImportError, OSError) as error:
            raise Failure(printable(str(error))) from error
