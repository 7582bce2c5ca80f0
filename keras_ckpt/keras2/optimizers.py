"""Optimizers that take other steps in Keras 3: those of TensorFlow 2.0 to 2.10.

TensorFlow 2.11 and later have them under `keras.optimizers.legacy`. Each is an optimizer of Keras 3
with another step.
"""

from __future__ import annotations

import keras

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Tensor, Variable
from keras_ckpt.keras2.registered import registered

__all__ = ["CHANGED", "Keras2Adagrad", "Keras2Nadam", "Keras2RMSprop"]


def _dense(gradient: Tensor, dtype: str) -> Tensor:
    """Returns a gradient as a tensor: that of an embedding is of some rows only on TensorFlow."""
    if hasattr(gradient, "dense_shape"):
        gradient = runtime.tensorflow().convert_to_tensor(gradient)
    return keras.ops.cast(gradient, dtype)


@registered
class Keras2Adagrad(keras.optimizers.Adagrad):  # type: ignore[misc]
    """Adagrad that adds `epsilon` to the root of the accumulator, not to the accumulator.

    Args:
        **kwargs: those of `keras.optimizers.Adagrad`.
    """

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Changes one variable."""
        ops = keras.ops
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = _dense(gradient, variable.dtype)
        accumulator = self._accumulators[self._get_variable_index(variable)]
        self.assign_add(accumulator, ops.square(gradient))
        self.assign_sub(variable, rate * gradient / (ops.sqrt(accumulator) + self.epsilon))


@registered
class Keras2RMSprop(keras.optimizers.RMSprop):  # type: ignore[misc]
    """RMSprop that without momentum adds `epsilon` to the root of the mean, not to the mean.

    Args:
        **kwargs: those of `keras.optimizers.RMSprop`.
    """

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Changes one variable."""
        if self.momentum > 0:
            super().update_step(gradient, variable, learning_rate)
            return
        ops = keras.ops
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = _dense(gradient, variable.dtype)
        index = self._get_variable_index(variable)
        mean_of_squares = self._velocities[index]
        self.assign(
            mean_of_squares,
            self.rho * mean_of_squares + (1 - self.rho) * ops.square(gradient),
        )
        spread = mean_of_squares
        if self.centered:
            mean = self._average_gradients[index]
            self.assign(mean, self.rho * mean + (1 - self.rho) * gradient)
            spread = mean_of_squares - ops.square(mean)
        self.assign_sub(variable, rate * gradient / (ops.sqrt(spread) + self.epsilon))


@registered
class Keras2Nadam(keras.optimizers.Nadam):  # type: ignore[misc]
    """Nadam whose momentum grows more slowly: by `schedule_decay` of a step in each step.

    Args:
        schedule_decay: Float, how much of a step of Keras 3's schedule a step is. Defaults to
            `0.004`, the default of Keras 2. With `1.0` it is the optimizer of Keras 3.
        **kwargs: those of `keras.optimizers.Nadam`.
    """

    def __init__(self, *args: object, schedule_decay: float = 0.004, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.schedule_decay = schedule_decay

    def _momentum_at(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1.0 - 0.5 * keras.ops.power(0.96, self.schedule_decay * step))

    def _backend_update_step(
        self, grads: object, trainable_variables: object, learning_rate: object
    ) -> None:
        ops = keras.ops
        dtype = self._u_product.dtype
        step = ops.cast(self.iterations + 1, dtype)
        product = self._u_product * ops.cast(self._momentum_at(step), dtype)
        self.assign(self._u_product, product)
        # Past Keras's Nadam, which does the same with its own schedule.
        super(keras.optimizers.Nadam, self)._backend_update_step(
            grads, trainable_variables, learning_rate
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Changes one variable."""
        ops = keras.ops
        dtype = variable.dtype
        rate = ops.cast(learning_rate, dtype)
        gradient = _dense(gradient, dtype)
        step = ops.cast(self.iterations + 1, dtype)
        now, then = self._momentum_at(step), self._momentum_at(step + 1)
        product = ops.cast(self._u_product, dtype)
        index = self._get_variable_index(variable)
        first, second = self._momentums[index], self._velocities[index]
        self.assign(first, self.beta_1 * first + (1 - self.beta_1) * gradient)
        self.assign(second, self.beta_2 * second + (1 - self.beta_2) * ops.square(gradient))
        mean = then * first / (1 - product * then) + (1 - now) * gradient / (1 - product)
        spread = second / (1 - ops.power(ops.cast(self.beta_2, dtype), step))
        self.assign_sub(variable, rate * mean / (ops.sqrt(spread) + self.epsilon))

    def get_config(self) -> Config:
        """Returns the arguments."""
        return dict(super().get_config(), schedule_decay=self.schedule_decay)


#: The optimizers of TensorFlow 2.0 to 2.10 that take other steps in Keras 3, by their names.
CHANGED: dict[str, type[object]] = {
    "Adagrad": Keras2Adagrad,
    "Nadam": Keras2Nadam,
    "RMSprop": Keras2RMSprop,
}
