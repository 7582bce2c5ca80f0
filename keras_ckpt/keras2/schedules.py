"""Learning rate schedules that Keras 3 removed: those of `tf.keras.experimental` up to TF 2.11."""

from __future__ import annotations

import math

import keras

from keras_ckpt._typing import Config, Tensor
from keras_ckpt.keras2.registered import registered

__all__ = ["REMOVED", "LinearCosineDecay", "NoisyLinearCosineDecay"]


@registered
class LinearCosineDecay(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A rate that decays to its end in a line, times a cosine.

    Args:
        initial_learning_rate: Float, the rate at the first step.
        decay_steps: Integer, after how many steps it stays as it is.
        num_periods: Float, the periods of the cosine. Defaults to `0.5`.
        alpha: Float, is added to the line. Defaults to `0.0`.
        beta: Float, is added to the product. Defaults to `0.001`.
        name: String. Defaults to `None`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        num_periods: float = 0.5,
        alpha: float = 0.0,
        beta: float = 0.001,
        name: str | None = None,
    ) -> None:
        super().__init__()
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.num_periods = num_periods
        self.alpha = alpha
        self.beta = beta
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Returns the rate at a step."""
        ops = keras.ops
        decay_steps = ops.cast(self.decay_steps, "float32")
        step = ops.minimum(ops.cast(step, "float32"), decay_steps)
        line = self._line((decay_steps - step) / decay_steps, step)
        cosine = 0.5 * (1.0 + ops.cos(2.0 * math.pi * self.num_periods * step / decay_steps))
        return self.initial_learning_rate * ((self.alpha + line) * cosine + self.beta)

    def _line(self, decayed: Tensor, step: Tensor) -> Tensor:
        return decayed

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "num_periods": self.num_periods,
            "alpha": self.alpha,
            "beta": self.beta,
            "name": self.name,
        }


@registered
class NoisyLinearCosineDecay(LinearCosineDecay):
    """The same, with noise on the line that becomes less from step to step.

    Args:
        initial_learning_rate: Float, the rate at the first step.
        decay_steps: Integer, after how many steps it stays as it is.
        initial_variance: Float, the variance of the noise at the first step. Defaults to `1.0`.
        variance_decay: Float, to which power of the step it becomes less. Defaults to `0.55`.
        num_periods: Float, the periods of the cosine. Defaults to `0.5`.
        alpha: Float, is added to the line. Defaults to `0.0`.
        beta: Float, is added to the product. Defaults to `0.001`.
        name: String. Defaults to `None`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        initial_variance: float = 1.0,
        variance_decay: float = 0.55,
        num_periods: float = 0.5,
        alpha: float = 0.0,
        beta: float = 0.001,
        name: str | None = None,
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, num_periods, alpha, beta, name)
        self.initial_variance = initial_variance
        self.variance_decay = variance_decay
        self._seed = keras.random.SeedGenerator()

    def _line(self, decayed: Tensor, step: Tensor) -> Tensor:
        ops = keras.ops
        variance = self.initial_variance / ops.power(1.0 + step, self.variance_decay)
        return decayed + ops.sqrt(variance) * keras.random.normal(ops.shape(step), seed=self._seed)

    def get_config(self) -> Config:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "initial_variance": self.initial_variance,
            "variance_decay": self.variance_decay,
        }


#: The schedules that Keras 3 removed, by their names.
REMOVED: dict[str, type[object]] = {
    "LinearCosineDecay": LinearCosineDecay,
    "NoisyLinearCosineDecay": NoisyLinearCosineDecay,
}
