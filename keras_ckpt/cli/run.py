"""`keras-ckpt run`: a script as it stands, after `keras_ckpt.install()`."""

from __future__ import annotations

import sys

import click

from keras_ckpt.installation import launcher


@click.command(
    "run",
    short_help="Run a script as it stands.",
    options_metavar="",
    # The launcher parses the arguments, for `python -m keras_ckpt run` too.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar=launcher.ARGUMENTS)
def command(arguments: tuple[str, ...]) -> None:
    """Run a Python script, or a Jupyter notebook, unchanged, after keras_ckpt.install().

    ModelCheckpoint is then keras_ckpt's, under all its names, and Keras 3 accepts the arguments and
    formats of Keras 2. With --as it is that of a release, bugs included: --as 2.4. With
    --report FILE every call that Keras 3 by itself would have refused or done otherwise is written
    to FILE when the program ends, as text or, by the ending, .md, .html, .json, .sarif. Everything
    else is as with `python SCRIPT ARGS`: arguments, tracebacks, signals, the exit code. Options of
    Python come before: python -W error -m keras_ckpt run train.py
    """
    sys.exit(launcher.main(arguments))
