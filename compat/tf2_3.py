"""TF 2.3: `options`, and batches counted under `steps_per_execution`.

`options` are checked by `save_weights_only` and passed on to every save. The batch hook counts
batch numbers, though a first call at batch k > 0 counts k in place of k + 1. A `PathLike` becomes
a string. Tensors in `logs` become numbers. Several workers are kept apart by the distribution
strategy; the training state is no longer backed up.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_2 import PROFILE as TF2_2
from keras_ckpt.engine.construction import construct
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_2.replace(
    "2.3",
    hooks=TF2_2.with_hooks(
        drop=["on_batch_end(batch, logs)", "on_train_end(logs)", "_implements_train_batch_hooks()"],
        add=[
            "on_train_batch_end(batch, logs)",
            "_should_save_on_batch(batch)",
            "_checkpoint_exists(filepath)",
        ],
    ),
    frequency_unit="batches",
    options="passed",
    path_to_string=True,
    numpy_logs="tensors",
    workers="strategy",
    directory_error_case=False,
    texts="2.3",
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
    options=None,
    **kwargs,
):
    construct(self, locals())


ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
