"""Keras 3.10: without the monitored value there is a save, which overwrites the best.

`_should_save_model` decides. An array in place of the monitored value is saved as it should be.
The directory is made only for a save.
"""

from __future__ import annotations

from keras_ckpt.compat.keras3_8 import PROFILE as KERAS3_8
from keras_ckpt.compat.keras3_8 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS3_8.replace(
    "3.10",
    hooks=KERAS3_8.with_hooks(add=["_should_save_model(epoch, batch, logs, filepath)"]),
    missing="saved",
    makedirs="to save",
    texts="3.10",
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
