"""TF 2.2: an integer `save_freq` counts batches, and errors while saving are lost.

Each call of the batch hook counts as one batch. A placeholder that no log fills gives a KeyError
that names the template. An IOError whose text says "is a directory" becomes one that says so; any
other IOError with a text is swallowed: training goes on, and nothing is saved. One that begins
with a number, as those of the operating system do, ends in a TypeError.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_1 import PROFILE as TF2_1
from keras_ckpt.compat.tf2_1 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_1.replace(
    "2.2",
    hooks=TF2_1.with_hooks(add=["_implements_train_batch_hooks()"]),
    frequency_unit="calls",
    backup_none=True,
    template_error=True,
    io_errors="swallowed",
    directory_error_case=True,
    texts="2.2",
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
