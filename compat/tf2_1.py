"""TF 2.1: an error while saving ends in an AttributeError.

An IOError is caught and asked for its `message`, which Python 3's errors have not. The model is
asked whether there are several workers, and the backup of the training state stays if training
was cut off.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_0 import PROFILE as TF2_0
from keras_ckpt.compat.tf2_0 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_0.replace("2.1", workers="model", keeps_backup=True, io_errors="message")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
