"""The life of a run, which the callback tells what happens: it begins, saves, and ends."""

from __future__ import annotations

import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Callable, Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import Logs
from keras_ckpt.engine import filepath as paths
from keras_ckpt.engine import monitor as monitors
from keras_ckpt.errors import CheckpointError
from keras_ckpt.restarts import catalogue, directory, links, model_state, resuming
from keras_ckpt.restarts._types import Running, mode_of, template_of
from keras_ckpt.restarts.one_save import OneSave
from keras_ckpt.restarts.preemption import Preemption
from keras_ckpt.restarts.run_arguments import RunArguments, refuse_on_background
from keras_ckpt.runs import listing, retention
from keras_ckpt.runs.listing import Entry
from keras_ckpt.runs.record import Record, name_of, now
from keras_ckpt.runtime import processes
from keras_ckpt.storage import durability, files

if TYPE_CHECKING:
    from keras_ckpt.restarts.background import Background


class Lifecycle:
    """What the callback knows of its run.

    Args:
        arguments: `RunArguments`, what is to be done about it.

    Attributes:
        run: which run it is, `None` before the first save of a callback that had no train begin.
        started: when it began.
        parent: the name of the checkpoint that it was resumed from.
        resumed: the path of that.
        restarts: how often the run has been taken up.
        best: the best value that was saved, and `best_path`, where.
    """

    def __init__(self, arguments: RunArguments) -> None:
        self.arguments = arguments
        self._undo: list[Callable[[], None]] = []
        self._warned: set[str] = set()
        self.preemption: Preemption | None = None
        self.own_runs: set[str] = set()
        self.background: Background | None = None
        if arguments.save_on_background:
            from keras_ckpt.restarts.background import Background

            self.background = Background()
        self._saving: OneSave | None = None
        self._template = ""
        #: The steps of the optimizer when the training began, and then when it ended.
        self._step: int | None = None
        self.other_writers = directory.OtherWriters()
        self.forget()

    def __getstate__(self) -> dict[str, object]:
        # What is copied or pickled is what it is once all is saved.
        if self.background is not None:
            self.background.wait()
        return dict(vars(self))

    def forget(self, goes_on: bool = False) -> None:
        """Begins a new run.

        Args:
            goes_on: Boolean, whether it is the same run, of which the next `fit` begins. Defaults
                to `False`.
        """
        if not goes_on:
            self.run: str = uuid.uuid4().hex
            self.started: str = now()
            self.parent: str | None = None
            self.resumed: str | None = None
            self.restarts = 0
            self.best: float | None = None
            self.best_path: str | None = None
            self.latest: str | None = None
            self.listing: resuming.Listing | None = None
            self._keeper: retention.Keeper | None = None
            #: What it was taken up from, as long as the best before that is not known.
            self.before: Record | None = None
            self._since = time.time()
            #: The learning rate of the optimizer when the run began.
            self.learning_rate: float | None = None
        #: Where it was taken up.
        self.place: resuming.Place | None = None
        #: The epoch that comes next, as long as it has not begun.
        self.expected: int | None = None
        self._saved: tuple[int, int | None] | None = None
        # Where the training is, for a save outside of the hooks that save.
        self.epoch = 0
        self.batch: int | None = None
        self.logs: Logs | None = None
        self.is_between_epochs = False
        # Whether a signal has ended the training: what Keras still calls the end of an epoch is
        # none, and is not saved.
        self.gave_way = False
        self.is_training = False
        self._has_trained = False

    # The beginning and the end

    def begin(self, callback: Running) -> None:
        """Takes up the newest checkpoint, if that is asked for, or begins a new run."""
        self.settle()  # Of a training that an exception has ended.
        self.close()
        try:
            self._begin(callback)
        except BaseException:
            self.close()
            raise
        self._step = model_state.step_of(callback.model)
        self.is_training = True

    def _begin(self, callback: Running) -> None:
        arguments = self.arguments
        template = template_of(callback)
        goes_on = self._goes_on(callback, template)
        self.forget(goes_on)
        self._template = template
        if not goes_on:
            self.learning_rate = model_state.learning_rate(callback.model)
        self.other_writers.begin(template)
        if arguments.save_on_background and callback.filepath is not None:
            refuse_on_background(template, bool(callback.save_weights_only))
        together = processes.group()
        self.run, self.started = together.told([self.run, self.started])
        if arguments.is_used:
            resuming.warn_of_same_files(callback, template)
        if arguments.resume and not goes_on:
            resuming.warn_of_others(callback)
            undo = resuming.resume(self, callback, template)
            if undo is not None:
                self._undo.append(undo)
        elif (
            not goes_on
            and together.is_first
            and (arguments.is_used or callback.verbose or callback.save_best_only)
        ):
            directory.note_older(callback, template, arguments.is_used, self.own_runs)
        self.own_runs.add(self.run)
        for target in (arguments.link_latest, arguments.link_best):
            if target is not None:
                links.refuse_other(target)
        if arguments.signals:
            self.preemption = Preemption(arguments.signals)

    def _goes_on(self, callback: Running, template: str) -> bool:
        """Returns whether a `fit` is told to begin where the one before it has ended.

        That is how loops of one's own train epoch after epoch. It is one run.
        """
        if template != self._template or not self.is_between_epochs:
            return False
        if self.arguments.resume and (model_state.step_of(callback.model) or 0) < (self._step or 0):
            return False  # A new model, which is to take up what that one has left.
        return 0 < runtime.initial_epoch() == self.epoch + 1

    def falls_behind(self, epoch: int) -> None:
        """Lets another callback, which takes up a newer checkpoint, decide which epoch is next."""
        while self._undo:
            self._undo.pop()()
        self.expected = epoch

    def restarted(self, callback: Running, path: str) -> None:
        """Lets the best value count of what `load_weights_on_restart` has found."""
        with contextlib.suppress(CheckpointError, OSError, ImportError):
            record = catalogue.look(path)
            if record is not None:
                resuming.take_best(callback, record)

    def end(self, callback: Running) -> None:
        """Finishes the run: what is over the limit goes, and the model may become the best one."""
        preemption = self.preemption
        try:
            if self.background is not None:
                self.background.finish()
            if self.listing is not None:
                self.listing.wait()
                if self.latest is not None:  # What was there is deleted after a save alone.
                    self._prune(callback)
            self._look_back(callback)
            if self.arguments.compares:
                self._say_what_is_unknown(callback)
            if self.arguments.restore_best_weights:
                self._restore_best(callback)
        finally:
            self._step = model_state.step_of(callback.model)
            self.is_training = False
            self.close()
        if preemption is not None:
            preemption.deliver()

    def close(self) -> None:
        """Undoes what holds as long as a model trains."""
        if self.preemption is not None:
            self.preemption.restore()
            self.preemption = None
        while self._undo:
            self._undo.pop()()

    def _restore_best(self, callback: Running) -> None:
        # It is the first process that has written it, and knows.
        path, best = processes.group().told((self.best_path, self.best))
        if path is None:
            return
        try:
            model_state.load_weights(callback.model, path)
        except (CheckpointError, OSError) as error:  # All is trained: no reason to lose the rest.
            runtime.warn_user(
                "restore_best_weights=True changes nothing, and the model keeps the weights of the "
                f"last epoch: {error}"
            )
            return
        if callback.verbose:
            runtime.print_msg(f"Restored the weights of {path}, {callback.monitor}={best:.5g}")

    # A save

    def best_with(
        self, callback: Running, value: float | None, path: str, mode: str | None
    ) -> tuple[float | None, str | None]:
        """Returns the best value so far and where it is, with one more."""
        if mode is not None:
            self._look_back(callback)
        always = callback.save_best_only
        if not (always or self.arguments.compares or self.arguments.resume) or value is None:
            return self.best, self.best_path
        if mode is not None and resuming.is_better(value, self.best, mode):
            return value, path
        if path == self.best_path:  # It is overwritten, and another may be the best now.
            for entry in self._best_beside(callback, path):
                other = entry.record.value
                if (
                    other is not None
                    and mode is not None
                    and not resuming.is_better(value, other, mode)
                ):
                    return other, entry.path
            return value, path
        return self.best, self.best_path

    def _best_beside(self, callback: Running, path: str) -> list[Entry]:
        """Returns the best checkpoint of the run but that at `path`, if it has another."""
        template = template_of(callback)
        if not (self.arguments.compares and paths.placeholders(template)):
            return []
        found = resuming.earlier(callback, template, self.run)
        return retention.best([each for each in found if each.path != path], 1, mode_of(callback))

    def _look_back(self, callback: Running) -> None:
        """Finds the best before the restart, where no record has it: it is gone, or was another."""
        before, self.before = self.before, None
        if before is None:
            return
        found = resuming.earlier(callback, template_of(callback), before.run, before)
        for entry in retention.best(found, 1, mode_of(callback)):
            self.best, self.best_path = entry.record.value, entry.path

    @contextlib.contextmanager
    def recording(
        self,
        callback: Running,
        epoch: int,
        batch: int | None,
        logs: Logs,
        is_due: bool = True,
        is_counted: bool = True,
    ) -> Iterator[None]:
        """Gives what is saved in a `with` block its record, and does what comes after the save.

        Args: those of `OneSave`.
        """
        before = callback._keras_ckpt_saving  # A save that this one is within.
        save = OneSave(self, callback, epoch, batch, logs, is_due, is_counted)
        self._saving = callback._keras_ckpt_saving = save
        try:
            with durability.durable(callback._durable):
                yield
                save.end()
        except BaseException:
            if not save.is_made:
                callback.best = save.best
            raise
        finally:
            self._saving = None
            if before is None:
                vars(callback).pop("_keras_ckpt_saving", None)
            else:
                callback._keras_ckpt_saving = before

    def settle(self, for_next: bool = False) -> None:
        """Waits for the save that is under way, and raises what it has raised.

        Args:
            for_next: as of `Background.wait`.
        """
        if self.background is not None:
            self.background.wait(for_next)
            self.background.deliver()

    def has_begun(self, epoch: int, batch: int | None) -> None:
        """Notes that the model is saved as it is here, or will be in a moment."""
        self._since = time.time()
        self._saved = epoch, batch

    def has_failed(self, best: object) -> None:
        """Notes that a save which was under way was not made, and what `best` was before it."""
        self._saved = None
        if self._saving is not None:
            self._saving.best = best

    def committed(
        self, callback: Running, path: str, record: Record, is_counted: bool = True
    ) -> None:
        """Does what comes after a save: the links, what is no longer kept, and `on_save`."""
        if not runtime.is_remote(path) and not _is_there(path):
            return
        record = record.of(name_of(path))
        if is_counted:
            self._count(callback, path, record)
        self.tell(callback, path, record)
        if self.arguments.is_used:
            self.other_writers.left(path)

    def _count(self, callback: Running, path: str, record: Record) -> None:
        self.latest = path
        self.best, self.best_path = self.best_with(callback, record.value, path, record.mode)
        if self.arguments.link_latest is not None:
            links.link(path, self.arguments.link_latest)
        if self.arguments.link_best is not None and self.best_path is not None:
            if _is_there(self.best_path):
                links.link(self.best_path, self.arguments.link_best)
            else:
                self.warn_once(
                    f"{self.best_path} is gone, and link_best={self.arguments.link_best!r} stays "
                    "as it is until there is a better one."
                )
        if self.arguments.retention.deletes:
            self._own(callback).add(Entry(path, record))
            self._prune(callback)

    def tell(self, callback: Running, path: str, record: Record) -> None:
        """Gives `on_save` what was saved."""
        if self.arguments.on_save is not None:
            kept_by: list[str] = []
            if self.arguments.retention.deletes:
                kept_by = self._own(callback).reasons().get(path, [])
            self.arguments.on_save(catalogue.described_one(Entry(path, record), kept_by))

    def warn_of_no_value(self, record: Record) -> None:
        """Says at once that what is to be compared is not there."""
        is_due = not runtime.skips_validation(record.epoch)
        if self.arguments.compares and record.monitor not in record.logs and is_due:
            self.warn_once(
                f"{self._comparing()} goes by `{record.monitor}`, which is not among the metrics "
                f"of an epoch: {', '.join(sorted(record.logs)) or 'none'}. A checkpoint without it "
                "counts as the worst. Pass `monitor`, or validation data to `fit`."
            )

    def _comparing(self) -> str:
        """Returns the first argument that goes by a metric, as it was passed."""
        given = self.arguments
        found = {
            "keep_best_n": given.retention.keep_best_n,
            "restore_best_weights": given.restore_best_weights,
            "link_best": given.link_best,
        }
        return next(f"{name}={value!r}" for name, value in found.items() if value)

    def _say_what_is_unknown(self, callback: Running) -> None:
        """Says at the end that nothing could be compared, also because all was NaN."""
        if processes.group().told(self.best_path) is None and self.latest is not None:
            self.warn_once(
                f"{self._comparing()} changes nothing: no checkpoint of this run has a value of "
                f"`{callback.monitor}`."
            )

    def _own(self, callback: Running) -> retention.Keeper:
        """Returns what is kept of this run."""
        if self._keeper is None:
            self._keeper = self.keeper(callback)
        return self._keeper

    def keeper(self, callback: Running) -> retention.Keeper:
        """Returns a `Keeper` by the arguments."""
        return retention.Keeper(self.arguments.retention, self.started, mode_of(callback))

    def _prune(self, callback: Running) -> None:
        """Deletes what is not kept. What cannot be deleted is tried again after the next save."""
        if not self.arguments.retention.deletes:
            return
        if self.listing is not None:
            if not self.listing.is_ready():
                return  # It is taken up as soon as it is known what there is.
            before = self.listing.keeper(self, callback)
            for entry in self._own(callback).entries.values():
                before.add(entry)
            self._keeper, self.listing = before, None
        own = self._own(callback)
        gone = own.over()
        if not gone:
            return
        kept = {files.realpath(path) for path in self._protected()}
        for entry in gone:
            if files.realpath(entry.path) in kept:
                continue
            try:
                catalogue.delete(entry, self.latest)
            except OSError as error:
                self.warn_once(
                    f"{entry.path} cannot be deleted, and is tried again after the next save: "
                    f"{error}"
                )
                continue
            own.discard(entry.path)

    def _protected(self) -> list[str]:
        found = [self.resumed, self.latest, self.arguments.link_latest, self.arguments.link_best]
        if self.arguments.compares:
            found.append(self.best_path)
        return [each for each in found if each is not None]

    def enters_best(self, callback: Running, value: float) -> bool:
        """Returns whether a value is among those of the best `keep_best_n` that are there."""
        number_kept = self.arguments.retention.keep_best_n or 1
        if number_kept == 1:
            return False  # Which the callback has compared.
        self.settle()
        if self.listing is not None:
            self.listing.wait()
            self._prune(callback)
        mode = mode_of(callback)
        there = retention.best(self._own(callback).entries.values(), number_kept, mode)
        values = [entry.record.value for entry in there if entry.record.value is not None]
        if len(values) < number_kept:
            threshold = monitors.number(callback._threshold)
            return resuming.is_better(value, threshold, mode)
        return resuming.is_better(value, values[-1], mode)

    # Saves that are not due at the end of an epoch, or of some number of batches

    def after_batch(self, callback: Running, batch: int, logs: Logs | None) -> None:
        """Notes where the training is, and saves if the time or a signal says so."""
        self.batch, self.logs, self._has_trained = batch, logs, True
        if self.background is not None:
            self.background.deliver()
        if self.preemption is not None and self.preemption.has_come():
            self.give_way(callback)
        elif self.is_due() and _is_known(callback, logs or {}):
            callback._save_on_batch(batch, logs)

    def after_epoch(self, callback: Running, logs: Logs | None) -> None:
        """Notes that an epoch is over, after what was due at its end."""
        if self.background is not None:
            self.background.deliver()
        self.is_between_epochs, self.batch, self.logs = True, None, logs
        self._has_trained = True
        if self.preemption is not None and self.preemption.has_come():
            self.give_way(callback)

    def begin_epoch(self, epoch: int) -> None:
        """Notes that an epoch begins."""
        resuming.check_first(epoch, self)
        self.epoch, self.batch, self.logs, self.is_between_epochs = epoch, None, None, False

    def give_way(self, callback: Running) -> None:
        """Saves, stops the training, and gives the signal that came to where it was meant for."""
        preemption = self.preemption
        if preemption is None or preemption.received is None:
            return
        try:
            self.save_now(callback, "preemption")
        finally:
            callback.model.stop_training = self.gave_way = True
            preemption.deliver()

    def save_now(self, callback: Running, what: str) -> None:
        """Saves the model as it is, wherever the training is.

        Args:
            callback: the callback.
            what: String, what the checkpoint is called where the template gives it no name.
        """
        self._settle_quietly()
        batch = None if self.is_between_epochs else -1 if self.batch is None else self.batch
        is_saved = batch != -1 and self._saved == (self.epoch, batch)
        if processes.group().told(is_saved):
            return  # It has just been saved.
        logs = self.logs or {}
        template = template_of(callback)
        path = listing.beside(template, what)
        if not callback.save_best_only:
            with contextlib.suppress(KeyError, ValueError):
                path = callback._get_file_path(self.epoch, batch, logs)
        callback._save_at(path, self.epoch, batch, logs, what == "preemption")

    def _settle_quietly(self) -> None:
        """As `settle`, where the training ends, and the last save counts more than the one before.

        Of what that one has raised it warns.
        """
        try:
            self.settle()
        except Exception as error:
            runtime.warn_user(f"A checkpoint could not be saved on background: {error!r}")

    def save_on_exception(self, callback: Running) -> None:
        """Saves the model, if it was in training, and ends that. Raises nothing."""
        if not self.is_training:
            return
        try:
            # The weights that it began with would take the place of those that were trained.
            if self._has_trained or model_state.step_of(callback.model) != self._step:
                self.save_now(callback, "exception")
        except Exception as error:  # The one that is on its way counts.
            runtime.warn_user(f"The model could not be saved after an exception: {error}")
        self.is_training = False
        with contextlib.suppress(Exception):
            if self.background is not None:
                self.background.memory.clear()
            self.close()

    # What users ask for

    def _found(self, callback: Running) -> list[Entry]:
        if self.background is not None:
            self.background.wait()
        template = template_of(callback)
        return [each for each in catalogue.found_in(template) if each.record.run == self.run]

    def checkpoints(self, callback: Running) -> list[catalogue.Checkpoint]:
        """Returns the checkpoints of this run."""
        return catalogue.described(self._found(callback))

    def best_checkpoint(self, callback: Running) -> str | None:
        """Returns the path of the best of them."""
        monitor = str(callback.monitor)
        found = [catalogue.by_metric(each, monitor) for each in self._found(callback)]
        found = [each for each in found if not retention.rank(each.record, "min")[0]]
        best = retention.best(found, 1, mode_of(callback))
        return best[0].path if best else None

    # When

    def is_due(self) -> bool:
        """Returns whether the time between saves has passed since the last one."""
        every = self.arguments.every
        if every is None:
            return False
        return processes.group().told(time.time() - self._since >= every.total_seconds())

    def saved_at(self, text: str) -> None:
        """Counts the time between saves from a save of before the restart."""
        moment = retention.moment(text)
        if 0 < moment <= self._since:
            self._since = moment

    def warn_once(self, text: str) -> None:
        """Warns once."""
        if text not in self._warned:
            self._warned.add(text)
            runtime.warn_user(text)


def _is_known(callback: Running, logs: Logs) -> bool:
    """Returns whether a save has all that it needs already at the end of a batch."""
    names = [each.name for each in paths.placeholders(template_of(callback))]
    if callback.save_best_only:
        names.append(str(callback.monitor))
    known = [name for name in logs if logs[name] is not None]
    return all(
        name in ("epoch", "batch") or name in known or monitors.alias(name, known) for name in names
    )


def _is_there(path: str) -> bool:
    return any(map(files.exists, (path, path + ".index")))
