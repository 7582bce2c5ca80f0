"""Metrics that Keras 3 removed."""

from __future__ import annotations

import keras

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Tensor
from keras_ckpt.keras2.registered import registered

__all__ = ["REMOVED", "MeanRelativeError"]


@registered
class MeanRelativeError(keras.metrics.Mean):  # type: ignore[misc]
    """The mean of the errors, each divided by a normalizer; 0 where that is 0.

    Args:
        normalizer: Floats in the shape of the predictions, or in a shape that broadcasts to it.
        name: String. Defaults to `"mean_relative_error"`.
        dtype: String, the type of the result. Defaults to that of Keras.
    """

    def __init__(
        self, normalizer: object, name: str = "mean_relative_error", dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if isinstance(normalizer, dict):
            normalizer = normalizer["config"]["value"]  # As files describe an array.
        self.normalizer = runtime.to_numpy(keras.ops.convert_to_tensor(normalizer)).tolist()

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Adds the errors of a batch."""
        ops = keras.ops
        y_true = ops.cast(y_true, self.dtype)
        y_pred = ops.cast(y_pred, self.dtype)
        normalizer = ops.convert_to_tensor(self.normalizer, dtype=self.dtype)
        errors = ops.abs(y_true - y_pred)
        is_zero = ops.equal(normalizer, 0)
        safe = ops.where(is_zero, ops.ones_like(normalizer), normalizer)
        relative = ops.where(is_zero, ops.zeros_like(errors), errors / safe)
        return super().update_state(relative, sample_weight=sample_weight)

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {"name": self.name, "dtype": self.dtype, "normalizer": self.normalizer}


#: The metrics that Keras 3 removed, by their names.
REMOVED: dict[str, type[object]] = {"MeanRelativeError": MeanRelativeError}
