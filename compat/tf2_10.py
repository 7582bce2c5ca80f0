"""TF 2.10: annotations.

They are types, which is why this module does without `from __future__ import annotations`.
"""

from keras_ckpt.compat.tf2_8 import PROFILE as TF2_8
from keras_ckpt.engine.construction import construct
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_8.replace("2.10")


def __init__(
    self,
    filepath,
    monitor: str = "val_loss",
    verbose: int = 0,
    save_best_only: bool = False,
    save_weights_only: bool = False,
    mode: str = "auto",
    save_freq="epoch",
    options=None,
    initial_value_threshold=None,
    **kwargs,
):
    construct(self, locals())


ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
