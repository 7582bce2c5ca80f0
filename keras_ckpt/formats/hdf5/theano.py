"""Kernels that Keras stored with Theano, which turned them around when it convolved.

Of depthwise kernels Keras did that itself, so that they are the same with all backends.
"""

from __future__ import annotations

import functools
from typing import Sequence

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Model, Variable
from keras_ckpt.formats.hdf5 import cudnn, hdf5_file

#: The layers, with the attributes that are kernels of convolutions.
_KERNELS = {
    "Conv1D": ("kernel",),
    "Conv1DTranspose": ("kernel",),
    "Conv2D": ("kernel",),
    "Conv2DTranspose": ("kernel",),
    "Conv3D": ("kernel",),
    "Conv3DTranspose": ("kernel",),
    "ConvLSTM1D": ("cell.kernel", "cell.recurrent_kernel"),
    "ConvLSTM2D": ("cell.kernel", "cell.recurrent_kernel"),
    "ConvLSTM3D": ("cell.kernel", "cell.recurrent_kernel"),
}


def wrote(group: hdf5_file.Group) -> bool:
    """Returns whether Keras stored the weights in a group when it ran on Theano."""
    return group.attrs.text("backend") == "theano"


def kernels(model: Model) -> list[Variable]:
    """Returns the variables of a model that are kernels of convolutions."""
    found: list[Variable] = []
    layers = runtime.keras().layers
    for name, attributes in _KERNELS.items():
        kind = getattr(layers, name, ())
        for layer in model._flatten_layers():
            if isinstance(layer, kind):
                for attribute in attributes:
                    found.append(functools.reduce(getattr, attribute.split("."), layer))
    return found


class Kernels:
    """Which values are to be turned around.

    Args:
        model: the model that they are for.
        group: the group that they are in.
    """

    def __init__(self, model: Model, group: hdf5_file.Group) -> None:
        self._turned = {id(each) for each in kernels(model)} if wrote(group) else set()

    def as_in_model(
        self, variables: Sequence[Variable], values: Sequence[cudnn.Stored]
    ) -> list[cudnn.Stored]:
        """Returns the values of some variables as they are without Theano."""
        return [
            value._replace(read=functools.partial(_turned, value))
            if id(variable) in self._turned
            else value
            for variable, value in zip(variables, values)
        ] + list(values[len(variables) :])


def _turned(value: cudnn.Stored) -> np.ndarray:
    # The last axes are the channels.
    return np.ascontiguousarray(np.flip(value.read(), tuple(range(len(value.shape) - 2))))
