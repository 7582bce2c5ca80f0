"""Keras 3.8: a whole model may also end in `.h5`."""

from __future__ import annotations

from keras_ckpt.compat.keras3_0 import PROFILE as KERAS3_0
from keras_ckpt.compat.keras3_0 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS3_0.replace("3.8", endings=((".keras", ".h5"), (".weights.h5",)))

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
