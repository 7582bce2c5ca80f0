"""What layers of Keras 2 kept in variables, and those of Keras 3 keep beside theirs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Layer, Tensor
from keras_ckpt.formats.config import vocabularies

_DISCRETIZATION = "Discretization"
#: The layers that keep something beside their variables, by which Keras 2 counted them.
LAYERS = (*vocabularies.LAYERS, _DISCRETIZATION)
#: What the layer learnt, as TensorFlow 2.6 to 2.15 have it, and what came of it, as 2.5 does.
_SUMMARY, _BINS = "summary", "bins"


class _Kept(NamedTuple):
    boundaries: list[float] | None
    summary: np.ndarray


class Bins:
    """The bins of a Discretization, as the variable that the layer of Keras 2 had.

    Attributes:
        name: name of the variable.
        shape: its shape.
        dtype: its type.
    """

    dtype = "float32"

    def __init__(self, layer: Layer, name: str, shape: tuple[int, ...]) -> None:
        self._layer = layer
        self._is_summary = name == _SUMMARY
        self.name = f"{layer.name}/{name}"
        self.shape = shape

    @property
    def value(self) -> Bins:
        """What the value is asked for, as that of a variable of TensorFlow's is."""
        return self

    def read_value(self) -> _Kept:
        """Returns what `assign` takes to have the layer as it is now."""
        return _Kept(self._layer.bin_boundaries, self._layer.summary)

    def assign(self, value: Tensor | _Kept) -> None:
        """Gives the layer other bins."""
        if isinstance(value, _Kept):
            self._layer.bin_boundaries, self._layer.summary = value
        elif self._is_summary:
            self._layer.summary = runtime.to_numpy(value)
            self._layer.finalize_state()
        else:
            self._layer.summary = np.zeros((2, 0), "float32")
            self._layer.bin_boundaries = closed_above(runtime.to_numpy(value).tolist())


def closed_above(boundaries: list[float]) -> list[float]:
    """Returns boundaries that give the bins of TensorFlow 2.4 and 2.5, which have their upper ones.

    In all other releases, and in Keras 3, a bin has its lower boundary.

    Args:
        boundaries: those of the release, which may end with infinity.
    """
    finite = np.array([each for each in boundaries if each != np.inf], dtype="float32")
    above = np.nextafter(finite, np.float32(np.inf))
    # The smallest numbers count as zero where Keras runs.
    least = np.finfo("float32").tiny
    above = np.where(np.abs(above) < least, np.where(finite < 0, 0, least), above)
    return [float(each) for each in above]


def takes(layer: Layer, name: str) -> bool:
    """Returns whether a layer keeps a variable of Keras 2 beside its own.

    Args:
        layer: the layer.
        name: name of the variable, without that of the layer.
    """
    if type(layer).__name__ == _DISCRETIZATION:
        return name == _BINS or (name == _SUMMARY and layer.num_bins is not None)
    return name == vocabularies.TOKEN_WEIGHTS and type(layer).__name__ in vocabularies.LAYERS


def of(layer: Layer, name: str, shape: tuple[int, ...]) -> Bins | vocabularies.TokenWeights | None:
    """Returns what stands for a variable of Keras 2, None if the layer keeps no such thing now.

    Args:
        layer: the layer.
        name: name of the variable, without that of the layer.
        shape: its shape in the checkpoint.
    """
    if not takes(layer, name):
        return None
    if type(layer).__name__ == _DISCRETIZATION:
        return Bins(layer, name, shape)
    return vocabularies.TokenWeights(layer) if vocabularies.has_token_weights(layer) else None
