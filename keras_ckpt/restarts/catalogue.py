"""The checkpoints that are there, by what their records say: listing, choosing and deleting."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import Iterable, Iterator, Mapping, NamedTuple

from keras_ckpt import endings, runtime
from keras_ckpt._typing import StrPath
from keras_ckpt.engine import monitor as monitors
from keras_ckpt.errors import CheckpointError, NotACheckpoint
from keras_ckpt.formats import registry, saved_files
from keras_ckpt.formats.base import Format
from keras_ckpt.formats.tensorflow import checkpoint as tensorflow_checkpoint
from keras_ckpt.runs import listing, retention
from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.record import Record
from keras_ckpt.storage import commit, files, places, rereading
from keras_ckpt.storage.places import Unreachable

#: Of how many files the record is read to find the newest: of those written last, and of those with
#: the highest numbers in their names, as a directory that was copied has new times.
_LOOKED_AT = 100
#: What a save is called that the template has no name for, and is found all the same.
BESIDE = ("preemption", "exception")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of `keras_ckpt.ModelCheckpoint`, and what it says of itself.

    `keras_ckpt.checkpoints` returns them.

    Args:
        path: String, where it is: what `keras_ckpt.load_weights` and `load_model` take.
        format: String, the name of its format.
        size: Integer, the bytes of its files.
        time: String, when it was saved, UTC in ISO 8601.
        epoch: Integer, how many epochs were finished.
        batch: Integer, how many batches of the next epoch were, `None` at the end of an epoch.
        step: Integer, the steps of the optimizer, `None` if it has none.
        logs: Dict of strings and floats, the metrics.
        monitor: String, the metric that decides which one is best, `None` if unknown.
        value: Float, that metric, `None` if unknown.
        best: Float, the best so far in this run, `None` if unknown.
        run: String, which run it is of. One that resumes goes on with the same.
        kept_by: Tuple of strings, the arguments of the callback that keep it, and `"newest"`. Empty
            where nothing is ever deleted.
        complete: Boolean, whether its files are there. `keras-ckpt verify` compares their bytes.

    Example:

    ```python
    for each in keras_ckpt.checkpoints("run/{epoch:03d}.keras"):
        print(each.epoch, each.value, each.path)
    ```

    Added in keras_ckpt 0.1.0.
    """

    path: str
    format: str
    size: int
    time: str
    epoch: int
    batch: int | None
    step: int | None
    logs: Mapping[str, float]
    monitor: str | None
    value: float | None
    best: float | None
    run: str
    kept_by: tuple[str, ...]
    complete: bool


class Found(NamedTuple):
    """What there is to resume from.

    Attributes:
        entries: the checkpoints of this template that have a record, the newest last.
        unrecorded: the paths of those that have none, the newest last.
        damaged: the paths of those that cannot be read, and why.
        saved: the paths of all that have the name of one.
        others: those with a record of another template, or of another name.
    """

    entries: list[Entry]
    unrecorded: list[str]
    damaged: dict[str, str]
    saved: list[str]
    others: list[Entry]


def look(path: str, kind: Format | None = None) -> Record | None:
    """Returns the record of the checkpoint at a path, None if it has none.

    Args:
        path: String, the checkpoint.
        kind: the format that it probably has, which saves the look at the others. Defaults to
            `None`.

    Raises:
        CheckpointError: if it cannot be read, or is no checkpoint.
        OSError: if it is gone, or the file system fails.
    """
    if kind is not None:
        with contextlib.suppress(CheckpointError, OSError):
            found = kind.record(path)
            if found is not None:
                return found
    return registry.record_of(path)


@contextlib.contextmanager
def _passing_over() -> Iterator[None]:
    """Passes over what cannot be read, but not over a whole place that cannot be reached."""
    try:
        yield
    except Unreachable:
        raise
    except (CheckpointError, OSError, ImportError):
        pass


def entries(paths: Iterable[str], template: str, kind: Format | None = None) -> list[Entry]:
    """Returns those that were saved from a template, the newest last."""
    found = []
    for path in paths:
        with _passing_over():
            record = look(path, kind)
            if record is not None and listing.is_of(template, path, record):
                found.append(Entry(path, record))
    return listing.in_order(found)


def newest(template: str, kind: Format | None = None) -> Found:
    """Returns what there is to resume from. Of many only the newest are looked at."""
    with files.looking():
        return _newest(template, kind)


def _newest(template: str, kind: Format | None) -> Found:
    saved = saved_files.saved(template)
    paths = saved[-_LOOKED_AT:]
    if len(saved) > len(paths):
        numbered = sorted(saved, key=lambda path: _epoch(template, path))
        paths = list(dict.fromkeys([*numbered[-_LOOKED_AT:], *paths]))
    for what in BESIDE:
        path = listing.beside(template, what)
        if path not in paths and any(map(files.lexists, (path, path + ".index"))):
            paths.append(path)
    found, unrecorded, damaged, others = [], [], {}, []
    for path in paths:
        try:
            record = look(path, kind)
        except NotACheckpoint as error:
            if path.endswith(endings.FILES):
                damaged[path] = error.found
            continue
        except CheckpointError as error:
            damaged[path] = error.found
            continue
        except Unreachable:
            raise
        except OSError:
            continue
        if record is None:
            unrecorded.append(path)
        elif listing.is_of(template, path, record):
            found.append(Entry(path, record))
        else:
            others.append(Entry(path, record))
    return Found(listing.in_order(found), unrecorded, damaged, saved, listing.in_order(others))


def _epoch(template: str, path: str) -> float:
    try:
        return float(listing.values_in(template, path).get("epoch", "0"))
    except ValueError:
        return 0.0


def is_still(entry: Entry) -> bool:
    """Returns whether a checkpoint is what its record said when it was read."""
    try:
        record = look(entry.path)
    except Unreachable:
        raise
    except (CheckpointError, OSError):
        return False
    if record is None or not listing.is_of(entry.record.template, entry.path, record):
        return False
    one, other = entry.record, record
    known = one.size is None or one.size == other.size
    return known and (one.run, one.time) == (other.run, other.time)


def delete(entry: Entry, latest: str | None) -> bool:
    """Deletes a checkpoint, if it still is the one that its record was read of.

    Args:
        entry: the checkpoint.
        latest: the newest of its directory, which TensorFlow's file `checkpoint` is to name if it
            names the one that goes.

    Returns:
        Boolean, `False` if there was nothing to delete: it is gone, or another's now.

    Raises:
        OSError: if it cannot be deleted.
    """
    if not is_still(entry):
        return False
    path = entry.path
    kind = registry.format_of(path)
    directory = files.dirname(path)
    is_in_state = tensorflow_checkpoint.latest_in_state(directory or ".") == path
    commit.delete(kind.files(path))
    # The directories that the template has made for it alone.
    depth = listing.tail(entry.record.template).count("/")
    commit.remove_empty(path, depth)
    if is_in_state and latest is not None and files.dirname(latest) == directory:
        tensorflow_checkpoint.write_state(latest)
    return True


# What users list.


def found_in(directory_or_template: StrPath) -> list[Entry]:
    """Returns the checkpoints with a record in a directory, or of a template, the newest last."""
    with files.looking():
        return _found_in(os.fspath(directory_or_template))


def _found_in(name: str) -> list[Entry]:
    of_template = entries(_with_beside(name), name)
    if of_template or not files.isdir(name):  # A model may be a directory itself.
        return of_template
    found = []
    inside = files.join(name.replace("{", "{{").replace("}", "}}"), "{name}")
    for path in saved_files.saved(inside):
        with _passing_over():
            record = look(path)
            if record is not None and record.name == os.path.basename(path):
                found.append(Entry(path, record))
    return listing.in_order(found)


def _with_beside(template: str) -> list[str]:
    beside = [listing.beside(template, what) for what in BESIDE]
    return list(dict.fromkeys([*saved_files.saved(template), *beside]))


def runs(found: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Returns checkpoints by their runs and templates, each the newest last."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in found:
        key = (entry.record.run, listing.tail(entry.record.template))
        groups.setdefault(key, []).append(entry)
    return groups


def described(found: Iterable[Entry]) -> list[Checkpoint]:
    """Returns what users see of checkpoints, in their order."""
    found = list(found)
    reasons: dict[str, list[str]] = {}
    for group in runs(found).values():
        rules = retention.parse(group[-1].record.retention)
        if rules.deletes:
            reasons.update(retention.explained(comparable(group), rules))
    return [described_one(entry, reasons.get(entry.path, ())) for entry in found]


def described_one(entry: Entry, kept_by: Iterable[str]) -> Checkpoint:
    """Returns what users see of a checkpoint.

    Args:
        entry: the checkpoint.
        kept_by: Strings, what keeps it.
    """
    path, record = entry
    name, size, complete = "", record.size or 0, True
    try:
        kind = registry.format_of(path)
        name = kind.name
        size = sum(map(_bytes, kind.files(path)))
    except (CheckpointError, OSError, ImportError):
        complete = runtime.is_remote(path)  # Where none of its files are looked at.
    return Checkpoint(
        path,
        name,
        size,
        record.time,
        record.epoch,
        record.batch,
        record.step,
        dict(record.logs),
        record.monitor,
        record.value,
        record.best,
        record.run,
        tuple(kept_by),
        complete,
    )


def _bytes(path: str) -> int:
    if not files.isdir(path):
        return files.getsize(path)
    if places.is_url(path):
        return sum(int(each["size"] or 0) for each in files.below(path).values())
    return sum(
        files.getsize(os.path.join(parent, name))
        for parent, _, names in os.walk(path)
        for name in names
    )


def checkpoints(directory_or_template: StrPath) -> list[Checkpoint]:
    """Returns the checkpoints of `keras_ckpt.ModelCheckpoint` in a directory, the newest last.

    Those without a record, which other programs and older releases wrote, are not among them; nor
    are copies under another name.

    Args:
        directory_or_template: String or `PathLike`, a directory or a template. A template is the
            `filepath` of a `ModelCheckpoint`, such as `"w.{epoch:02d}-{val_loss:.2f}.h5"`.

    Returns:
        A list of `Checkpoint`, by runs and their epochs.

    Example:

    ```python
    for each in keras_ckpt.checkpoints("run/{epoch:03d}.keras"):
        print(each.epoch, each.value, each.kept_by)
    ```

    Added in keras_ckpt 0.1.0.
    """
    with files.looking():
        return described(found_in(directory_or_template))


def best_checkpoint(
    directory_or_template: StrPath, monitor: str | None = None, mode: str | None = None
) -> str | None:
    """Returns the path of the best checkpoint that is whole.

    It is read and verified. One that is damaged is passed over, with a warning. Of equal ones it is
    the one that was saved first.

    Args:
        directory_or_template: String or `PathLike`, as of `checkpoints`.
        monitor: String, the metric to go by. Defaults to `None`: the one that the callback
            monitored.
        mode: String, `"min"` or `"max"`. Defaults to `None`: the direction that the callback had,
            and `"min"` if that is unknown and the metric is a loss.

    Returns:
        A string, or None if there is no checkpoint with this metric.

    Raises:
        ValueError: if the direction is unknown, or the callbacks of a directory have monitored
            several metrics.

    Example:

    ```python
    best = keras_ckpt.best_checkpoint("run/{epoch:03d}.keras")
    if best is not None:
        keras_ckpt.load_weights(model, best)
    ```

    Added in keras_ckpt 0.1.0.
    """
    if mode not in (None, "min", "max"):
        raise ValueError(f"`mode` must be 'min' or 'max'. Received: {mode!r}")
    found = found_in(directory_or_template)
    if monitor is None:
        monitor = _monitored(found)
    if monitor is not None:
        found = [by_metric(entry, monitor) for entry in found]
    found = [entry for entry in found if not retention.rank(entry.record, "min")[0]]
    if not found:
        return None
    if mode is None:
        mode = _mode(found)
    ranked = retention.best(found, len(found), mode)
    return registry.newest_whole(entry.path for entry in reversed(ranked))


def by_metric(entry: Entry, monitor: str, mode: str | None = None) -> Entry:
    """Returns a checkpoint with the value of another metric than it was saved by, from its logs.

    Args:
        entry: the checkpoint.
        monitor: String, the metric.
        mode: String, the direction of that. Defaults to `None`: unknown, if it is another.
    """
    record = entry.record
    if record.monitor == monitor:
        return entry
    value = _logged(record, monitor)
    if record.value is None and record.monitor and _logged(record, record.monitor) is not None:
        value = None  # It is not to be compared, as what was saved after an exception.
    return Entry(entry.path, dataclasses.replace(record, monitor=monitor, value=value, mode=mode))


def _logged(record: Record, monitor: str) -> float | None:
    return record.logs.get(monitor, record.logs.get(monitors.alias(monitor, record.logs) or ""))


def comparable(group: list[Entry]) -> list[Entry]:
    """Returns the checkpoints of a run, all with the metric that the newest of them goes by.

    Args:
        group: the checkpoints of one run, the newest last.
    """
    monitor = group[-1].record.monitor
    if monitor is None:
        return group
    modes = (each.record.mode for each in reversed(group) if each.record.monitor == monitor)
    mode = next((each for each in modes if each is not None), None)
    found = [by_metric(each, monitor, mode) for each in group]
    return [Entry(path, dataclasses.replace(record, mode=mode)) for path, record in found]


def _monitored(found: Iterable[Entry]) -> str | None:
    """Returns the metric that the newest checkpoint of each template goes by."""
    newest = {listing.tail(each.record.template): each.record.monitor for each in found}
    names: list[str] = []
    for name in newest.values():
        if name is not None and name not in names and monitors.alias(name, names) is None:
            names.append(name)
    if len(names) > 1:
        raise ValueError(
            "Several metrics are monitored here, and which one the best is to be of is not known. "
            f"Pass `monitor`: {' or '.join(map(repr, sorted(names)))}."
        )
    return names[0] if names else None


def _mode(found: list[Entry]) -> str:
    modes = {entry.record.mode for entry in found if entry.record.mode is not None}
    if len(modes) == 1:
        return modes.pop()
    if not modes and all((entry.record.monitor or "").endswith("loss") for entry in found):
        return "min"
    name = found[-1].record.monitor
    raise ValueError(
        f"Whether the best `{name}` is the smallest or the largest is not recorded. Pass "
        "mode='min' or mode='max'."
    )


def whole(entry: Entry) -> bool:
    """Returns whether a checkpoint can be loaded: all of its bytes are read."""
    return rereading.settled(entry.path, lambda: registry.flaw(entry.path)) is None
