"""Layers that Keras 3 removed, or that do something else in Keras 3: each module has one kind."""

from __future__ import annotations

import importlib

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Layer

#: The layers by their names in Keras 2, with the modules that they are in.
MODULES: dict[str, str] = {
    "AddLoss": "added",
    "AddMetric": "added",
    "LocallyConnected1D": "locally_connected",
    "LocallyConnected2D": "locally_connected",
    "PeepholeLSTMCell": "peephole_lstm_cell",
    "RandomCrop": "random_crop",
    "RandomFourierFeatures": "random_fourier_features",
    "RandomHeight": "random_size",
    "RandomWidth": "random_size",
    "SyncBatchNormalization": "sync_batch_normalization",
    "ThresholdedReLU": "thresholded_relu",
}


#: Layers that Keras 3 has, but not with these values of arguments, and the modules that have.
ARGUMENTS: dict[str, tuple[str, dict[str, tuple[object, ...]]]] = {
    "ActivityRegularization": ("activity_regularization", {"reduction": ("mean", "sum")}),
    "DepthwiseConv1D": ("convolutions", {"interleaved": (True,)}),
    "DepthwiseConv2D": ("convolutions", {"interleaved": (True,)}),
    "GRU": ("time_major", {"time_major": (True,)}),
    "LSTM": ("time_major", {"time_major": (True,)}),
    "RNN": ("time_major", {"time_major": (True,)}),
    "Resizing": ("resampled", {"interpolation": ("area", "gaussian", "mitchellcubic")}),
    "SeparableConv1D": ("convolutions", {"padding": ("causal",), "interleaved": (True,)}),
    "SeparableConv2D": ("convolutions", {"interleaved": (True,)}),
    "SimpleRNN": ("time_major", {"time_major": (True,)}),
    "UpSampling2D": (
        "resampled",
        {"interpolation": ("area", "gaussian", "mitchellcubic", "legacy_bilinear")},
    ),
}

#: The same on JAX and PyTorch, where Keras 3 resizes by these as they do, or cannot.
_AS_TENSORFLOW: dict[str, tuple[object, ...]] = {
    "interpolation": ("bicubic", "lanczos3", "lanczos5")
}
ELSEWHERE: dict[str, tuple[str, dict[str, tuple[object, ...]]]] = {
    "Resizing": ("resampled", _AS_TENSORFLOW),
    "UpSampling2D": ("resampled", _AS_TENSORFLOW),
}


def find(name: str, settings: Config | None = None) -> type[Layer] | None:
    """Returns the layer of Keras 2 of a name, or None if Keras 3's own does the same.

    Args:
        name: String, the name of its class in Keras 2.
        settings: Dict, its arguments. Defaults to `None`: those that any layer may have.
    """
    module = MODULES.get(name)
    for table in (ARGUMENTS, ELSEWHERE if runtime.backend() != "tensorflow" else {}):
        has_them, arguments = table.get(name, ("", {}))
        given = settings or {}
        if any(given.get(argument) in values for argument, values in arguments.items()):
            module = has_them
    if module is None:
        return None
    found: type[Layer] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found


def every() -> list[type[Layer]]:
    """Returns all of them."""
    found = [find(name) for name in MODULES]
    for name, (_, arguments) in ARGUMENTS.items():
        argument, values = next(iter(arguments.items()))
        found.append(find(name, {argument: values[0]}))
    return [each for each in found if each is not None]


def register() -> None:
    """Registers all of them with the running Keras."""
    every()
