"""tf_keras, the Keras 2 beside TF 2.16 and later: as TF 2.15, but that it calls itself TF-Keras.

The message that refuses `options` for a `.keras` file says so. Nothing has changed from its 2.15 to
2.21.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_15 import PROFILE as TF2_15
from keras_ckpt.compat.tf2_15 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_15.replace("tf_keras", texts="tf_keras")

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
