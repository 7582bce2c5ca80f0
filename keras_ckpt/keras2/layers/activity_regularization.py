"""ActivityRegularization whose penalty counts as in Keras 2."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Config
from keras_ckpt.keras2.registered import registered
from keras_ckpt.keras2.regularizers import OfBatch


@registered
class ActivityRegularization(keras.layers.ActivityRegularization):  # type: ignore[misc]
    """Passes on its inputs, and adds a penalty on them to the loss.

    Args:
        l1: Float, the factor of the absolute values. Defaults to `0.0`.
        l2: Float, the factor of the squares. Defaults to `0.0`.
        reduction: String, `"sum"` for the penalty of the whole batch, as in Keras before it was
            TensorFlow's, or `"mean"` for that divided by the size of the batch, as in tf.keras.
            Defaults to `"mean"`.
        **kwargs: those of `keras.layers.Layer`.
    """

    def __init__(
        self, l1: float = 0.0, l2: float = 0.0, reduction: str = "mean", **kwargs: object
    ) -> None:
        super().__init__(l1=l1, l2=l2, **kwargs)
        self.reduction = reduction
        self.activity_regularizer = OfBatch(keras.regularizers.L1L2(l1, l2), reduction)

    def get_config(self) -> Config:
        """Returns the arguments."""
        return dict(super().get_config(), reduction=self.reduction)
