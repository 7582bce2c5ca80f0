"""`keras-ckpt convert`: the same checkpoint in another format."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any

import click

from keras_ckpt.cli import convert_folder
from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.formats import CheckpointError

#: The options that stand for the arguments that errors name.
_WAYS = """
Here --model gives the model that weights belong to, --no-compile leaves out losses and metrics, and
--import has a module of yours register classes and functions (custom_objects)."""


@click.command("convert", short_help="Write a checkpoint in another format.")
@click.argument("source")
@click.argument("target")
@click.option(
    "--model",
    metavar="MODEL",
    help="The model that the weights at SOURCE belong to: a checkpoint of a whole model, which is "
    "then not compiled, or MODULE:FUNCTION, a function without arguments that returns the model.",
)
@click.option(
    "--import",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="Import MODULE first, which registers classes and functions of yours with "
    "keras.saving.register_keras_serializable. May be given more than once.",
)
@click.option(
    "--no-compile",
    is_flag=True,
    help="Leave out how the model was compiled, which would need your own losses and metrics.",
)
@click.option(
    "--to",
    "ending",
    metavar="ENDING",
    help="What the names of the files in a folder TARGET end in. [default: .keras, and .weights.h5 "
    "for weights with --model]",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing, and show no progress.")
def command(
    source: str,
    target: str,
    model: str | None,
    modules: tuple[str, ...],
    no_compile: bool,
    ending: str | None,
    quiet: bool,
) -> None:
    """Write the checkpoint at SOURCE to TARGET, in the format that TARGET's name stands for.

    TARGET ends in .keras, .h5 (a whole model or, with --model, the weights as Keras 2 laid them
    out), .orbax (the same) or, for weights, .weights.h5, .weights.json or .safetensors; any other
    TARGET is a SavedModel directory or, with --model, the prefix of a TensorFlow checkpoint. A
    SOURCE with weights alone needs --model. What was at TARGET stays until everything is written.

    If SOURCE is a folder of checkpoints, all in it and in those below are written to the folder
    TARGET, under the same names with another ending. SOURCE stays as it is, and so does what is in
    TARGET already. What cannot be converted is named with the reason, and the exit code is then 1;
    it is 2 if there is no checkpoint.
    """
    # TensorFlow logs facts of the machine when it is imported; with this it logs fewer.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Modules are looked for where the command is called.
    sys.path.insert(0, os.getcwd())
    try:
        with warnings.catch_warnings():
            if quiet:
                warnings.simplefilter("ignore")
            if convert_folder.is_folder(source):
                sys.exit(_folder(source, target, model, modules, not no_compile, ending, quiet))
            if ending is not None:
                raise click.UsageError(
                    f"--to is for folders, and {printable(source)} is none. The ending of "
                    f"{printable(target)} says what is written."
                )
            _convert(source, target, model, modules, not no_compile, verbose=0 if quiet else 1)
    except (ValueError, OSError, ImportError) as error:
        ways = _WAYS if isinstance(error, CheckpointError) else ""
        raise click.ClickException(printable(str(error)) + ways) from error
    if not quiet:
        click.echo(f"Wrote {printable(target)}")


def _folder(
    source: str,
    target: str,
    given: str | None,
    modules: tuple[str, ...],
    compile: bool,
    ending: str | None,
    quiet: bool,
) -> int:
    """Converts all checkpoints of a folder; returns the exit code."""
    for module in modules:
        importlib.import_module(module)
    model = None if given is None else _model(given, verbose=0)
    done = convert_folder.convert_all(source, target, model, ending, compile, not quiet)
    if not quiet:
        convert_folder.show(done)
    if not done:
        raise click.UsageError(f"There is no checkpoint in {printable(source)}.")
    failed = [each for each in done if each.is_failure]
    if quiet:
        for each in failed:
            click.echo(f"Error: {printable(each.source)}: {printable(each.what)}", err=True)
    return 1 if failed else 0


def _convert(
    source: str,
    target: str,
    given: str | None,
    modules: tuple[str, ...],
    compile: bool,
    verbose: int,
) -> None:
    import keras_ckpt

    for module in modules:
        importlib.import_module(module)
    model = None if given is None else _model(given, verbose)
    keras_ckpt.convert(source, target, model, verbose, compile)


def _model(given: str, verbose: int) -> Any:
    """Returns the model that is meant by the option."""
    import keras_ckpt

    module, colon, name = given.partition(":")
    if os.path.exists(given) or not (module and colon):
        return keras_ckpt.load_model(given, compile=False, verbose=verbose)
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function):
        raise ImportError(f"the module {module} has no function {name}")
    return function()
