"""Metrics that Keras 3 removed, or computes in another way."""

from __future__ import annotations

import keras

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Layer, Tensor
from keras_ckpt.keras2.registered import registered

__all__ = [
    "CLOSEST",
    "Keras2PrecisionAtRecall",
    "Keras2SensitivityAtSpecificity",
    "Keras2SpecificityAtSensitivity",
    "MeanRelativeError",
    "OWN",
]


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


#: What part of which sum each rate is.
_RATES = {
    "precision": ("true_positives", "false_positives"),
    "recall": ("true_positives", "false_negatives"),
    "sensitivity": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
}


def _rate(metric: Layer, name: str) -> Tensor:
    """Returns a rate at each threshold of a metric, 0 where there is nothing to be a part of."""
    ops = keras.ops
    part, rest = (ops.convert_to_tensor(getattr(metric, each)) for each in _RATES[name])
    total = ops.add(part, rest)
    is_zero = ops.equal(total, 0)
    return ops.where(is_zero, ops.zeros_like(total), part / ops.where(is_zero, 1.0, total))


def _at_closest(metric: Layer, given: str, wanted: str) -> Tensor:
    """Returns a rate at the first threshold where another is nearest to the one that is given."""
    ops = keras.ops
    distances = ops.abs(_rate(metric, given) - getattr(metric, given))
    return ops.take(_rate(metric, wanted), ops.argmin(distances))


@registered
class Keras2SensitivityAtSpecificity(keras.metrics.SensitivityAtSpecificity):  # type: ignore[misc]
    """The sensitivity at the threshold whose specificity is nearest to the one that is given.

    `SensitivityAtSpecificity` of TensorFlow 2.0 to 2.2; that of Keras 3 takes the best of all
    thresholds whose specificity is no less. The arguments are those of Keras 3.
    """

    def result(self) -> Tensor:
        """Returns the sensitivity."""
        return _at_closest(self, "specificity", "sensitivity")


@registered
class Keras2SpecificityAtSensitivity(keras.metrics.SpecificityAtSensitivity):  # type: ignore[misc]
    """The specificity at the threshold whose sensitivity is nearest to the one that is given.

    `SpecificityAtSensitivity` of TensorFlow 2.0 to 2.2; that of Keras 3 takes the best of all
    thresholds whose sensitivity is no less. The arguments are those of Keras 3.
    """

    def result(self) -> Tensor:
        """Returns the specificity."""
        return _at_closest(self, "sensitivity", "specificity")


@registered
class Keras2PrecisionAtRecall(keras.metrics.PrecisionAtRecall):  # type: ignore[misc]
    """The precision at the threshold whose recall is nearest to the one that is given.

    `PrecisionAtRecall` of TensorFlow 2.1 and 2.2; that of Keras 3 takes the best of all thresholds
    whose recall is no less. The arguments are those of Keras 3.
    """

    def result(self) -> Tensor:
        """Returns the precision."""
        return _at_closest(self, "recall", "precision")


#: The metrics that took the nearest threshold up to TensorFlow 2.2, by their names.
CLOSEST: dict[str, type[object]] = {
    "PrecisionAtRecall": Keras2PrecisionAtRecall,
    "SensitivityAtSpecificity": Keras2SensitivityAtSpecificity,
    "SpecificityAtSensitivity": Keras2SpecificityAtSensitivity,
}
#: The metrics of this module, by their names in files.
OWN: dict[str, type[object]] = {
    "MeanRelativeError": MeanRelativeError,
    **{f"Keras2{name}": cls for name, cls in CLOSEST.items()},
}
