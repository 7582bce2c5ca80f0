"""The type of the callback whose run goes on: `keras_ckpt.ModelCheckpoint`, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Logs
from keras_ckpt.engine._types import Replica

if TYPE_CHECKING:
    from typing import Protocol
else:  # Python 3.7 has no Protocol.
    Protocol = object


class Running(Replica, Protocol):
    """What the life of a run asks of the callback.

    Attributes:
        _durable: whether what is saved is flushed to the disk.
        _no_best: what `best` is as long as there is none.
        _settled: whether the direction is known, and not taken from the name for the time being.
        _threshold: the `initial_value_threshold`, None if there is none.
    """

    _durable: bool
    _no_best: object
    _settled: bool
    _threshold: float | None

    def _compare_by(self, mode: str) -> None: ...

    def _save_on_batch(self, batch: int, logs: Logs | None) -> None: ...

    def _save_at(
        self, filepath: str, epoch: int, batch: int | None, logs: Logs, is_counted: bool
    ) -> None: ...


def template_of(callback: Running) -> str:
    """Returns the template of a callback's paths."""
    return str(runtime.path_to_string(callback.filepath))


def mode_of(callback: Running) -> str:
    """Returns the direction in which a callback compares."""
    return "min" if callback.monitor_op is np.less else "max"
