"""The command line: `keras-ckpt`, or `python -m keras_ckpt`."""

from __future__ import annotations

import importlib
from typing import Any

try:
    import click
    import rich  # noqa: F401
except ImportError:
    raise ImportError(
        "The command line needs the packages click and rich. Install them with "
        '`pip install "keras-ckpt[cli]"`.'
    ) from None

import keras_ckpt

#: The commands, and where they are. One is imported when it is called.
_COMMANDS: dict[str, str] = {
    "check": "keras_ckpt.cli.check",
    "convert": "keras_ckpt.cli.convert",
    "diff": "keras_ckpt.cli.diff",
    "fix": "keras_ckpt.cli.fix",
    "inspect": "keras_ckpt.cli.inspect",
    "rule": "keras_ckpt.cli.rule",
    "run": "keras_ckpt.cli.run",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        return importlib.import_module(_COMMANDS[cmd_name]).command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(keras_ckpt.__version__, prog_name="keras-ckpt")
def main() -> None:
    """Checkpoints of every Keras release."""
