"""When to save."""

from __future__ import annotations

from typing import Any

from keras_ckpt.engine import arguments, messages


def batches_since(batch: int, last: Any, knows_none: bool = True) -> int:
    """Returns how many batches came to an end since the last call of the batch hook.

    Under `steps_per_execution=N` the hook is called once for every N batches, with the last one.

    Args:
        batch: index of the batch that just ended, from 0 in each epoch.
        last: the `batch` of the call before, None if there was none. Releases that begin with 0
            in its place count one batch too few in a first call at `batch > 0`.
        knows_none: whether `last` can be None. Releases that begin with a number fail.
    """
    if (knows_none and last is None) or batch <= last:
        return batch + 1  # A new epoch.
    since: int = batch - last
    return since


def is_frequency(save_freq: Any) -> bool:
    """Returns whether `save_freq` is one that every release takes: 'epoch' or an integer."""
    return bool(save_freq == "epoch" or isinstance(save_freq, int))


def checked_save_freq(save_freq: Any) -> str | int:
    """Returns `save_freq`: `"epoch"`, or a whole number of batches as an integer.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(save_freq, str) and save_freq == "epoch":
        return save_freq
    start = messages.TEXTS["keras_ckpt"]["save_freq"].format(save_freq=save_freq) + ". "
    return arguments.whole_number("save_freq", save_freq, "'epoch' or ", start)
