"""Losses of outputs with masks, as Keras 2 took their mean, and of outputs without a loss."""

from __future__ import annotations

from typing import Callable

import keras

from keras_ckpt._typing import Config, Tensor
from keras_ckpt.keras2.registered import registered
from keras_ckpt.runtime import internals

__all__ = ["OverAllSteps", "no_loss"]

#: The base of the losses that are a function.
_OfFunction = keras.losses.MeanSquaredError.__bases__[0]


@registered
def no_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Returns 0, for an output that has no loss: Keras before 3.7 mixes up the others else."""
    return keras.ops.mean(keras.ops.zeros_like(y_pred), axis=-1)


@registered
class OverAllSteps(keras.losses.Loss):  # type: ignore[misc]
    """Divides the loss of the steps that are not masked by the number of all steps.

    TensorFlow up to 2.10 did so, and Keras 2.3. Keras 3 divides it by the number of those that are
    not masked.

    Args:
        loss: Loss, function, or string, as `compile` takes them.
    """

    def __init__(self, loss: object) -> None:
        self.loss = loss
        found: Callable[..., Tensor] = keras.losses.get(loss)
        self._compute = found if isinstance(found, keras.losses.Loss) else _OfFunction(found)
        super().__init__(name=self._compute.name, reduction=self._compute.reduction)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Returns the loss of a batch."""
        ops = keras.ops
        mask = internals.mask_of(y_pred)
        weight = sample_weight
        if weight is not None:
            # Those of samples are for all their steps, which not every backend takes them for.
            weight = ops.cast(weight, self.dtype)
            while len(weight.shape) < len(y_pred.shape) - 1:
                weight = ops.expand_dims(weight, -1)
            if len(weight.shape) == len(y_pred.shape) and weight.shape[-1] == 1:
                weight = ops.squeeze(weight, -1)
        if mask is not None:
            kept = ops.cast(mask, self.dtype)
            weight = kept if weight is None else ops.multiply(kept, weight)
            # Another tensor, which has no mask.
            y_pred = ops.multiply(y_pred, 1)
        return self._compute(y_true, y_pred, weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns the losses of the steps."""
        found: Tensor = self._compute.call(y_true, y_pred)
        return found

    def get_config(self) -> Config:
        """Returns the arguments."""
        is_named = isinstance(self.loss, str)
        return {"loss": self.loss if is_named else keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: Config) -> OverAllSteps:
        """Returns the loss that was described."""
        found = config["loss"]
        is_named = isinstance(found, str)
        return cls(found if is_named else keras.saving.deserialize_keras_object(found))
