"""What `model.add_loss` and `model.add_metric` added to a functional model."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


@registered
class AddLoss(keras.layers.Layer):  # type: ignore[misc]
    """Adds a tensor to the loss of the model, and passes on another one.

    Args:
        unconditional: Boolean, as in Keras 2, where it makes no difference to a loss. Defaults to
            `False`.
        **kwargs: those of `keras.layers.Layer`.
    """

    def __init__(self, unconditional: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.unconditional = unconditional
        self.supports_masking = True

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Returns the first of two tensors, and adds the sum of the other to the loss."""
        output, value = inputs
        self.add_loss(keras.ops.sum(value))
        return output

    def compute_mask(self, inputs: list[Tensor], mask: Tensor | None = None) -> Tensor | None:
        """Returns the mask of the first."""
        return mask[0] if isinstance(mask, (list, tuple)) else mask

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the first."""
        return input_shape[0]

    def get_config(self) -> Config:
        """Returns the arguments."""
        return dict(super().get_config(), unconditional=self.unconditional)


@registered
class AddMetric(keras.layers.Layer):  # type: ignore[misc]
    """Adds the mean of a tensor to the metrics of the model, and passes on another one.

    Args:
        aggregation: String, `"mean"`. Defaults to `"mean"`.
        metric_name: String, the name in the logs. Defaults to that of the layer.
        **kwargs: those of `keras.layers.Layer`.
    """

    def __init__(
        self, aggregation: str | None = "mean", metric_name: str | None = None, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.aggregation = aggregation
        self.metric_name = metric_name
        self.supports_masking = True
        self.metric = keras.metrics.Mean(name=metric_name or self.name)

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Returns the first of two tensors, and adds the other to the metric."""
        output, value = inputs
        self.metric.update_state(value)
        return output

    def compute_mask(self, inputs: list[Tensor], mask: Tensor | None = None) -> Tensor | None:
        """Returns the mask of the first."""
        return mask[0] if isinstance(mask, (list, tuple)) else mask

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the first."""
        return input_shape[0]

    def get_config(self) -> Config:
        """Returns the arguments."""
        return dict(
            super().get_config(), aggregation=self.aggregation, metric_name=self.metric_name
        )
