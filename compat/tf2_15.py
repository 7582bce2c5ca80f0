"""TF 2.15: `.keras` and `.weights.h5` are saved without `options`, and batches counted right.

`_save_handler` makes the save. The count of batches begins before the first one.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_14 import PROFILE as TF2_14
from keras_ckpt.compat.tf2_14 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_14.replace(
    "2.15",
    hooks=TF2_14.with_hooks(add=["_save_handler(filepath)"]),
    first_batch=-1,
    endings_without_options=((".keras",), (".weights.h5",)),
    best_only_passes_options=False,
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
