"""Keras 2.0.9: the first epoch is 1, in paths and messages. So it is up to 2.1.2."""

from __future__ import annotations

from keras_ckpt.compat.keras2_1_3 import PROFILE as KERAS2_1_3
from keras_ckpt.compat.keras2_1_3 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS2_1_3.replace("keras 2.0", texts="keras 2.0")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
