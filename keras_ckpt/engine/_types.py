"""The type of a callback inside the engine, whose functions make up its methods.

The functions of the engine stand in modules and not in a base class: a replica may have no method
more than its release had. `Replica` says what they find on the callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from keras_ckpt._typing import Logs, Model, StrPath
from keras_ckpt.engine.profile import Profile
from keras_ckpt.formats.base import Snapshot

if TYPE_CHECKING:
    from typing import Protocol
else:  # Python 3.7 has no Protocol.
    Protocol = object


class Saving(Protocol):
    """What writes a save of the callback whose run goes on, now or in another thread."""

    def commit(self, filepath: str, take: Callable[[bool], Snapshot]) -> None:
        """Writes what `take` returns, which is a copy if it gets `True`."""

    def call(self, filepath: str, save: Callable[[], None]) -> None:
        """Calls a method of the user's that saves."""

    def then(self, do: Callable[[], None]) -> None:
        """Does something once all is saved."""


class Replica(Protocol):
    """A callback with the attributes that some release had.

    Attributes:
        model: the model that is trained.
        monitor: the name of the metric that is compared.
        verbose: 0 for silence.
        filepath: the template of the paths. A `PathLike` where the release took it as it is.
        save_best_only: whether only a better model is saved.
        save_weights_only: whether the weights alone are saved.
        save_freq: `"epoch"`, or a number of batches or samples.
        mode: `"min"`, `"max"` or `"auto"`, where the direction comes from the metric.
        monitor_op: says whether the first value is better than the second. None as long as the
            direction is not known.
        min_delta: by how much a value must be better.
        best: the best value so far. None as long as there is none.
        period: epochs between saves, where the release had it.
        epochs_since_last_save: epochs that have ended since, where the release had `period`.
        load_weights_on_restart: whether training begins with the newest checkpoint.
    """

    _keras_ckpt_profile: Profile
    # What writes a save, which then says of what run it is; None where nothing is known of runs.
    _keras_ckpt_saving: Saving | None

    model: Model
    monitor: str
    verbose: int
    filepath: str
    save_best_only: bool
    save_weights_only: bool
    # An integer or `"epoch"`; the hooks of some releases compare it without a check.
    save_freq: Any
    mode: str
    # A function of two values, or None.
    monitor_op: Any
    min_delta: float
    best: Any
    period: int
    epochs_since_last_save: int
    load_weights_on_restart: bool

    # What stands in the place of a model that is shared by Keras 3's callbacks.
    _model: Model
    # A `tf.train.CheckpointOptions` or `tf.saved_model.SaveOptions`.
    _options: object
    _supports_tf_logs: bool
    _chief_worker_only: bool
    _current_epoch: int
    _last_batch_seen: int | None
    _batches_seen_since_last_saving: int
    _samples_seen_since_last_saving: int
    # Set by workers: where this worker writes, and how TF 2.0 to 2.2 back up the training.
    _write_filepath: str
    _temp_file_dir: str
    _training_state: Any

    # The hooks that subclasses override. `_save_model` and `_get_file_path` take a batch or not.
    _save_model: Callable[..., None]
    _get_file_path: Callable[..., str]

    def _should_save_on_batch(self, batch: int) -> bool: ...

    def _should_save_model(
        self, epoch: int, batch: int | None, logs: Logs | None, filepath: str
    ) -> bool: ...

    def _implements_train_batch_hooks(self) -> bool: ...

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> Any: ...

    def _set_monitor_op(self) -> None: ...

    def _save_handler(self, filepath: str) -> None: ...

    def _maybe_remove_file(self) -> None: ...

    def _checkpoint_exists(self, filepath: str) -> bool: ...

    def _get_most_recently_modified_file_matching_pattern(self, pattern: StrPath) -> str | None: ...
