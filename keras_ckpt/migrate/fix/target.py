"""`Target`: what code is rewritten to."""

from __future__ import annotations

from typing import Callable, NamedTuple

from keras_ckpt.migrate.releases.release import Release


class Target(NamedTuple):
    """What code is rewritten to.

    Args:
        to_keras_ckpt: whether it is taken from keras_ckpt, or made native.
        old: the release that it was written for.
        new: the release that it is to run on.
        selected: whether a rule's problems are mended, by its code.
        tf_keras: whether what is imported from tf_keras is, too, which runs as it stands.
        everything: whether every callback is taken from keras_ckpt, and not only where a rule
            finds something.
    """

    to_keras_ckpt: bool
    old: Release
    new: Release
    selected: Callable[[str], bool] = lambda code: True
    tf_keras: bool = False
    everything: bool = False
