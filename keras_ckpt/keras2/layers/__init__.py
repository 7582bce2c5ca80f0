"""Layers that Keras 3 removed, or that do something else in Keras 3: each module has one kind."""

from __future__ import annotations

import importlib

from keras_ckpt._typing import Layer

#: The layers by their names in Keras 2, with the modules that they are in.
MODULES: dict[str, str] = {
    "AddLoss": "added",
    "AddMetric": "added",
    "LocallyConnected1D": "locally_connected",
    "LocallyConnected2D": "locally_connected",
    "RandomCrop": "random_crop",
    "RandomFourierFeatures": "random_fourier_features",
    "SyncBatchNormalization": "sync_batch_normalization",
    "ThresholdedReLU": "thresholded_relu",
}


def find(name: str) -> type[Layer] | None:
    """Returns the layer of Keras 2 of a name, or None if Keras 3's own does the same.

    Args:
        name: String, the name of its class in Keras 2.
    """
    if name not in MODULES:
        return None
    module = importlib.import_module(f"{__name__}.{MODULES[name]}")
    found: type[Layer] = getattr(module, name)
    return found


def register() -> None:
    """Registers all of them with the running Keras."""
    for name in MODULES:
        find(name)
