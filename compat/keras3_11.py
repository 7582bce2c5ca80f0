"""Keras 3.11: the direction comes from the metric, when the first epoch ends.

`best` begins as None, so that the first value is always better, NaN too, and then nothing ever
is. In `auto`, a metric that knows no direction raises ValueError at the end of the first epoch. A
best-only save on a batch before that raises TypeError as soon as there is a best.
"""

from __future__ import annotations

from keras_ckpt.compat.keras3_10 import PROFILE as KERAS3_10
from keras_ckpt.compat.keras3_10 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = KERAS3_10.replace(
    "3.11",
    hooks=KERAS3_10.with_hooks(
        add=["_set_monitor_op()", "_is_improvement(monitor_value, reference_value)"]
    ),
    direction="metric",
    texts="3.11",
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
