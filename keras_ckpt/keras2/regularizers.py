"""Penalties on the outputs of layers, as Keras 2 took them of a batch."""

from __future__ import annotations

import functools

import keras

from keras_ckpt._typing import Config, Tensor
from keras_ckpt.keras2.registered import registered

__all__ = ["BY_NAME", "OfBatch", "divides_by_batch_size"]


@functools.lru_cache(maxsize=None)
def divides_by_batch_size() -> bool:
    """Returns whether the running Keras divides the penalty on outputs by the size of the batch.

    tf.keras did, Keras before it did not, and Keras 3 does since 3.9 or so.
    """
    layer = keras.layers.Activation("linear", activity_regularizer=keras.regularizers.L1(1.0))
    layer(keras.ops.ones((4, 1)))
    return bool(float(layer.losses[0]) < 2)


@registered
class OfBatch(keras.regularizers.Regularizer):  # type: ignore[misc]
    """Has a penalty on outputs count as in Keras 2, whether the running Keras divides it or not.

    Args:
        regularizer: Regularizer, the penalty.
        reduction: String, `"sum"` for the penalty of the whole batch, as in Keras before it was
            TensorFlow's, or `"mean"` for that divided by the size of the batch, as in tf.keras.
    """

    def __init__(self, regularizer: object, reduction: str) -> None:
        self.regularizer = keras.regularizers.get(regularizer)
        self.reduction = reduction

    def __call__(self, x: Tensor) -> Tensor:
        """Returns the penalty on the outputs `x` of a layer."""
        penalty = self.regularizer(x)
        if divides_by_batch_size() == (self.reduction == "mean"):
            return penalty
        size = keras.ops.cast(keras.ops.shape(x)[0], penalty.dtype)
        return penalty * size if self.reduction == "sum" else penalty / size

    def get_config(self) -> Config:
        """Returns the arguments."""
        described = keras.saving.serialize_keras_object(self.regularizer)
        return {"regularizer": described, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Config) -> OfBatch:
        """Returns the penalty that was described."""
        found = config["regularizer"]
        if isinstance(found, dict):
            found = keras.saving.deserialize_keras_object(found)
        return cls(found, config["reduction"])


#: The penalties of this module, by their names in descriptions.
BY_NAME: dict[str, type[object]] = {"OfBatch": OfBatch}
