"""Keras 3.0.5: an array in place of the monitored value is saved, always as a whole model."""

from __future__ import annotations

from keras_ckpt.compat.keras3_0_0 import PROFILE as KERAS3_0_0
from keras_ckpt.compat.keras3_0_0 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS3_0_0.replace("3.0", arrays="saved", texts="3.0.5")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
