"""`Profile`: what a release's `ModelCheckpoint` does, one field for each thing that ever differed.

The release named with a value is the first that behaves so. The defaults are TF 2.0's. Stand-alone
Keras, which came before it, is the difference from it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Iterable

if TYPE_CHECKING:
    from typing import Literal

HOOKS_2_0 = frozenset(
    (
        "set_model(model)",
        "on_train_begin(logs)",
        "on_train_end(logs)",
        "on_batch_end(batch, logs)",
        "on_epoch_begin(epoch, logs)",
        "on_epoch_end(epoch, logs)",
        "_save_model(epoch, logs)",
        "_get_file_path(epoch, logs)",
        "_maybe_remove_file()",
        "_get_most_recently_modified_file_matching_pattern(pattern)",
    )
)


@dataclasses.dataclass(frozen=True)
class Profile:
    """What one release's `ModelCheckpoint` does.

    Args:
        release: the release, as `keras_ckpt.compat.for_version` takes it.

        hooks: the methods that the class has, each with its parameters. Those that subclasses
            override are called in just this form. `set_model` turns `save_weights_only` on for a
            model that is neither a graph network nor a Sequential (2.0 to 2.4). With `batch`
            among the parameters, `{batch}` can stand in the template (2.6). With
            `_should_save_model`, `logs=None` fails where the path is made (3.10).

        either_form: a subclass may override them in the forms of up to 2.5, too. No release did.

        first_batch: the initial `_last_batch_seen`; the count of the first call is taken from it.
            It can be set to None only where it is None to begin with (3.14).
        legacy_keywords: `**kwargs` knows `period` and `load_weights_on_restart`, and ignores
            the rest. Not in Keras 3.
        settable_model: `model` can be set. Not in Keras 3.
        finds_tf_checkpoints: a restart finds TensorFlow checkpoints, too. Not in Keras 3.
        frequency_unit: what is counted between saves. `"epochs"` alone, by the argument `period`,
            in stand-alone Keras, which has no `save_freq`. What an integer `save_freq` counts:
            `"samples"` (2.0), `"calls"` of the batch hook (2.2) or `"batches"`, also those inside
            one `steps_per_execution` (2.3).
        first_epoch: the number of the first epoch in paths and messages. 0 up to Keras 2.0.8.
        batch_hooks_if: what `_implements_train_batch_hooks` asks of `save_freq`: whether it is
            an `"integer"` (2.2) or `"not epoch"` (2.4).
        options: whether `options` are taken and type-checked: `"not"`; `"passed"` on, if only the
            defaults (2.3 to 2.15). `"passed if given"`: those of the user alone.
        keras_options: whether `options` beside a `.keras` path are refused (2.13).
        endings_without_options: for whole models and for weights, the endings of paths that are
            saved without passing `options` on: `.keras` (2.13), `.weights.h5` (2.15).
        best_only_passes_options: best-only saves do not look at `endings_without_options`. A bug
            of 2.13 and 2.14.
        path_to_string: a `PathLike` becomes a string (2.3).
        endings: for whole models and for weights, the endings that `filepath` must have (3.0).
            Empty: any, and what is saved is in the formats of Keras 2.
        format: what is saved in, as `keras_ckpt.save_model` takes it: `"h5"` under any name in
            stand-alone Keras. None: what the ending means (2.0).

        direction: where `auto` takes it from: the monitor's `"name"`, at once, or the
            `"metric"`, at the end of the first epoch (3.11).
        initial_value_threshold: whether `best` can be given (2.8).
        arrays: what becomes of a monitored value with a shape: `"compared"`, or `"saved"` (3.0.5),
            as a whole model even with `save_weights_only` until `_should_save_model` came (3.10).
        missing: what becomes of a save without the monitored value: `"skipped"` or `"saved"`
            (3.10).
        numpy_logs: which values of `logs` become Python numbers before they are looked at:
            none, `"tensors"` (2.3), `"all"`, NumPy's too (2.8). Keras 3 looks at none of them so.

        template_error: a placeholder that no log fills gives a KeyError that names the template
            (2.2).
        makedirs: when the directory is made: never, `"always"` (2.12) or `"to save"` (3.10);
            `"to save on disk"`: not in the places that URLs lead to, which need none.
        makedirs_error: a directory that has come to be there meanwhile is an error, as that of
            `new/../a.keras` is once `new` is made (3.0).
        makedirs_gs: whether that is tried for `gs://` paths, too. Not in 2.14 and 2.15.
        gfile: local paths go through TensorFlow's `gfile`. Not in Keras 3.

        workers: how the workers of a cluster are kept apart: by the `"environment"` (2.0) or
            the `"model"` (2.1), with a backup of the training state; by the `"strategy"`, without
            one (2.3); or not at all (3.0). `"strategy if any"`: by that of a model that has one.
        keeps_backup: the backup stays if training was cut off (2.1).
        backup_none: the model's `_training_state` becomes None at the end, and is not deleted
            (2.2).

        io_errors: what becomes of an error while saving: not `"caught"`; asked for its
            `"message"` (2.1), which fails; `"swallowed"` unless it is about a directory (2.2);
            `"raised"` (2.4).
        directory_error_case: "is a directory" must be written so. 2.2 only.
        error_text: how the text of an error is read: `"ensure_str"`, which raises TypeError on the
            number that a system error begins with, `"str"` of its first argument (2.5), or of the
            `"error"` itself.
        is_a_directory: IsADirectoryError is always about a directory (2.6).

        texts: which wording the messages have: a release in `keras_ckpt.engine.messages`.
        channel: where messages go: `"print"` or `"print_msg"` (2.8).
        warn: where warnings go: the `"tensorflow"` logger or `"warnings"` (3.0); in stand-alone
            Keras as `"RuntimeWarning"`.
        finished: a message follows each save (3.13).
    """

    release: str
    hooks: frozenset[str] = HOOKS_2_0
    either_form: bool = False

    first_batch: int | None = 0
    legacy_keywords: bool = True
    settable_model: bool = True
    finds_tf_checkpoints: bool = True
    frequency_unit: Literal["epochs", "samples", "calls", "batches"] = "samples"
    first_epoch: Literal[0, 1] = 1
    batch_hooks_if: Literal["integer", "not epoch"] = "integer"
    options: Literal["not", "passed", "passed if given"] = "not"
    keras_options: bool = True
    endings_without_options: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    best_only_passes_options: bool = False
    path_to_string: bool = False
    endings: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    format: Literal["h5"] | None = None

    direction: Literal["name", "metric"] = "name"
    initial_value_threshold: bool = False
    arrays: Literal["compared", "saved"] = "compared"
    missing: Literal["skipped", "saved"] = "skipped"
    numpy_logs: Literal["none", "tensors", "all"] = "none"

    template_error: bool = False
    makedirs: Literal["never", "always", "to save", "to save on disk"] = "never"
    makedirs_error: bool = False
    makedirs_gs: bool = True
    gfile: bool = True

    workers: Literal["environment", "model", "strategy", "strategy if any", "none"] = "environment"
    keeps_backup: bool = False
    backup_none: bool = False

    io_errors: Literal["not caught", "message", "swallowed", "raised"] = "not caught"
    directory_error_case: bool = False
    error_text: Literal["ensure_str", "str", "error"] = "ensure_str"
    is_a_directory: bool = False

    texts: str = "2.0"
    channel: Literal["print", "print_msg"] = "print"
    warn: Literal["tensorflow", "warnings", "RuntimeWarning"] = "tensorflow"
    finished: bool = False

    @property
    def has_period(self) -> bool:
        """Whether epochs are counted between saves."""
        return self.legacy_keywords or self.frequency_unit == "epochs"

    def replace(self, release: str, **changes: Any) -> Profile:
        """Returns the profile of another release, as the difference from this one."""
        return dataclasses.replace(self, release=release, **changes)

    def with_hooks(self, add: Iterable[str] = (), drop: Iterable[str] = ()) -> frozenset[str]:
        """Returns `hooks` with some added and some dropped.

        Raises:
            ValueError: if a hook to drop is not there.
        """
        absent = frozenset(drop) - self.hooks
        if absent:
            raise ValueError(f"TF/Keras {self.release} has no {sorted(absent)}")
        return (self.hooks - frozenset(drop)) | frozenset(add)
