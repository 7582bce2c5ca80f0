"""SyncBatchNormalization, from `keras.layers.experimental`."""

from __future__ import annotations

import keras

from keras_ckpt import runtime
from keras_ckpt.keras2.registered import registered


@registered
class SyncBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """BatchNormalization over the batches of all devices.

    Args:
        **kwargs: those of `keras.layers.BatchNormalization`.
    """

    def __init__(self, **kwargs: object) -> None:
        # On the other backends, the batch of all devices is one.
        takes = runtime.takes(keras.layers.BatchNormalization, "synchronized")
        if takes and runtime.backend() == "tensorflow":
            kwargs.setdefault("synchronized", True)
        super().__init__(**kwargs)
