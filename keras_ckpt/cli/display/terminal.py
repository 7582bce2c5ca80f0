"""What the commands share to write to a terminal, or to what stands in its place."""

from __future__ import annotations

import sys


def printable(text: str) -> str:
    """Returns `text` without what a terminal would obey, or an encoding does not have."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    visible = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
    return visible.encode(encoding, "backslashreplace").decode(encoding)
