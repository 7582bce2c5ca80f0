"""TF 2.7: longer messages, and a stray "f" before the path in one of them."""

from __future__ import annotations

from keras_ckpt.compat.tf2_6 import PROFILE as TF2_6
from keras_ckpt.compat.tf2_6 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_6.replace("2.7", texts="2.7")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
