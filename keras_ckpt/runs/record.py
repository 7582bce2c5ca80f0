"""The record: what a checkpoint says of itself and of the run of training that it is of.

It is a small JSON object within the checkpoint. What is read is not trusted: it may come from
anywhere.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import os
from typing import Any, Callable, Mapping

#: What it is called in an archive, a directory and beside a prefix, and as an attribute.
FILE = "keras_ckpt.json"
ATTRIBUTE = "keras_ckpt"

_VERSION = 1
#: How long one may be, in bytes.
LIMIT = 60000
# JSON has no such numbers.
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def name_of(path: str) -> str:
    """Returns the last part of the path of a checkpoint."""
    return os.path.basename(path.rstrip("/" + os.sep))


def now() -> str:
    """Returns the time, UTC in ISO 8601."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


@dataclasses.dataclass(frozen=True)
class Record:
    """What a checkpoint says of itself.

    Attributes:
        template: String, the `filepath` of the callback.
        run: String, which run of `fit` it is of.
        epoch: Integer, how many epochs were finished.
        started: String, when the run began, UTC in ISO 8601.
        time: String, when it was taken, UTC in ISO 8601.
        name: String, the last part of its own path. Defaults to `""`, as long as it has none.
        parent: String, the name of the checkpoint that the run resumed from. Defaults to `None`.
        restarts: Integer, how often the run had been taken up by then. Defaults to 0.
        batch: Integer, how many batches of the epoch were finished, `None` at the end of one.
            Defaults to `None`.
        step: Integer, the steps of the optimizer. Defaults to `None`: it has none.
        optimizer: String, the class of Keras's that the optimizer is of. Defaults to `None`: of
            none, or unknown.
        learning_rate: Float, the learning rate that the optimizer had when the run began. Defaults
            to `None`: it has none or a schedule, or it is unknown.
        logs: Dict of strings and floats, the metrics.
        monitor: String, the metric that decides which one is best. Defaults to `None`.
        mode: String, `"min"` or `"max"`, what is better. Defaults to `None`: unknown.
        value: Float, that metric. Defaults to `None`: unknown.
        best: Float, the best so far. Defaults to `None`: none is known.
        best_name: String, the name of the checkpoint that has it. Defaults to `None`.
        retention: Dict, the arguments that say which checkpoints are kept. Defaults to none.
        size: Integer, the bytes of its values. Defaults to `None`: unknown.
        checksums: Dict, the CRC-32C of parts of it, by name. Defaults to none.
        versions: Dict, the versions of the packages that wrote it, by name.
    """

    template: str
    run: str
    epoch: int
    started: str
    time: str
    name: str = ""
    parent: str | None = None
    restarts: int = 0
    batch: int | None = None
    step: int | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    logs: Mapping[str, float] = dataclasses.field(default_factory=dict)
    monitor: str | None = None
    mode: str | None = None
    value: float | None = None
    best: float | None = None
    best_name: str | None = None
    retention: Mapping[str, float] = dataclasses.field(default_factory=dict)
    size: int | None = None
    checksums: Mapping[str, int] = dataclasses.field(default_factory=dict)
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def of(self, name: str, size: int | None = None, **checksums: int) -> Record:
        """Returns the record of the checkpoint called `name`.

        Args:
            name: String, the last part of its path.
            size: Integer, the bytes of its values. Defaults to `None`: unknown.
            **checksums: Integers, the CRC-32C of parts of it.
        """
        return dataclasses.replace(self, name=name, size=size, checksums=checksums)

    def dumped(self) -> str:
        """Returns it as JSON, without the logs and the checksums if it is too long with them."""
        found = {"version": _VERSION}
        found.update((field.name, getattr(self, field.name)) for field in _FIELDS)
        text = json.dumps(_finite(found), ensure_ascii=True)
        if len(text) <= LIMIT:
            return text
        if self.logs:
            return dataclasses.replace(self, logs={}).dumped()
        return dataclasses.replace(self, checksums={}).dumped() if self.checksums else text


_FIELDS = dataclasses.fields(Record)
_REQUIRED = ("template", "run", "epoch", "started", "time")
_KINDS: dict[str, Callable[[object], bool]] = {
    "str": (lambda value: isinstance(value, str)),
    "int": (lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "float": (lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
}


def parse(text: str | bytes) -> Record | None:
    """Returns the record that `text` is, None if it is none that this release knows.

    Args:
        text: String or bytes, which may be anything.
    """
    if len(text) > LIMIT:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        return None
    values: dict[str, Any] = {}
    for field in _FIELDS:
        if field.name not in found:
            if field.name in _REQUIRED:
                return None
            continue
        value = found[field.name]
        if not _fits(str(field.type), value):
            return None
        values[field.name] = _numbers(str(field.type), value)
    return Record(**values)


def _fits(kind: str, value: object) -> bool:
    """Returns whether a value is of a type, as the annotations of `Record` have them."""
    if kind.endswith(" | None"):
        return value is None or _fits(kind[: -len(" | None")], value)
    if kind.startswith("Mapping"):
        kind = kind[len("Mapping[str, ") : -1]
        return isinstance(value, dict) and all(_fits(kind, each) for each in value.values())
    if kind == "float" and isinstance(value, str):
        return value in _NOT_FINITE
    return _KINDS[kind](value)


def _numbers(kind: str, value: object) -> object:
    """Returns a value with the numbers that JSON has no words for."""
    if "float" not in kind:
        return value
    if isinstance(value, dict):
        return {name: _numbers(kind, each) for name, each in value.items()}
    return _NOT_FINITE.get(value, value) if isinstance(value, str) else value


def _finite(value: object) -> object:
    """Returns a value with words for the numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
