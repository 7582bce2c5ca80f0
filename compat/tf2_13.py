"""TF 2.13: `.keras`, which takes no `options`.

With `options` it is a ValueError; without, the best-only save still passes the defaults on, so
that best-only and `.keras` together fail. A `PathLike` raises AttributeError when a whole model
is saved.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_12 import PROFILE as TF2_12
from keras_ckpt.compat.tf2_12 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_12.replace(
    "2.13",
    keras_options=False,
    endings_without_options=((".keras",), ()),
    best_only_passes_options=True,
    texts="2.13",
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
