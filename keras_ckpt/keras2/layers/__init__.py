"""Layers that Keras 3 removed, or that do something else in Keras 3: each module has one kind."""

from __future__ import annotations

import importlib

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


#: Layers that Keras 3 has, but not with these values of an argument, and the modules that have.
ARGUMENTS: dict[str, tuple[str, tuple[object, ...], str]] = {
    "ActivityRegularization": ("reduction", ("mean", "sum"), "activity_regularization"),
    "GRU": ("time_major", (True,), "time_major"),
    "LSTM": ("time_major", (True,), "time_major"),
    "RNN": ("time_major", (True,), "time_major"),
    "Resizing": ("interpolation", ("area", "gaussian", "mitchellcubic"), "resampled"),
    "SeparableConv1D": ("padding", ("causal",), "causal"),
    "SimpleRNN": ("time_major", (True,), "time_major"),
    "UpSampling2D": (
        "interpolation",
        ("area", "gaussian", "mitchellcubic", "legacy_bilinear"),
        "resampled",
    ),
}


def find(name: str, settings: Config | None = None) -> type[Layer] | None:
    """Returns the layer of Keras 2 of a name, or None if Keras 3's own does the same.

    Args:
        name: String, the name of its class in Keras 2.
        settings: Dict, its arguments. Defaults to `None`: those that any layer may have.
    """
    module = MODULES.get(name)
    if module is None and name in ARGUMENTS:
        argument, values, has_them = ARGUMENTS[name]
        module = has_them if (settings or {}).get(argument) in values else None
    if module is None:
        return None
    found: type[Layer] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found


def every() -> list[type[Layer]]:
    """Returns all of them."""
    found = [find(name) for name in MODULES]
    found += [find(name, {key: values[0]}) for name, (key, values, _) in ARGUMENTS.items()]
    return [each for each in found if each is not None]


def register() -> None:
    """Registers all of them with the running Keras."""
    every()
