"""Keras 3.14: batches are counted right from the first call on."""

from __future__ import annotations

from keras_ckpt.compat.keras3_13 import PROFILE as KERAS3_13
from keras_ckpt.compat.keras3_13 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS3_13.replace("3.14", first_batch=None)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
