"""Keras 2.1.3 to 2.1.5: each message begins a line of its own."""

from __future__ import annotations

from keras_ckpt.compat.keras2_1 import PROFILE as KERAS2_1
from keras_ckpt.compat.keras2_1 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS2_1.replace("keras 2.1.3", texts="keras 2.1.3")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
