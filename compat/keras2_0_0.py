"""Keras 2.0.0 to 2.0.8: the first, whose first epoch is 0 in paths and messages."""

from __future__ import annotations

from keras_ckpt.compat.keras2_0 import PROFILE as KERAS2_0
from keras_ckpt.compat.keras2_0 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS2_0.replace("keras 2.0.0", first_epoch=0)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
