"""Where to save: the template that `filepath` is, and the files that it has left."""

from __future__ import annotations

import functools
import os
import re
import string
from typing import Any, Callable, Iterable, Mapping, NamedTuple


def fill(
    template: str, epoch: int, batch: int | None, logs: Mapping[str, Any], first_epoch: int = 1
) -> str:
    """Returns the path for a save.

    Args:
        template: the `filepath` of the callback.
        epoch: index of the epoch, from 0.
        batch: index of the batch likewise, or None where there is no batch.
        logs: the values of the other placeholders. A `batch` in them goes before.
        first_epoch: the number that the template is given for the first epoch.

    Raises:
        KeyError: if a placeholder has no value.
    """
    # What is no template has its error before what is no number, which a sum with 0 would have too.
    if not first_epoch:
        return template.format(epoch=epoch, **logs)
    if batch is None or "batch" in logs:
        return template.format(epoch=epoch + 1, **logs)
    return template.format(epoch=epoch + 1, batch=batch + 1, **logs)


class Placeholder(NamedTuple):
    """A placeholder of a template, such as `{val_loss!r:.2f}`."""

    name: str
    conversion: str | None
    spec: str

    def fits(self, value: float) -> bool:
        """Returns whether a number can be written so. What is filled in itself always can."""
        return self.misfit(value) is None

    def filled(self, value: float) -> str:
        """Returns a number as it is written so."""
        formatter = string.Formatter()
        text: str = formatter.format_field(
            formatter.convert_field(value, self.conversion), self.spec
        )
        return text

    def misfit(self, value: float) -> Exception | None:
        """Returns the error of writing a number so, None if there is none."""
        if "{" in self.spec:
            return None
        try:
            self.filled(value)
        except (TypeError, ValueError) as error:
            return error
        return None


@functools.lru_cache(maxsize=64)
def placeholders(template: str) -> tuple[Placeholder, ...]:
    """Returns the placeholders in a template, in order, also those inside of formats.

    Raises:
        ValueError: if braces are not balanced, or a placeholder is not a plain name.
    """
    found: list[Placeholder] = []
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(
            f"`filepath` is not a template that can be filled: {template!r} ({error}). Write {{{{ "
            "and }} for braces that are part of the name."
        )
    for _, name, spec, conversion in fields:
        if name is None:
            continue
        # Metrics have any name; what `format` would look up by an index or in an object is none.
        if not name or name.isdigit() or re.search(r"[.\[\]]", name):
            raise ValueError(
                f"`filepath` has the placeholder {{{name}}} in {template!r}. A placeholder is a "
                "plain name: `epoch`, `batch` or a metric, such as {epoch:02d} or {val_loss:.2f}."
            )
        found.append(Placeholder(name, conversion, spec or ""))
        found.extend(placeholders(spec or ""))
    return tuple(found)


def checked(filepath: Any, every_batch: bool, own: bool = False) -> str:
    """Returns `filepath` as a string, refused if it can be known that no save can fill it.

    Args:
        filepath: string or `PathLike`.
        every_batch: whether saves come at batches, so that `{batch}` has a value.
        own: whether it is for a subclass, which may fill it in a way of its own.

    Raises:
        TypeError: if it is not a path.
        ValueError: if it is empty, or a template that cannot be filled.
    """
    path = os.fspath(filepath) if isinstance(filepath, os.PathLike) else filepath
    if not isinstance(path, str):
        raise TypeError(
            f"`filepath` must be a string or a PathLike. Received: {filepath!r}, of type "
            f"{type(filepath).__name__}"
        )
    if own:
        return path
    if not path:
        raise ValueError("`filepath` must not be empty.")
    for placeholder in placeholders(path):
        if placeholder.name == "batch" and not every_batch:
            raise ValueError(
                f"`filepath` has the placeholder {{batch}} in {path!r}, which has a value only "
                "with an integer `save_freq`. Use {epoch}, or save at batches."
            )
        # Epochs and batches are integers; a metric can be one too, though most are floats.
        counts = placeholder.name in ("epoch", "batch")
        if not any(placeholder.fits(value) for value in ([1] if counts else [0.5, 1])):
            kind = "integer" if counts else "number"
            raise ValueError(
                f"`filepath` has the placeholder {{{placeholder.name}}} in {path!r}, whose format "
                f"{placeholder.spec!r} fits no {kind}."
            )
    return path


def matcher(template: str) -> Callable[[str], bool]:
    """Returns a function that says whether a file's name could come from the template.

    All from the first brace to the last of the base name matches anything, as in every release.
    """
    regex = "^" + re.sub("{.*}", ".*", os.path.basename(template)) + "$"
    return lambda name: re.match(regex, name) is not None


def newest(files: Iterable[tuple[str, float]]) -> str | None:
    """Returns the path of the file that was modified last, as every release finds it.

    Of several modified at the same time it is the last by name, which often was saved last.
    Only times after 0 are compared: a single file from the very epoch is not found.

    Args:
        files: path and modification time, in seconds, of each file.
    """
    files = list(files)
    latest = max([0.0] + [time for _, time in files])
    at_that_time = [path for path, time in files if time == latest]
    if len(at_that_time) == 1:
        return at_that_time[0] if latest > 0 else None
    return max((path for path, _ in files), default=None)
