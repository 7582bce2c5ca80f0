"""Starts Python on a script of the user's, with `keras_ckpt.install()` done first.

The new Python finds `sitecustomize.py` of this folder, which installs. All the rest is Python's own
doing: arguments, `__main__`, tracebacks, the exit code.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import Sequence

from keras_ckpt import compat

ARGUMENTS = "[--as VERSION] [--report FILE] (SCRIPT | NOTEBOOK | -m MODULE | -c CODE | -) [ARGS]..."
USAGE = "python -m keras_ckpt run " + ARGUMENTS

#: For `sitecustomize.py`: which version, where to write the report, and for which Python.
VERSION = "KERAS_CKPT_RUN_AS"
REPORT = "KERAS_CKPT_RUN_REPORT"
PREFIX = "KERAS_CKPT_RUN_IN"

#: The options of `run` itself, and what each needs.
_OPTIONS: dict[str, str] = {"--as": "a version", "--report": "a file"}

#: The options of Python with which it looks for no `sitecustomize.py`, or not where we have it.
_KEEP_OUT: dict[str, str] = {
    "isolated": "-I",
    "ignore_environment": "-E",
    "no_site": "-S",
}


#: What `install()` cannot do without.
_NEEDED = ("numpy", "h5py")


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
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"keras_ckpt needs {' and '.join(missing)}, which this Python has not. Install them "
            "with `python -m pip install .` in a clone, or `pip install keras-ckpt`."
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


def environment(version: str | None, report: str | None = None) -> dict[str, str]:
    """Returns the environment in which Python installs first.

    Args:
        version, report: as of `keras_ckpt.install`.

    Raises:
        ValueError: if there is no such release, or there can be no such report.
    """
    if version is not None:
        compat.module_of(version)
    found = dict(os.environ)
    before = found.get("PYTHONPATH")
    folder = os.path.dirname(os.path.abspath(__file__))
    found["PYTHONPATH"] = folder + (os.pathsep + before if before else "")
    found[VERSION] = version or ""
    found[PREFIX] = sys.prefix
    if report is not None:
        from keras_ckpt.installation import usage

        found[REPORT] = usage.checked(report)
    return found


def run(arguments: Sequence[str], version: str | None, report: str | None = None) -> int:
    """Runs a script in the place of this process; only on Windows beside it, to return its code.

    Args:
        arguments: as of `command`.
        version, report: as of `keras_ckpt.install`.

    Raises:
        UsageError: if it cannot be run so.
        ValueError: if there is no such release, or there can be no such report.
    """
    line = command(arguments)
    variables = environment(version, report)
    if arguments[0].endswith(".ipynb"):
        from keras_ckpt.installation.launcher import kernel

        return kernel.run(arguments, variables)
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
    given: dict[str, str] = {}
    try:
        while rest:
            name, equals, value = rest[0].partition("=")
            if name not in _OPTIONS:
                break
            if not equals and len(rest) < 2:
                raise UsageError(f"{name} needs {_OPTIONS[name]}. Usage: {USAGE}")
            given[name] = value if equals else rest[1]
            rest = rest[1 if equals else 2 :]
        return run(rest, given.get("--as"), given.get("--report"))
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
