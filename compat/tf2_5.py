"""TF 2.5: subclassed models are saved whole.

`set_model` is no longer overridden. The error of an operating system while saving is raised as it
is.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_4 import PROFILE as TF2_4
from keras_ckpt.compat.tf2_4 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_4.replace(
    "2.5",
    hooks=TF2_4.with_hooks(drop=["set_model(model)"]),
    error_text="str",
    texts="2.5",
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
