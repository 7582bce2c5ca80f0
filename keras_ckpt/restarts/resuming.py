"""Taking up a run where it was: the weights, the optimizer, the epoch, the best value."""

from __future__ import annotations

import functools
import math
import os
import re
import threading
from typing import TYPE_CHECKING, Callable, NamedTuple

from keras_ckpt import runtime
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import monitor as monitors
from keras_ckpt.errors import CheckpointError
from keras_ckpt.formats import registry
from keras_ckpt.restarts import catalogue, model_state
from keras_ckpt.restarts._types import Running, mode_of
from keras_ckpt.runs import listing, retention
from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.record import Record, name_of
from keras_ckpt.runtime import processes
from keras_ckpt.storage import files

if TYPE_CHECKING:
    from keras_ckpt.restarts.lifecycle import Lifecycle

#: Up to how many checkpoints are read before training begins, and not beside it.
_AT_ONCE = 300


def is_better(value: float, other: float | None, mode: str) -> bool:
    """Returns whether a value is better than another, which may be unknown."""
    if math.isnan(value):
        return False
    if other is None or math.isnan(other):
        return True
    return value < other if mode == "min" else value > other


class Listing:
    """The checkpoints of a run that is taken up, which many files may have to be read for.

    Args:
        template: String, the template of the callback.
        before: `Record`, that of the checkpoint that it is taken up from.
        found: `Found`, what there is. What is damaged is not counted.
    """

    def __init__(self, template: str, before: Record, found: catalogue.Found) -> None:
        self._template, self._run, self._before = template, before.run, before
        self._paths = [path for path in found.saved if path not in found.damaged]
        self._entries: list[Entry] = []
        self._thread: threading.Thread | None = None
        self._is_awaited = threading.Event()
        if len(self._paths) <= _AT_ONCE:
            self._is_awaited.set()
            self._read()
        else:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()

    def _read(self) -> None:
        found = []
        for path in self._paths:
            found += catalogue.entries([path], self._template)
            # The thread that trains and saves goes first.
            self._is_awaited.wait(0.001)
        of_run = (entry for entry in found if entry.record.run == self._run)
        self._entries = listing.in_order(of_run)

    def is_ready(self) -> bool:
        """Returns whether all have been read."""
        return self._thread is None or not self._thread.is_alive()

    def wait(self) -> None:
        """Waits until all have been read."""
        self._is_awaited.set()
        if self._thread is not None:
            self._thread.join()

    def keeper(self, life: Lifecycle, callback: Running) -> retention.Keeper:
        """Returns what is kept of them. What was kept for good stays so, by whatever arguments."""
        made = life.keeper(callback)
        for entry in self._entries:
            made.add(catalogue.by_metric(entry, str(callback.monitor)))
        for path, names in retention.kept_for_good(self._entries).items():
            for name in names:
                made.protect([path], name)
        return made


def resume(life: Lifecycle, callback: Running, template: str) -> Callable[[], None] | None:
    """Takes up the newest checkpoint that is whole, if there is one.

    Returns:
        A function for the end of the training, that undoes what only this one is to see.

    Raises:
        CheckpointError: if there are checkpoints and all are damaged, or one does not fit.
        FileNotFoundError: if there is none where `resume` says.
    """
    wanted = life.arguments.resume
    together = processes.group()
    if together.count > 1 and not isinstance(wanted, str):
        # All take up what the first one chooses.
        wanted = together.by_first(functools.partial(_chosen, template)) or False
    found = catalogue.newest(template)
    if isinstance(wanted, str):
        path, record = wanted, catalogue.look(wanted)
    else:
        chosen = None if together.count > 1 else _choose(found)
        if chosen is None:
            if found.others and together.is_first:
                _warn_of_other_names(template, found.others)
            if callback.verbose:
                runtime.print_msg(f"There is nothing to resume for {template}: it begins anew.")
            if not model_state.has_variables(callback.model):
                runtime.warn_user(
                    f"What is saved for filepath={template!r} cannot be resumed by this program: "
                    f"the model has no variables before `fit`. {model_state.HOW_TO_BUILD}"
                )
            return None
        path, record = chosen
    life.resumed = path
    life.parent = name_of(path)
    epoch = _without_record(callback, template, path) if record is None else record.epoch
    time = written_at(path) if record is None else retention.moment(record.time)
    life.place = Place(isinstance(life.arguments.resume, str), time, epoch)
    ahead, behind = _by_place(life, life.place, callback)
    has_optimizer = ahead is None and model_state.load(callback.model, path, record)
    if has_optimizer and record is not None and record.learning_rate is not None:
        _warn_of_learning_rate(callback, path, record.learning_rate, made_with=life.learning_rate)
        life.learning_rate = record.learning_rate
    if record is not None:
        _adopt(life, callback, template, Entry(path, record), found)
    if ahead is not None:
        life.expected = ahead.expected
        if callback.verbose:
            runtime.print_msg(f"The run of {path} goes on, with the weights of {ahead.resumed}")
        return None
    for each in behind:
        each.falls_behind(epoch)
    if not behind:
        _warn_of_initial_epoch(epoch, path)
    undo = runtime.begin_at(callback.model, epoch)
    _warn_of_nothing_to_train(callback, epoch, path)
    life.expected = epoch
    if callback.verbose:
        runtime.print_msg(_message(path, record, epoch, has_optimizer))
    return undo


class Place(NamedTuple):
    """Where a run is taken up, to be compared between callbacks: the greatest one decides.

    Attributes:
        is_given: whether it is what `resume` names.
        time: when the checkpoint was taken, in seconds since the epoch.
        epoch: of which epoch it is.
    """

    is_given: bool
    time: float
    epoch: int


def _by_place(
    life: Lifecycle, place: Place, callback: Running
) -> tuple[Lifecycle | None, list[Lifecycle]]:
    """Compares with the callbacks before this one that take up the training, too.

    Returns:
        The one among them that decides where the training goes on, None if this one does, and
        those that this one outdoes.
    """
    others: dict[Place, Lifecycle] = {}
    for each in runtime.callbacks_before(callback):
        other: Lifecycle | None = getattr(each, "_life", None)
        their_place = getattr(other, "place", None)
        if other is not None and isinstance(their_place, Place):
            others[their_place] = other
    if not others:
        return None, []
    best = max(place, *others)
    furthest = max(place, *others, key=lambda each: each.epoch)
    if furthest.epoch > best.epoch and not best.is_given:
        of_best, of_furthest = (others.get(each, life).resumed for each in (best, furthest))
        runtime.warn_user(
            f"The training goes on from {of_best}, after epoch {best.epoch}, which is newer than "
            f"{of_furthest}, after epoch {furthest.epoch}. Pass resume={of_furthest!r} to go on "
            "from that one."
        )
    ahead = others.get(best)
    return ahead, [] if ahead is not None else list(others.values())


def _warn_of_other_names(template: str, others: list[Entry]) -> None:
    """Warns of what this callback has not saved, by its name, and could be meant all the same."""
    path, record = others[-1]
    is_copy = listing.tail(record.template) == listing.tail(template)
    what = f"was saved as {record.name}" if is_copy else f"is of filepath={record.template!r}"
    runtime.warn_user(
        f"There is nothing to resume for filepath={template!r}, and the training begins anew: "
        f"{path} {what}. Pass resume={path!r} to go on with it, or name it as it was."
    )


def _chosen(template: str) -> str | None:
    """Returns the path of the newest that is whole."""
    chosen = _choose(catalogue.newest(template))
    return None if chosen is None else chosen[0]


def _choose(found: catalogue.Found) -> tuple[str, Record | None] | None:
    """Returns the newest that is whole, and its record. Warns of those that are passed over."""
    candidates: list[tuple[str, Record | None]] = list(found.entries)
    if not candidates:
        candidates = [(path, None) for path in found.unrecorded]
    flaws = dict(found.damaged)
    passed_over = []
    chosen = None
    for path, record in reversed(candidates):
        flaw = registry.flaw(path)
        if flaw is None:
            chosen = path, record
            break
        flaws[path] = flaw
        passed_over.append(path)
    since = -math.inf if chosen is None else written_at(chosen[0])
    if chosen is not None and chosen[1] is not None:
        # What has no record may have had one before it was damaged.
        for path in found.unrecorded:
            if written_at(path) < since:
                continue
            flaw = registry.flaw(path)
            if flaw is not None:
                found.damaged[path] = flaws[path] = flaw
                continue
            runtime.warn_user(
                f"{path} is passed over for {chosen[0]}, which is older: it has no record of a "
                "run, or none that can be read. It stays as it is. Pass its path as `resume` to "
                "go on with its weights."
            )
    passed_over += [path for path in found.damaged if written_at(path) >= since]
    if chosen is None and flaws:
        path = max(flaws, key=written_at)
        raise CheckpointError(
            path,
            f"{flaws[path]} (no checkpoint that this run could resume from is whole)",
            "remove or repair the damaged ones, or leave `resume` out to begin anew",
        )
    found.damaged.update(flaws)
    for path in passed_over:
        runtime.warn_user(f"{path} is passed over for an older checkpoint: {flaws[path]}")
    return chosen


def written_at(path: str) -> float:
    """Returns when a checkpoint was written, in seconds since the epoch, 0 if there is none."""
    for each in (path + ".index", path):
        if files.exists(each):
            return files.getmtime(each)
    return 0.0


def _adopt(
    life: Lifecycle, callback: Running, template: str, entry: Entry, found: catalogue.Found
) -> None:
    """Makes the run that a checkpoint is of the present one."""
    path, record = entry
    same = [each for each in found.entries if each.record.run == record.run]
    is_newest = not isinstance(life.arguments.resume, str) or (
        bool(same) and files.realpath(same[-1].path) == files.realpath(path)
    )
    if is_newest:
        # From an older one the training takes another way, and the files of the first stay.
        life.run, life.started = record.run, record.started
        life.restarts = record.restarts + 1
        life.saved_at(record.time)
        if life.arguments.retention.deletes:
            life.listing = Listing(template, record, found)
    is_same = record.monitor == callback.monitor
    if is_same and record.mode is not None and callback.mode == "auto" and not callback._settled:
        callback._compare_by(record.mode)  # As long as its metric is not known.
    take_best(callback, record)
    if not is_same or record.mode not in (None, mode_of(callback)):
        # With `save_best_only` the first one counts as the best, and a warning has said so.
        life.before = None if callback.save_best_only else record
        return
    life.best = record.best
    if record.best_name is not None:
        beside = os.path.join(files.dirname(path), record.best_name)
        others = {os.path.basename(each.path): each.path for each in same}
        life.best_path = beside if files.lexists(beside) else others.get(record.best_name)
        index = beside + ".index"
        if life.best_path is None and files.lexists(index):
            life.best_path = beside
        if life.best_path is None and life.arguments.compares:
            life.best, life.before = None, record


def earlier(
    callback: Running, template: str, run: str, before: Record | None = None
) -> list[Entry]:
    """Returns the checkpoints of a run, up to one of them, that have a value of the metric."""
    monitor = str(callback.monitor)
    found = [
        catalogue.by_metric(entry, monitor)
        for entry in catalogue.found_in(template)
        if entry.record.run == run
        and (before is None or listing.progress(entry.record) <= listing.progress(before))
    ]
    return [entry for entry in found if not retention.rank(entry.record, "min")[0]]


def take_best(callback: Running, record: Record) -> None:
    """Lets the best value of a record count, if the callback has no better one."""
    if record.best is None or not callback.save_best_only:
        return
    if record.monitor != callback.monitor:
        runtime.warn_user(
            f"The best value of {record.name} is not taken up: it is of `{record.monitor}`, and "
            f"`{callback.monitor}` is monitored now."
        )
        return
    mode = record.mode or monitors.mode_from_name(callback.monitor)
    if callback.mode not in ("auto", mode):
        runtime.warn_user(
            f"The best value of {record.name} is not taken up: it was the best by mode={mode!r}, "
            f"and mode={callback.mode!r} is given now."
        )
        return
    _set_best(callback, record.best, mode)


def _set_best(callback: Running, best: float, mode: str) -> None:
    has_one = callback.best is not None and callback.best != callback._no_best
    if not has_one or is_better(best, float(callback.best), mode):
        callback.best = best


def _without_record(callback: Running, template: str, path: str) -> int:
    """Returns the epoch in the name of a file of an older release; the best may be there, too."""
    values = listing.values_in(template, path)
    monitor = callback.monitor
    if callback.save_best_only and monitor in values:
        mode = callback.mode
        if mode not in ("min", "max"):
            mode = monitors.mode_from_name(monitor)
        bound = _bound(values[monitor], mode)
        if bound is not None:
            _set_best(callback, bound, mode)
    elif callback.save_best_only:
        runtime.warn_user(
            f"{path} has no record of the best `{monitor}`, which is unknown: the next save counts "
            "as the best."
        )
    try:
        return _epoch_in(template, values["epoch"])
    except (KeyError, ValueError):
        runtime.warn_user(
            f"{path} has no record of its epoch, and none in its name: the weights are taken up, "
            "and the epochs are counted from the first."
        )
        return 0


def _epoch_in(template: str, text: str) -> int:
    """Returns the epoch that stands in a name.

    Raises:
        ValueError: if it is not certain, as the number may be none of ten digits.
    """
    epoch = int(float(text))
    for each in paths.placeholders(template):
        is_decimal = listing.is_decimal(each.name, each.spec, each.conversion)
        if each.name == "epoch" and not is_decimal and each.filled(epoch) != text:
            raise ValueError(text)
    return epoch


def _bound(text: str, mode: str) -> float | None:
    """Returns the best number that is rounded to what stands in a name."""
    try:
        value = float(text)
    except ValueError:
        return None
    digits = re.fullmatch(r"[-+ ]*\d+(?:\.(\d+))?", text)
    if digits is None or math.isnan(value):
        return value
    half = 0.5 * 10.0 ** -len(digits.group(1) or "")
    return value - half if mode == "min" else value + half


def _warn_of_initial_epoch(epoch: int, path: str) -> None:
    given = runtime.initial_epoch()
    if given not in (0, epoch):
        runtime.warn_user(
            f"fit(initial_epoch={given}) has no effect: the training goes on after epoch {epoch}, "
            f"which {path} is of."
        )


def _warn_of_learning_rate(
    callback: Running, path: str, before: float, made_with: float | None
) -> None:
    """Warns where the program has another learning rate now, which the checkpoint outdoes."""
    found = model_state.learning_rate(callback.model)
    if found is None or made_with in (None, before, found):
        return
    runtime.warn_user(
        f"The training goes on with the learning rate of {path}, {found:.6g}. The optimizer was "
        f"made with {before:.6g} when the run began, and with {made_with:.6g} now: to have that, "
        "pass a LearningRateScheduler to `fit`, too."
    )


def _warn_of_nothing_to_train(callback: Running, epoch: int, path: str) -> None:
    """Warns where all epochs are done: `fit` would return at once, and not say why."""
    epochs = (getattr(callback, "params", None) or {}).get("epochs")
    if isinstance(epochs, int) and 0 < epochs <= epoch:
        runtime.warn_user(
            f"Nothing is trained: {path} is of epoch {epoch}, and with resume=True "
            f"fit(epochs={epochs}) means so many in all. Pass more, or another `filepath`, to "
            "train on."
        )


def warn_of_same_files(callback: Running, template: str) -> None:
    """Warns of another callback that would overwrite the checkpoints of this one."""
    for each in runtime.other_callbacks(callback):
        other = getattr(each, "filepath", None)
        if not isinstance(other, (str, os.PathLike)):
            continue
        if files.abspath(os.fspath(other)) == files.abspath(template):
            runtime.warn_user(
                f"A {type(each).__name__} beside this ModelCheckpoint saves to the same "
                f"filepath={template!r}: each overwrites what the other has saved, and neither "
                "keeps or finds what it should. Give each a name of its own."
            )


def warn_of_others(callback: Running) -> None:
    """Warns of callbacks that would take up a training, too, and do not ask this one."""
    for each in runtime.other_callbacks(callback):
        if "BackupAndRestore" in {cls.__name__ for cls in type(each).__mro__}:
            runtime.warn_user(
                f"Both this ModelCheckpoint with resume=True and a {type(each).__name__} take up "
                "the training where it was, and the last of them in `callbacks` decides. Leave one "
                "out."
            )


def check_first(epoch: int, life: Lifecycle) -> None:
    """Sees that the first epoch after a resume is the one that comes next.

    Raises:
        RuntimeError: if it is another: the loop that trains begins where it likes.
    """
    expected, life.expected = life.expected, None
    if expected is not None and epoch != expected:
        raise RuntimeError(
            f"{life.resumed} is of epoch {expected}, and the training began with epoch "
            f"{epoch + 1}: no "
            f"callback can tell this loop where to begin. Pass fit(initial_epoch={expected}), or "
            f"let a loop of your own begin there."
        )


def _message(path: str, record: Record | None, epoch: int, has_optimizer: bool) -> str:
    text = f"Resuming from {path}, after {epoch} epoch{'' if epoch == 1 else 's'}"
    if record is not None and record.batch is not None:
        batches = f"{record.batch} batch{'' if record.batch == 1 else 'es'}"
        text += f" and {batches} of the next, which begins again"
    return text + ("" if has_optimizer else ", with a new optimizer")
