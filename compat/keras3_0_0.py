"""Keras 3.0.0 to 3.0.4: another library, which refuses most of what 2.x took.

`filepath` must end in `.keras`, or in `.weights.h5` for weights. `period`,
`load_weights_on_restart`, `options` and unknown arguments are errors. Warnings go through
`warnings`. All workers save. The count of batches has the old fault again.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_15 import PROFILE as TF2_15
from keras_ckpt.engine.construction import construct
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_15.replace(
    "3.0.0",
    hooks=TF2_15.with_hooks(
        drop=[
            "on_train_begin(logs)",
            "_implements_train_batch_hooks()",
            "_maybe_remove_file()",
            "_save_handler(filepath)",
        ]
    ),
    first_batch=0,
    legacy_keywords=False,
    settable_model=False,
    finds_tf_checkpoints=False,
    options="not",
    endings=((".keras",), (".weights.h5",)),
    makedirs_error=True,
    makedirs_gs=True,
    gfile=False,
    workers="none",
    texts="3.0",
    warn="warnings",
)


def __init__(
    self,
    filepath,
    monitor="val_loss",
    verbose=0,
    save_best_only=False,
    save_weights_only=False,
    mode="auto",
    save_freq="epoch",
    initial_value_threshold=None,
):
    construct(self, locals())


ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
