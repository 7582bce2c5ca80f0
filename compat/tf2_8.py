"""TF 2.8: `initial_value_threshold`.

Messages say `Epoch 7`, no longer `Epoch 00007`, and `disable_interactive_logging()` sends them to
the log. NumPy's numbers in `logs` become Python's, as tensors did.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_7 import PROFILE as TF2_7
from keras_ckpt.engine.construction import construct
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_7.replace(
    "2.8",
    initial_value_threshold=True,
    numpy_logs="all",
    channel="print_msg",
    texts="2.8",
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
    initial_value_threshold=None,
    **kwargs,
):
    construct(self, locals())


ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
