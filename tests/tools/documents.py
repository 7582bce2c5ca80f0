"""Plays a page of documentation: writes its files, runs its commands, and fills in what they print.

    python tests/tools/documents.py docs/migrating.md

writes the page again. A file stands in a block after its name, `` `name.py`: ``, and a command in a
`console` block after `$ `, followed by what it prints.
"""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

#: The blocks of code of a page: the language and the text.
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """Returns the blocks of a page that are in a language."""
    return [text for found, text in BLOCK.findall(page) if found == language]


def played(page: str, directory: pathlib.Path) -> str:
    """Returns the page with what its commands print in `directory`."""
    for name, content in _FILE.findall(page):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def run(block: re.Match[str]) -> str:
        commands = [line for line in block.group().splitlines() if line.startswith("$ ")]
        return "".join(
            f"{line}\n{output_of(shlex.split(line[2:]), directory)}" for line in commands
        )

    return _CONSOLE.sub(run, page)


def output_of(command: list[str], directory: pathlib.Path) -> str:
    """Returns what a command prints: of a script that fails, the last line of its traceback."""
    is_command_line = command[0] == "keras-ckpt"
    program = ["-m", "keras_ckpt"] if is_command_line else []
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONIOENCODING="utf-8")
    # As from a shell there: what is beside a script is found.
    environment.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(
        [sys.executable, *program, *command[1:]],
        cwd=str(directory),
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    # On standard error TensorFlow describes the machine, too.
    error = done.stderr if is_command_line and done.returncode == 2 else ""
    if done.returncode and not is_command_line:
        error = done.stderr.rstrip().splitlines()[-1] + "\n"
    return done.stdout + error


def main() -> None:
    for name in sys.argv[1:]:
        path = pathlib.Path(name)
        with tempfile.TemporaryDirectory() as directory:
            page = played(path.read_text(encoding="utf-8"), pathlib.Path(directory))
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
