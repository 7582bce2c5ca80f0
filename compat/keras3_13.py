"""Keras 3.13: "finished saving model to …" after each save."""

from __future__ import annotations

from keras_ckpt.compat.keras3_11 import PROFILE as KERAS3_11
from keras_ckpt.compat.keras3_11 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS3_11.replace("3.13", finished=True, texts="3.13")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
