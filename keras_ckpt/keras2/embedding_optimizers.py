"""Optimizers for models with embeddings, whose gradients are of some rows only on TensorFlow.

Where a batch has a row several times, Keras 2 summed its gradients before it squared them, which
Keras 3 does after. And up to TensorFlow 2.10 most optimizers left the rows that a batch does not
have as they were, while in Keras 3 those go on with their momentum. Keras before it was of
TensorFlow made gradients of all rows of them before it clipped them. On JAX and PyTorch gradients
are of all rows.
"""

from __future__ import annotations

import keras

from keras_ckpt import runtime
from keras_ckpt._typing import Tensor, Variable
from keras_ckpt.keras2.optimizers import Keras2Adagrad, Keras2Nadam, Keras2RMSprop
from keras_ckpt.keras2.registered import registered

__all__ = ["STAND_ALONE", "SUMMED", "UP_TO_TF_2_10"]


def _is_of_rows(gradient: Tensor) -> bool:
    return hasattr(gradient, "dense_shape")


def _times(gradient: Tensor) -> Tensor:
    """Returns how often a gradient has each row."""
    tf = runtime.tensorflow()
    ones = tf.ones_like(gradient.indices, gradient.values.dtype)
    return tf.math.unsorted_segment_sum(ones, gradient.indices, gradient.dense_shape[0])


def _of_the_same_rows(gradient: Tensor, other: Tensor) -> Tensor:
    """Returns `other`, which was made of `gradient`, with the rows of that."""
    if not _is_of_rows(gradient) or _is_of_rows(other):
        return other
    tf = runtime.tensorflow()
    indices = gradient.indices
    times = tf.reshape(tf.gather(_times(gradient), indices), (-1, *[1] * (len(other.shape) - 1)))
    values = tf.gather(other, indices) / times
    return tf.IndexedSlices(values, indices, gradient.dense_shape)


def _whole(gradient: Tensor) -> Tensor:
    """Returns the gradient of all rows, each the sum of what it had."""
    return runtime.tensorflow().convert_to_tensor(gradient) if _is_of_rows(gradient) else gradient


class _Summed:
    """Sums the gradients of each row before the optimizer sees them."""

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Changes one variable."""
        super().update_step(_whole(gradient), variable, learning_rate)  # type: ignore[misc]


class _Whole(_Summed):
    """Sums the gradients of each row before they are clipped."""

    def _clip_gradients(self, grads: list[Tensor]) -> list[Tensor]:
        if any(getattr(self, name, None) for name in ("clipnorm", "clipvalue", "global_clipnorm")):
            grads = [_whole(each) for each in grads]
        return super()._clip_gradients(grads)  # type: ignore[misc, no-any-return]


class _OfRows(_Summed):
    """And leaves rows without a gradient as they are."""

    #: The attributes with what it keeps of each variable, of which the same rows stay.
    _slots: tuple[str, ...] = ()

    def _leaves_rows(self) -> bool:
        return True

    def _clip_gradients(self, grads: list[Tensor]) -> list[Tensor]:
        # By the norm of them all, Keras 3 makes gradients of all rows of them.
        clipped = super()._clip_gradients(grads)  # type: ignore[misc]
        return [_of_the_same_rows(*each) for each in zip(grads, clipped)]

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Changes one variable."""
        if not _is_of_rows(gradient) or not self._leaves_rows():
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)  # type: ignore[attr-defined]
        slots = (getattr(self, name, None) for name in self._slots)
        kept = [variable, *(slot[index] for slot in slots if slot)]
        before = [keras.ops.copy(each) for each in kept]
        is_in_batch = keras.ops.reshape(
            _times(gradient) > 0, (-1, *[1] * (len(variable.shape) - 1))
        )
        super().update_step(gradient, variable, learning_rate)
        for each, value in zip(kept, before):
            self.assign(each, keras.ops.where(is_in_batch, each, value))  # type: ignore[attr-defined]


@registered
class SummedAdadelta(_Summed, keras.optimizers.Adadelta):  # type: ignore[misc]
    """Adadelta that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedAdafactor(_Summed, keras.optimizers.Adafactor):  # type: ignore[misc]
    """Adafactor that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedAdagrad(_Summed, keras.optimizers.Adagrad):  # type: ignore[misc]
    """Adagrad that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedAdam(_Summed, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedAdamW(_Summed, keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedAdamax(_Summed, keras.optimizers.Adamax):  # type: ignore[misc]
    """Adamax that takes the sum of the gradients of each row of an embedding for its gradient."""


@registered
class SummedFtrl(_Summed, keras.optimizers.Ftrl):  # type: ignore[misc]
    """Ftrl that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedNadam(_Summed, keras.optimizers.Nadam):  # type: ignore[misc]
    """Nadam that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class SummedRMSprop(_Summed, keras.optimizers.RMSprop):  # type: ignore[misc]
    """RMSprop that sums the gradients of each row of an embedding, and squares the sum."""


@registered
class RowsSGD(_OfRows, keras.optimizers.SGD):  # type: ignore[misc]
    """SGD whose momentum changes only the rows of an embedding that a batch has."""

    _slots = ("momentums",)


@registered
class RowsAdadelta(_OfRows, keras.optimizers.Adadelta):  # type: ignore[misc]
    """Adadelta that changes only the rows of an embedding that a batch has."""

    _slots = ("_accumulated_grads", "_accumulated_delta_vars")


@registered
class RowsAdamax(_OfRows, keras.optimizers.Adamax):  # type: ignore[misc]
    """Adamax that changes only the rows of an embedding that a batch has."""

    _slots = ("_m", "_u")


@registered
class RowsFtrl(_OfRows, keras.optimizers.Ftrl):  # type: ignore[misc]
    """Ftrl that changes only the rows of an embedding that a batch has."""

    _slots = ("_accumulators", "_linears")


@registered
class RowsNadam(_OfRows, Keras2Nadam):
    """Nadam of Keras 2 that changes only the rows of an embedding that a batch has."""


@registered
class RowsRMSprop(_OfRows, Keras2RMSprop):
    """RMSprop of Keras 2 whose momentum changes only the rows of an embedding that a batch has."""

    _slots = ("_velocities", "_momentums", "_average_gradients")

    def _leaves_rows(self) -> bool:
        return bool(self.momentum > 0)


@registered
class WholeAdadelta(_Whole, keras.optimizers.Adadelta):  # type: ignore[misc]
    """Adadelta that sums the gradients of each row of an embedding before it clips them."""


@registered
class WholeAdagrad(_Whole, Keras2Adagrad):
    """Adagrad that sums the gradients of each row of an embedding before it clips them."""


@registered
class WholeAdam(_Whole, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam that sums the gradients of each row of an embedding before it clips them."""


@registered
class WholeAdamax(_Whole, keras.optimizers.Adamax):  # type: ignore[misc]
    """Adamax that sums the gradients of each row of an embedding before it clips them."""


@registered
class WholeNadam(_Whole, Keras2Nadam):
    """Nadam that sums the gradients of each row of an embedding before it clips them."""


@registered
class WholeRMSprop(_Whole, Keras2RMSprop):
    """RMSprop that sums the gradients of each row of an embedding before it clips them."""


@registered
class WholeSGD(_Whole, keras.optimizers.SGD):  # type: ignore[misc]
    """SGD that sums the gradients of each row of an embedding before it clips them."""


#: The optimizers of TensorFlow, by the names of those of Keras 3.
SUMMED: dict[str, type[object]] = {
    "Adadelta": SummedAdadelta,
    "Adafactor": SummedAdafactor,
    "Adagrad": SummedAdagrad,
    "Adam": SummedAdam,
    "AdamW": SummedAdamW,
    "Adamax": SummedAdamax,
    "Ftrl": SummedFtrl,
    "Nadam": SummedNadam,
    "RMSprop": SummedRMSprop,
}
#: Those of TensorFlow 2.0 to 2.10 that leave rows alone.
UP_TO_TF_2_10: dict[str, type[object]] = {
    "Adadelta": RowsAdadelta,
    "Adamax": RowsAdamax,
    "Ftrl": RowsFtrl,
    "Nadam": RowsNadam,
    "RMSprop": RowsRMSprop,
    "SGD": RowsSGD,
}
#: Those of Keras before it was TensorFlow's.
STAND_ALONE: dict[str, type[object]] = {
    "Adadelta": WholeAdadelta,
    "Adagrad": WholeAdagrad,
    "Adam": WholeAdam,
    "Adamax": WholeAdamax,
    "Nadam": WholeNadam,
    "RMSprop": WholeRMSprop,
    "SGD": WholeSGD,
}
