"""Draws what `keras-ckpt check` prints for a script of TensorFlow 2.0: the picture of the README.

python tests/tools/picture.py docs/check.svg
"""

from __future__ import annotations

import html
import io
import pathlib
import re
import sys
import tempfile

import documents

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: One of the examples, as it was before its import was changed.
SCRIPT = ROOT / "examples" / "tf2_0_period.py"
#: The name that the script has in the picture.
NAME = "train.py"
WIDTH = 104
_CHANGED_IMPORT = re.compile(r"^from keras_ckpt import .*  # was: (.*)$", re.MULTILINE)


def printed(directory: pathlib.Path) -> str:
    """Returns what the command prints for the script in `directory`."""
    source = _CHANGED_IMPORT.sub(r"\1", SCRIPT.read_text(encoding="utf-8"))
    (directory / NAME).write_text(source, encoding="utf-8")
    return documents.output_of(["keras-ckpt", "check", NAME], directory)


def drawn(output: str) -> str:
    """Returns an SVG of a terminal with the command and its output."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False
    )
    console.print(Text("$ keras-ckpt check " + NAME, style="bold cyan"))
    for line in output.splitlines():
        found = re.match(r"(\S+:\d+:\d+): (KC\d+)(.*)", line)
        if found is not None:
            where, code, message = found.groups()
            console.print(Text.assemble((where, "bold"), ": ", (code, "bold red"), message))
        else:
            console.print(Text(line, style="green" if line.startswith(" ") else "bold"))
    svg = console.export_svg(title="keras-ckpt check", unique_id="check")
    # No page that shows it fetches a font from somewhere else.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def text_of(svg: str) -> str:
    """Returns the text in the terminal of an SVG, its words with one space between them."""
    lines: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(
        r'<text class="check-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg
    ):
        lines.setdefault(float(y), []).append((float(x), html.unescape(text)))
    return " ".join("".join(text for _, text in sorted(lines[y])) for y in sorted(lines))


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        svg = drawn(printed(pathlib.Path(directory)))
    pathlib.Path(sys.argv[1]).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
