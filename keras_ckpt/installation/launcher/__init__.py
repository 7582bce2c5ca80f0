"""Starts Python on a script of the user's, with `keras_ckpt.install()` done first.

The new Python finds `sitecustomize.py` of this folder, which installs. All the rest is Python's own
doing: arguments, `__main__`, tracebacks, the exit code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Sequence

from keras_ckpt import compat

ARGUMENTS = "[--as VERSION] (SCRIPT | -m MODULE | -c CODE | -) [ARGS]..."
USAGE = "python -m keras_ckpt run " + ARGUMENTS

#: For `sitecustomize.py`: which version, and for which Python.
VERSION = "KERAS_CKPT_RUN_AS"
PREFIX = "KERAS_CKPT_RUN_IN"

#: The options of Python with which it looks for no `sitecustomize.py`, or not where we have it.
_KEEP_OUT: dict[str, str] = {
    "isolated": "-I",
    "ignore_environment": "-E",
    "no_site": "-S",
}


class UsageError(ValueError):
    """The script cannot be run so."""


def command(arguments: Sequence[str]) -> list[str]:
    """Returns the command line of the Python that runs the script.

    Args:
        arguments: what stands after keras_ckpt's own options: a script, `-m` and a module, `-c`
            and code, or `-`, and the script's arguments.

    Raises:
        UsageError: if Python cannot run keras_ckpt with these options, or there is no script.
    """
    for flag, option in _KEEP_OUT.items():
        if getattr(sys.flags, flag):
            raise UsageError(
                f"Python was started with {option}, and so looks for nothing that could change "
                "what it runs. Start it without."
            )
    if not arguments:
        raise UsageError("There is no script to run. Usage: " + USAGE)
    first = arguments[0]
    if first.startswith("-") and first != "-" and not first.startswith(("-m", "-c")):
        raise UsageError(
            f"{first} is no option of `run`. Python's own options stand before -m keras_ckpt. "
            f"Usage: {USAGE}"
        )
    return [sys.executable, *_options(), *arguments]


def _options() -> list[str]:
    """Returns the options that this Python was started with."""
    options: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    if getattr(sys.__stdout__, "write_through", False):
        options.append("-u")
    if sys.flags.inspect:
        options.append("-i")
    return options


def environment(version: str | None) -> dict[str, str]:
    """Returns the environment in which Python installs first.

    Args:
        version: as of `keras_ckpt.install`.

    Raises:
        ValueError: if there is no such release.
    """
    if version is not None:
        compat.module_of(version)
    found = dict(os.environ)
    before = found.get("PYTHONPATH")
    folder = os.path.dirname(os.path.abspath(__file__))
    found["PYTHONPATH"] = folder + (os.pathsep + before if before else "")
    found[VERSION] = version or ""
    found[PREFIX] = sys.prefix
    return found


def run(arguments: Sequence[str], version: str | None) -> int:
    """Runs a script in the place of this process; only on Windows beside it, to return its code.

    Args:
        arguments: as of `command`.
        version: as of `keras_ckpt.install`.

    Raises:
        UsageError: if it cannot be run so.
        ValueError: if there is no such release.
    """
    line = command(arguments)
    variables = environment(version)
    if os.name == "nt":
        # There a process cannot become another one: its parent would go on before it ends.
        return subprocess.call(line, env=variables)
    sys.stdout.flush()
    sys.stderr.flush()
    return os.execve(line[0], line, variables)


def main(arguments: Sequence[str]) -> int:
    """The command `run`: `main(["--as", "2.4", "train.py"])`.

    Returns:
        The exit code: 2 if there was nothing to run.
    """
    rest = list(arguments)
    version = None
    try:
        if rest[:1] == ["--as"]:
            if len(rest) < 2:
                raise UsageError("--as needs a version. Usage: " + USAGE)
            version, rest = rest[1], rest[2:]
        elif rest and rest[0].startswith("--as="):
            version, rest = rest[0][len("--as=") :], rest[1:]
        return run(rest, version)
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
