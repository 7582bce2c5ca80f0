"""TF 2.0: `save_freq` in the place of `period`, and methods that subclasses override.

The ending decides on the format. An integer `save_freq` counts samples: each batch adds
`logs["size"]`, 1 without it. Subclassed models are saved as weights only. Errors while saving reach
the user. With several workers the training state is backed up and restored, and workers other than
the chief write to a temporary place. `period` and `load_weights_on_restart` are taken with a
warning; other unknown arguments in silence.
"""

from __future__ import annotations

from keras_ckpt.engine.construction import construct
from keras_ckpt.engine.profile import Profile
from keras_ckpt.engine.replica import found_in

PROFILE = Profile("2.0")


def __init__(
    self,
    filepath,
    monitor="val_loss",
    verbose=0,
    save_best_only=False,
    save_weights_only=False,
    mode="auto",
    save_freq="epoch",
    **kwargs,
):
    construct(self, locals())


ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
