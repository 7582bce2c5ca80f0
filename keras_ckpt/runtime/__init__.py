"""Which Keras runs, and how one differs from another: the only place that asks.

No other room names a private module of Keras or TensorFlow: `internals` has them all.
"""

from __future__ import annotations

from keras_ckpt.runtime.arrays import (
    as_owned_tensor,
    empty_shared,
    is_tensor,
    python_value,
    python_values,
    readonly_view,
    to_numpy,
)
from keras_ckpt.runtime.channels import (
    print_msg,
    tensorflow_logger,
    warn_user,
)
from keras_ckpt.runtime.copies import (
    Memory,
    give_back_freed,
    lasting,
)
from keras_ckpt.runtime.filesystem import (
    FileSystem,
    file_system,
    is_remote,
    path_to_string,
)
from keras_ckpt.runtime.installed import (
    backend,
    callback_base,
    comparisons,
    has_own,
    has_tensorflow,
    installed_keras,
    is_graph_network,
    is_keras_3,
    is_keras_model,
    keras,
    metric_directions,
    options_type,
    prefer,
    scope_of,
    takes,
    tensorflow,
    tensorflow_if_loaded,
    unwrapped,
    version,
    versions,
)
from keras_ckpt.runtime.internals import (
    is_safe_mode,
    may_overwrite,
)
from keras_ckpt.runtime.training_loop import (
    begin_at,
    callbacks_before,
    initial_epoch,
    other_callbacks,
    skips_validation,
)

__all__ = [
    "FileSystem",
    "Memory",
    "as_owned_tensor",
    "backend",
    "begin_at",
    "callback_base",
    "callbacks_before",
    "comparisons",
    "empty_shared",
    "file_system",
    "give_back_freed",
    "has_own",
    "has_tensorflow",
    "initial_epoch",
    "installed_keras",
    "is_graph_network",
    "is_keras_3",
    "is_keras_model",
    "is_remote",
    "is_safe_mode",
    "is_tensor",
    "keras",
    "lasting",
    "may_overwrite",
    "metric_directions",
    "options_type",
    "other_callbacks",
    "path_to_string",
    "prefer",
    "print_msg",
    "python_value",
    "python_values",
    "readonly_view",
    "scope_of",
    "skips_validation",
    "takes",
    "tensorflow",
    "tensorflow_if_loaded",
    "tensorflow_logger",
    "to_numpy",
    "unwrapped",
    "version",
    "versions",
    "warn_user",
]
