"""Constraints that Keras 3 removed."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Tensor
from keras_ckpt.keras2.registered import registered

__all__ = ["BY_NAME", "RadialConstraint"]


@registered
class RadialConstraint(keras.constraints.Constraint):  # type: ignore[misc]
    """Gives each square ring of a kernel of convolution in two dimensions one value.

    That of a ring is the one on the diagonal. The innermost one takes that of the ring around it,
    as in Keras 2.
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Returns the kernel, of shape (height, width, channels, filters), with equal rings."""
        ops = keras.ops
        shape = tuple(w.shape)
        if len(shape) != 4:
            raise ValueError(
                f"The weight that RadialConstraint is for has 4 dimensions. Received: shape={shape}"
            )
        size = shape[0]
        middle = size // 2
        # The innermost ring is one value if the size is odd, and 2 by 2 if it is even.
        ring = w[middle - 1 : middle, middle - 1 : middle]
        first = 0
        around = [[1, 1], [1, 1], [0, 0], [0, 0]]
        if size % 2 == 0:
            ring = ring + ops.zeros((2, 2, 1, 1), dtype=w.dtype)
            first = 1
        for number in range(first, middle):
            place = slice(middle + number, middle + number + 1)
            inside = (ring.shape[0], ring.shape[0], 1, 1)
            is_inside = ops.pad(ops.ones(inside, dtype=w.dtype), around)
            ring = ops.pad(ring, around) + (1 - is_inside) * w[place, place]
        return ring


#: The constraints that Keras 3 removed, by their names.
BY_NAME: dict[str, type[object]] = {"RadialConstraint": RadialConstraint}
