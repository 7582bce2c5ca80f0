"""Settings: `[tool.keras-ckpt]` in `pyproject.toml`, `[keras-ckpt]` in `setup.cfg`."""

from __future__ import annotations

import configparser
import dataclasses
import importlib
import os
from typing import Iterable, Sequence

FORMATS = ("text", "json", "sarif", "github", "markdown", "html")


class BadSettings(Exception):
    """Settings that cannot be used; the message names their file."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings, each of which can also be given on the command line.

    Args:
        old, new: the releases, `from` and `to` in files.
        select: codes of rules to apply, or their beginnings; empty for all.
        ignore: codes of rules not to apply, or their beginnings.
        exclude: patterns of files to skip.
        output_format: one of `FORMATS`.
        path: the file, `""` for none.
    """

    old: str = ""
    new: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    output_format: str = "text"
    path: str = ""

    def selects(self, code: str) -> bool:
        """Returns whether a rule is applied."""
        chosen = not self.select or code.startswith(_upper(self.select))
        return chosen and not (self.ignore and code.startswith(_upper(self.ignore)))


_LISTS = ("select", "ignore", "exclude")
_KEYS = ("from", "to", *_LISTS, "output-format")


def _upper(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(code.upper() for code in codes)


def find(paths: Sequence[str]) -> Settings:
    """Returns the settings in the nearest file that has any, from the paths' folder upwards.

    Raises:
        BadSettings: if they cannot be used.
    """
    folder = _common([os.path.abspath(path) for path in paths] or [os.getcwd()])
    while True:
        for name, section in (("pyproject.toml", _of_toml), ("setup.cfg", _of_cfg)):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                found = section(path)
                if found is not None:
                    return _checked(path, found)
        parent = os.path.dirname(folder)
        if parent == folder:
            return Settings()
        folder = parent


def _common(paths: list[str]) -> str:
    try:
        folder = os.path.commonpath(paths)
    except ValueError:  # On several drives.
        folder = paths[0]
    return folder if os.path.isdir(folder) else os.path.dirname(folder)


def _of_toml(path: str) -> dict[str, object] | None:
    with open(path, "rb") as file:
        content = file.read()
    if b"keras-ckpt" not in content:
        return None  # And no library for TOML is needed.
    for name in ("tomllib", "tomli"):
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        try:
            tables = library.loads(content.decode("utf-8"))
        except ValueError as error:
            raise BadSettings(f"{path} is not valid TOML: {error}") from error
        tools = tables.get("tool", {})
        section = tools.get("keras-ckpt") if isinstance(tools, dict) else None
        if section is not None and not isinstance(section, dict):
            raise BadSettings(f"{path}: [tool.keras-ckpt] must be a table.")
        return section
    raise BadSettings(
        f"{path} has settings, and this Python needs the package tomli to read them. Install it "
        'with `pip install "keras-ckpt[migrate]"`, or put the settings in setup.cfg.'
    )


def _of_cfg(path: str) -> dict[str, object] | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeError) as error:
        raise BadSettings(f"{path} cannot be read: {error}") from error
    if not parser.has_section("keras-ckpt"):
        return None
    found: dict[str, object] = {}
    for key in parser.options("keras-ckpt"):
        if key in parser.defaults():
            continue
        text = parser.get("keras-ckpt", key)
        words = text.replace(",", "\n").split("\n")
        found[key] = [each.strip() for each in words if each.strip()] if key in _LISTS else text
    return found


def _checked(path: str, found: dict[str, object]) -> Settings:
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for key, given in found.items():
        if key not in _KEYS:
            raise BadSettings(
                f"{path}: there is no setting {key!r}. There are: {', '.join(_KEYS)}."
            )
        if key in _LISTS:
            if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
                raise BadSettings(f"{path}: {key} must be a list of strings.")
            lists[key] = tuple(given)
        elif not isinstance(given, str):
            raise BadSettings(f'{path}: {key} must be a string, such as "2.4".')
        else:
            texts[key] = given.strip()
    output_format = texts.get("output-format", "text")
    if output_format not in FORMATS:
        raise BadSettings(f"{path}: output-format must be one of {', '.join(FORMATS)}.")
    return Settings(
        texts.get("from", ""),
        texts.get("to", ""),
        lists.get("select", ()),
        lists.get("ignore", ()),
        lists.get("exclude", ()),
        output_format,
        path,
    )
