"""The Keras that runs, old or new."""

from __future__ import annotations

import os
from typing import Any


def _found() -> Any:
    if os.environ.get("INVENTORY_KERAS") == "keras":
        import keras

        return keras
    try:
        if os.environ.get("TF_USE_LEGACY_KERAS"):
            raise ImportError("tf_keras, as tf.keras, is meant")
        import keras

        if keras.__version__.startswith("3."):
            return keras
    except Exception:
        pass
    import tensorflow as tf

    return tf.keras


KERAS = _found()
