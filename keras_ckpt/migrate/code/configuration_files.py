"""The configuration files beside code: YAML, JSON, TOML, gin, and templates of them."""

from __future__ import annotations

import os
import re
from typing import Iterator

ENDINGS = (".gin", ".j2", ".json", ".toml", ".yaml", ".yml")
_OF_CONFIGURATIONS = re.compile(r"(conf|config|param|setting|experiment)")


def names_in(folder: str) -> Iterator[str]:
    """Returns the configuration files in a folder, and in the folders of configurations in it."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    # A link that leads to itself is neither a file nor a folder.
    for each in entries:
        full = os.path.join(folder, each)
        if each.endswith(ENDINGS) and os.path.isfile(full):
            yield each
        elif _OF_CONFIGURATIONS.match(each) and os.path.isdir(full):
            for directory, _, names in os.walk(full):
                for name in names:
                    path = os.path.join(directory, name)
                    if name.endswith(ENDINGS) and os.path.isfile(path):
                        yield os.path.relpath(path, folder)
