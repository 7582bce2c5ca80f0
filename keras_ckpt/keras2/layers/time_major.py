"""Recurrent layers whose inputs and outputs have the steps first, and the batch second."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered


def _swapped(shape: Shape) -> Shape:
    return (shape[1], shape[0], *shape[2:])


def _steps_first(tensor: Tensor) -> Tensor:
    return keras.ops.moveaxis(tensor, 0, 1)


class _TimeMajor:
    """What the layers of this module add to those of Keras 3."""

    return_sequences: bool

    def __init__(self, *args: object, time_major: bool = True, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)

    def build(self, sequences_shape: Shape, initial_state_shape: Shape = None) -> None:
        """Makes the variables."""
        super().build(_swapped(sequences_shape))  # type: ignore[misc]

    def call(
        self,
        sequences: Tensor,
        initial_state: Tensor = None,
        mask: Tensor = None,
        training: bool | None = False,
    ) -> Tensor:
        """Returns what the layer of Keras 3 does of sequences with the batch first."""
        found = super().call(  # type: ignore[misc]
            _steps_first(sequences),
            initial_state=initial_state,
            mask=None if mask is None else _steps_first(mask),
            training=training,
        )
        if not self.return_sequences:
            return found
        if isinstance(found, (list, tuple)):
            return type(found)([_steps_first(found[0]), *found[1:]])
        return _steps_first(found)

    def compute_output_shape(
        self, sequences_shape: Shape, initial_state_shape: Shape = None
    ) -> Tensor:
        """Returns the shape of the outputs."""
        found: Shape = super().compute_output_shape(  # type: ignore[misc]
            _swapped(sequences_shape), initial_state_shape
        )
        if not self.return_sequences:
            return found
        if isinstance(found[0], (list, tuple)):
            return type(found)([_swapped(found[0]), *found[1:]])
        return _swapped(found)

    def get_config(self) -> Config:
        """Returns the arguments."""
        found: Config = super().get_config()  # type: ignore[misc]
        return {**found, "time_major": True}


@registered
class LSTM(_TimeMajor, keras.layers.LSTM):  # type: ignore[misc]
    """LSTM with `time_major=True`.

    Args:
        time_major: Boolean, `True`.
        **kwargs: those of `keras.layers.LSTM`.
    """


@registered
class GRU(_TimeMajor, keras.layers.GRU):  # type: ignore[misc]
    """GRU with `time_major=True`.

    Args:
        time_major: Boolean, `True`.
        **kwargs: those of `keras.layers.GRU`.
    """


@registered
class SimpleRNN(_TimeMajor, keras.layers.SimpleRNN):  # type: ignore[misc]
    """SimpleRNN with `time_major=True`.

    Args:
        time_major: Boolean, `True`.
        **kwargs: those of `keras.layers.SimpleRNN`.
    """


@registered
class RNN(_TimeMajor, keras.layers.RNN):  # type: ignore[misc]
    """RNN with `time_major=True`.

    Args:
        time_major: Boolean, `True`.
        **kwargs: those of `keras.layers.RNN`.
    """
