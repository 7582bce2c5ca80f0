"""`keras-ckpt run`: a script as it stands, with `keras_ckpt.install()` done first."""

from __future__ import annotations

import sys

import click

from keras_ckpt.installation import launcher


@click.command(
    "run",
    short_help="Run a script as it stands.",
    options_metavar="",
    # What stands there is taken apart in one place, for `python -m keras_ckpt run`, too.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar=launcher.ARGUMENTS)
def command(arguments: tuple[str, ...]) -> None:
    """Run a Python script, not a line of it changed, with keras_ckpt.install() done first.

    ModelCheckpoint is ours then, by all its names, and Keras 3 takes the arguments and formats of
    Keras 2. With --as it is that of a release, bugs included: --as 2.4. All the rest is as with
    `python SCRIPT ARGS`: arguments, tracebacks, signals, the exit code. Python's own options stand
    before: python -W error -m keras_ckpt run train.py
    """
    sys.exit(launcher.main(arguments))
