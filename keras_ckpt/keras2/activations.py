"""Activations that Keras 3 gave another meaning.

Their names are not those of Keras 2: Keras 3 writes the bare name of a function that has a name of
its own, and takes its own for it when it reads.
"""

from __future__ import annotations

import keras

from keras_ckpt._typing import Tensor
from keras_ckpt.keras2.registered import registered

__all__ = ["CHANGED", "keras2_hard_sigmoid"]


@registered
def keras2_hard_sigmoid(x: Tensor) -> Tensor:
    """Returns `0.2 * x + 0.5`, not below 0 and not above 1.

    This is the `hard_sigmoid` of Keras 2. That of Keras 3 is `x / 6 + 0.5`, within the same
    limits.

    Args:
        x: Tensor.
    """
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


#: The activations of Keras 2 that have another meaning in Keras 3, by their names.
CHANGED = {"hard_sigmoid": keras2_hard_sigmoid}
