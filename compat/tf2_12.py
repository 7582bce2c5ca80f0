"""TF 2.12: the directory of the checkpoint is made, even when nothing is saved."""

from __future__ import annotations

from keras_ckpt.compat.tf2_10 import PROFILE as TF2_10
from keras_ckpt.compat.tf2_10 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_10.replace("2.12", makedirs="always")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
