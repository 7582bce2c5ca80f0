"""TF 2.14: no directory is made for `gs://` paths."""

from __future__ import annotations

from keras_ckpt.compat.tf2_13 import PROFILE as TF2_13
from keras_ckpt.compat.tf2_13 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_13.replace("2.14", makedirs_gs=False)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
