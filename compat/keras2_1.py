"""Keras 2.1.6: "did not improve" says from which value.

This is stand-alone Keras, beside TensorFlow, up to 2.3. It saves at the end of epochs alone: the
seventh argument is `period`, in epochs; `save_freq` and all other keywords are errors. One method
does everything: there are no hooks for subclasses. HDF5 is written, whatever the ending. Warnings
are RuntimeWarnings.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_0 import PROFILE as TF2_0
from keras_ckpt.engine.construction import construct
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_0.replace(
    "keras 2.1",
    hooks=frozenset(["on_epoch_end(epoch, logs)"]),
    legacy_keywords=False,
    frequency_unit="epochs",
    format="h5",
    workers="none",
    texts="keras 2.1",
    warn="RuntimeWarning",
)


def __init__(
    self,
    filepath,
    monitor="val_loss",
    verbose=0,
    save_best_only=False,
    save_weights_only=False,
    mode="auto",
    period=1,
):
    construct(self, locals())


ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
