"""TF 2.4: an IOError that is not about a directory is raised again."""

from __future__ import annotations

from keras_ckpt.compat.tf2_3 import PROFILE as TF2_3
from keras_ckpt.compat.tf2_3 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_3.replace(
    "2.4",
    hooks=TF2_3.with_hooks(add=["_implements_train_batch_hooks()"]),
    batch_hooks_if="not epoch",
    io_errors="raised",
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
