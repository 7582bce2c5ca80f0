"""Which checkpoints of a run are kept: pure functions over their records."""

from __future__ import annotations

import dataclasses
import datetime
import math
from typing import Collection, Iterable, Mapping

from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.record import Record


@dataclasses.dataclass(frozen=True)
class Retention:
    """The arguments of the callback that say which checkpoints are kept.

    A checkpoint is kept if any of them keeps it. If all are `None`, nothing is ever deleted.

    Attributes:
        max_to_keep: Integer, how many of the newest.
        keep_best_n: Integer, how many of the best.
        keep_period: Integer, of which number the epochs are multiples that are kept.
        keep_checkpoint_every_n_hours: Float, after how many hours one is kept.
        save_freq: Integer, if saves count batches. `keep_period` then counts steps.
    """

    max_to_keep: int | None = None
    keep_best_n: int | None = None
    keep_period: int | None = None
    keep_checkpoint_every_n_hours: float | None = None
    save_freq: int | None = None

    @property
    def deletes(self) -> bool:
        """Whether there is anything that is not kept."""
        return any(getattr(self, name) is not None for name in RULES)

    def described(self) -> dict[str, float]:
        """Returns what a record has of it."""
        found = dataclasses.asdict(self) if self.deletes else {}
        return {name: value for name, value in found.items() if value is not None}


RULES = ("max_to_keep", "keep_best_n", "keep_period", "keep_checkpoint_every_n_hours")
#: What keeps for good: what comes later changes nothing about it.
FOR_GOOD = RULES[2:]
NEWEST = "newest"


def parse(described: Mapping[str, float]) -> Retention:
    """Returns what a record says of the arguments, without what makes no sense."""
    found: dict[str, int | float] = {}
    for field in dataclasses.fields(Retention):
        value = described.get(field.name)
        if value is None or not math.isfinite(value) or value <= 0:
            continue
        if field.name == RULES[3]:
            found[field.name] = value
        elif value >= 1:
            found[field.name] = int(value)
    return Retention(**found)  # type: ignore[arg-type]


def moment(text: str) -> float:
    """Returns a time in ISO 8601 as seconds, 0 if it is none."""
    text = text.replace("Z", "+00:00")
    try:
        found = datetime.datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=datetime.timezone.utc)
        return found.timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def rank(record: Record, mode: str | None) -> tuple[bool, float]:
    """Returns what is smaller the better a checkpoint is. One without a value comes last."""
    value = record.value
    if value is None or math.isnan(value):
        return True, 0.0
    return False, -value if (mode or record.mode) == "max" else value


def best(entries: Iterable[Entry], count: int = 1, mode: str | None = None) -> list[Entry]:
    """Returns the best of some checkpoints, the best first. Of equal ones the earlier is better."""
    return sorted(entries, key=lambda entry: rank(entry.record, mode))[:count]


class Keeper:
    """The checkpoints of one run, in the order in which they came, and which of them are kept.

    What is kept for good is decided when it comes, and then needs no room here: a run of 20,000
    checkpoints costs no more at each save than one of ten.

    Args:
        retention: `Retention`.
        started: String, when the run began, in ISO 8601.
        mode: String, `"min"` or `"max"`. Defaults to `None`: that of the records.
    """

    def __init__(self, retention: Retention, started: str, mode: str | None = None) -> None:
        self.retention = retention
        self.mode = mode
        #: Those that may have to go, the newest last, by their paths.
        self.entries: dict[str, Entry] = {}
        #: Why some are kept for good, by their paths.
        self.for_good: dict[str, list[str]] = {}
        self._since = moment(started)
        self._clock = self._since

    def add(self, entry: Entry) -> None:
        """Counts a checkpoint in, which takes the place of the one at its path."""
        self.entries.pop(entry.path, None)
        self.entries[entry.path] = entry
        # A clock that went back counts as standing still.
        self._clock = max(self._clock, moment(entry.record.time))
        for name in FOR_GOOD:
            if self._is_kept(entry.record, name):
                if name not in self.for_good.setdefault(entry.path, []):
                    self.for_good[entry.path].append(name)

    def _is_kept(self, record: Record, name: str) -> bool:
        """Returns whether a rule keeps for good what comes now."""
        number = getattr(self.retention, name)
        if number is None:
            return False
        if name == "keep_period":
            if self.retention.save_freq is not None:
                return bool(record.step) and record.step % number == 0
            return record.batch is None and record.epoch > 0 and record.epoch % number == 0
        if self._clock - self._since < number * 3600:
            return False
        self._since = self._clock
        return True

    def protect(self, paths: Collection[str], reason: str) -> None:
        """Keeps some for good, whatever the arguments say."""
        for path in paths:
            if reason not in self.for_good.setdefault(path, []):
                self.for_good[path].append(reason)

    def discard(self, path: str) -> None:
        """Forgets a checkpoint: it is gone, or another's."""
        self.entries.pop(path, None)

    def reasons(self) -> dict[str, list[str]]:
        """Returns why each is kept, nothing of those that are not, by their paths."""
        found: dict[str, list[str]] = {}
        entries = list(self.entries.values())
        for name, kept in (
            (NEWEST, entries[-1:]),
            ("max_to_keep", entries[-(self.retention.max_to_keep or 0) or len(entries) :]),
            ("keep_best_n", best(entries, self.retention.keep_best_n or 0, self.mode)),
        ):
            for entry in kept:
                found.setdefault(entry.path, []).append(name)
        for path, names in self.for_good.items():
            if path in self.entries:
                found.setdefault(path, []).extend(names)
        return found

    def over(self, protected: Collection[str] = ()) -> list[Entry]:
        """Returns those that are to be deleted, the oldest first.

        Args:
            protected: Strings, paths that are kept for now.
        """
        if not self.retention.deletes or len(self.entries) <= (self.retention.max_to_keep or 0):
            return []
        reasons = self.reasons()
        gone = [
            entry
            for path, entry in self.entries.items()
            if path not in reasons and path not in protected
        ]
        for path, names in reasons.items():
            if all(name not in names for name in (NEWEST, *RULES[:2])):
                del self.entries[path]
        return gone


def kept_for_good(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Returns what the arguments of each life of a run have kept for good of what was there then.

    Args:
        entries: the checkpoints of one run, the newest last.

    Returns:
        A dict with the names of the arguments, by the paths of the checkpoints.
    """
    entries = list(entries)
    lives: dict[tuple[tuple[str, float], ...], int] = {}
    for _, record in entries:
        rules = tuple(sorted(record.retention.items()))
        lives[rules] = max(lives.get(rules, 0), record.restarts)
    found: dict[str, list[str]] = {}
    for rules, last in lives.items():
        keeper = Keeper(parse(dict(rules)), entries[0].record.started)
        for entry in entries:
            if entry.record.restarts <= last:
                keeper.add(entry)
        for path, names in keeper.for_good.items():
            of_path = found.setdefault(path, [])
            of_path += [name for name in names if name not in of_path]
    return found


def explained(
    entries: Iterable[Entry], retention: Retention, protected: Collection[str] = ()
) -> dict[str, list[str]]:
    """Returns why each checkpoint of a run is kept, in the words of the arguments, by its path.

    Args:
        entries: the checkpoints of one run, the newest last.
        retention: `Retention`.
        protected: Strings, paths that are kept anyway.
    """
    entries = list(entries)
    if not entries:
        return {}
    keeper = Keeper(retention, entries[0].record.started)
    for entry in entries:
        keeper.add(entry)
    for path, names in kept_for_good(entries).items():
        for name in names:
            keeper.protect([path], name)
    keeper.protect([entry.path for entry in entries if entry.path in set(protected)], "link")
    return keeper.reasons()
