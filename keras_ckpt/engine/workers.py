"""Who saves: the chief and the other workers of a cluster, as each release kept them apart.

All workers must take part in a save, since reading a variable can need all of them. Those that are
not the chief write to a temporary place that is removed again.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Callable, ContextManager

from keras_ckpt import runtime
from keras_ckpt._typing import Model
from keras_ckpt.engine._types import Replica
from keras_ckpt.runtime import internals, processes
from keras_ckpt.storage import scratch


class Alone:
    """Keras 3: all workers do the same."""

    def train_begin(self, callback: Replica) -> bool:
        """Returns whether the training state was restored from a backup."""
        return False

    def train_end(self, callback: Replica) -> None:
        """Removes the backup of the training state."""

    def may_load(self, callback: Replica) -> bool:
        """Returns whether this worker loads what was saved before."""
        return True

    def saving(self, callback: Replica) -> ContextManager[object]:
        """Returns the context in which the save at the end of an epoch is made."""
        return contextlib.nullcontext()

    def back_up(self, callback: Replica, epoch: int) -> None:
        """Backs the training state up."""

    def path(self, callback: Replica, fill: Callable[[], str]) -> str:
        """Returns where this worker writes what is meant for the path that `fill` makes."""
        return fill()

    def clean(self, callback: Replica) -> None:
        """Removes what a worker wrote that should not save."""

    def is_extra(self, callback: Replica) -> bool:
        """Returns whether what this worker writes is removed again."""
        return False

    def decided(self, callback: Replica, is_due: bool) -> bool:
        """Returns whether a save is made, in all processes alike."""
        return is_due

    def writing(self, callback: Replica, in_parts: bool) -> ContextManager[bool]:
        """Gives whether this process writes; all leave the context once the save is there.

        Args:
            callback: the callback.
            in_parts: Boolean, whether each process can write its part.
        """
        return contextlib.nullcontext(True)


class ByStrategy(Alone):
    """TF 2.3 to 2.15: a worker that should not save writes to `workertemp_<its number>`."""

    def strategy(self, model: Model) -> Any:
        """Returns the strategy that `model` is distributed by."""
        return _strategy(model)

    def path(self, callback: Replica, fill: Callable[[], str]) -> str:
        filepath = fill()
        directory, name = os.path.split(filepath)
        strategy = self.strategy(callback.model)
        if _is_extra(strategy):
            directory = _temporary(directory, strategy)
            runtime.file_system(callback._keras_ckpt_profile.gfile).makedirs(directory)
        # Joined again where nothing has changed, too: this is how `a//b` becomes `a/b`.
        callback._write_filepath = os.path.join(directory, name)
        return callback._write_filepath

    def clean(self, callback: Replica) -> None:
        directory = os.path.dirname(callback._write_filepath)
        strategy = self.strategy(callback.model)
        if _is_extra(strategy):
            temporary = _temporary(directory, strategy)
            # Made if it is not there, as by the releases, so that it can be removed.
            files = runtime.file_system(callback._keras_ckpt_profile.gfile)
            files.makedirs(temporary)
            scratch.remove_directory(temporary, files.gfile_for(temporary))

    def is_extra(self, callback: Replica) -> bool:
        return _is_extra(self.strategy(callback.model))


class ByStrategyIfAny(ByStrategy):
    """`keras_ckpt.ModelCheckpoint`: the same, also for what is not a model of Keras 2."""

    def strategy(self, model: Model) -> Any:
        has_one = runtime.is_keras_model(model) or hasattr(model, "distribute_strategy")
        return _strategy(model) if has_one else None

    def decided(self, callback: Replica, is_due: bool) -> bool:
        together = processes.group()
        if together.count == 1:
            return is_due
        best = runtime.python_value(callback.best)
        told: list[Any] = together.told([bool(is_due), best])
        callback.best = told[1]
        return bool(told[0])

    def writing(self, callback: Replica, in_parts: bool) -> ContextManager[bool]:
        return processes.writing(callback.model, in_parts)

    def path(self, callback: Replica, fill: Callable[[], str]) -> str:
        together = processes.group()
        filepath = together.by_first(fill)
        if not runtime.is_remote(filepath):
            return super().path(callback, lambda: filepath)
        strategy = self.strategy(callback.model)
        if _is_extra(strategy):
            # Nobody needs what it writes, and no server is to be asked for it.
            directory = _temporary(scratch.make_directory(), strategy)
            os.mkdir(directory)
            filepath = os.path.join(directory, os.path.basename(filepath.rstrip("/")))
        callback._write_filepath = filepath
        return filepath

    def clean(self, callback: Replica) -> None:
        # A subclass may make its paths all by itself.
        if not hasattr(callback, "_write_filepath"):
            return
        if not runtime.is_remote(callback._write_filepath):
            super().clean(callback)


class ByModel(Alone):
    """TF 2.1 and 2.2: the model knows whether there are several workers.

    The training state is backed up after each epoch, in `backup` beside the checkpoints, and
    restored when training begins again after a worker was lost. That needs the training loop of
    TF 2.0 to 2.2, and is left out on later ones.
    """

    def several(self, model: Model) -> bool:
        """Returns whether several workers train `model`."""
        if runtime.is_keras_model(model) and not hasattr(model, "_in_multi_worker_mode"):
            return processes.spans_workers(_strategy(model))
        return bool(model._in_multi_worker_mode())

    def train_begin(self, callback: Replica) -> bool:
        if not self.several(callback.model):
            return False
        state = internals.training_state_class()
        if state is None:
            return False
        callback.model._training_state = state(callback.model, callback.filepath)
        callback._training_state = callback.model._training_state
        return bool(callback._training_state.restore())

    def train_end(self, callback: Replica) -> None:
        model = callback.model
        if not self.several(model) or internals.training_state_class() is None:
            return
        profile = callback._keras_ckpt_profile
        if profile.keeps_backup and not (
            model.stop_training or getattr(model, "_successful_loop_finish", False)
        ):
            return
        callback._training_state.delete_backup()
        del callback._training_state
        if profile.backup_none:
            model._training_state = None
        else:
            del model._training_state

    def may_load(self, callback: Replica) -> bool:
        if not self.several(callback.model):
            return True
        context = internals.worker_context()
        return context is None or context.experimental_should_init

    def saving(self, callback: Replica) -> ContextManager[object]:
        if self.several(callback.model) and internals.training_state_class() is not None:
            context: ContextManager[object] = callback._training_state.untrack_vars()
            return context
        return contextlib.nullcontext()

    def back_up(self, callback: Replica, epoch: int) -> None:
        if self.several(callback.model) and internals.training_state_class() is not None:
            callback._training_state.back_up(epoch)

    def path(self, callback: Replica, fill: Callable[[], str]) -> str:
        if not self.several(callback.model) or _should_save(callback.model):
            return fill()
        directory = callback._temp_file_dir = scratch.make_directory()
        return os.path.join(directory, "temp" + os.path.splitext(callback.filepath)[1])

    def clean(self, callback: Replica) -> None:
        if self.several(callback.model) and not _should_save(callback.model):
            scratch.remove_directory(callback._temp_file_dir)
            del callback._temp_file_dir


class ByEnvironment(ByModel):
    """TF 2.0: `TF_CONFIG` says whether there are several workers."""

    def several(self, model: Model) -> bool:
        cluster = json.loads(os.environ.get("TF_CONFIG", "{}"))
        return bool(cluster) and "master" not in cluster.get("cluster", {})


#: By the value of `Profile.workers`.
WORKERS: dict[str, Alone] = {
    "environment": ByEnvironment(),
    "model": ByModel(),
    "strategy": ByStrategy(),
    "strategy if any": ByStrategyIfAny(),
    "none": Alone(),
}


def _strategy(model: Model) -> Any:
    """Returns the distribution strategy of `model`, else the one in force, if any."""
    if runtime.is_keras_model(model) and not hasattr(model, "distribute_strategy"):
        # It is private in TF 2.0 and 2.1, and Keras 3 has none without TensorFlow.
        strategy = getattr(model, "_distribution_strategy", None)
    else:
        # A stand-in must have one, as it must in 2.x.
        strategy = model.distribute_strategy
    tensorflow = runtime.tensorflow_if_loaded()
    if strategy is None and tensorflow is not None:
        strategy = tensorflow.distribute.get_strategy()
    return strategy


def _is_extra(strategy: Any) -> bool:
    return processes.spans_workers(strategy) and not strategy.extended.should_checkpoint


def _temporary(directory: str, strategy: Any) -> str:
    name = f"workertemp_{strategy.extended._task_id}"
    return directory if directory.endswith(name) else os.path.join(directory, name)


def _should_save(model: Model) -> bool:
    context = internals.worker_context()
    if context is not None:
        return context.should_checkpoint
    return not _is_extra(_strategy(model))
