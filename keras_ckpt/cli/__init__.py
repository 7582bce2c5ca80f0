"""The command line: `keras-ckpt`, or `python -m keras_ckpt`."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

try:
    import click
    import rich  # noqa: F401
except ImportError:
    raise ImportError(
        "The command line needs the packages click and rich. Install them with "
        '`pip install "keras-ckpt[cli]"`.'
    ) from None

import keras_ckpt

#: The commands, and their modules, each imported when it is called.
_COMMANDS: dict[str, str] = {
    "check": "keras_ckpt.cli.check",
    "convert": "keras_ckpt.cli.convert",
    "diff": "keras_ckpt.cli.diff",
    "fix": "keras_ckpt.cli.fix",
    "inspect": "keras_ckpt.cli.inspect",
    "list": "keras_ckpt.cli.list",
    "prune": "keras_ckpt.cli.prune",
    "rule": "keras_ckpt.cli.rule",
    "run": "keras_ckpt.cli.run",
    "verify": "keras_ckpt.cli.verify",
}


#: Those that read code, for which `keras_ckpt.migrate` needs a newer Python.
_READ_CODE = ("check", "diff", "fix", "rule")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        try:
            command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
        except ImportError as error:
            if cmd_name in _READ_CODE and sys.version_info < (3, 9):
                return _refused(cmd_name, str(error))
            raise
        return command


def _refused(name: str, why: str) -> click.Command:
    """Returns a command that says why it cannot be run, and exits with 2."""

    def refuse(arguments: tuple[str, ...]) -> NoReturn:
        click.echo("Error: " + why, err=True)
        sys.exit(2)

    return click.Command(
        name,
        callback=refuse,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        short_help="Needs Python 3.9 or newer.",
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
    )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(keras_ckpt.__version__, prog_name="keras-ckpt")
def main() -> None:
    """Checkpoints of every Keras release."""
