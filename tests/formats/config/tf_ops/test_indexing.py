"""Operations that take parts of a tensor, in models of Keras 2."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import formats, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from described import described, node, operation

from keras_ckpt.formats.config import keras2_reader


def test_size_that_is_only_known_in_the_call_is_no_bound() -> None:
    shape = operation("shape", "shape", "x", 0, 0)
    size = operation("__operators__.getitem", "size", "shape", 0, 0, slice_spec=1)
    less = operation("math.subtract", "less", "size", 0, 0, y=1)
    part = {"start": None, "stop": ["less", 0, 0], "step": None}
    layer = operation(
        "__operators__.getitem", "a", "x", 0, 0, slice_spec=[dict(part, stop=None), part]
    )
    with pytest.raises(formats.CheckpointError, match="known only when the model is called"):
        keras2_reader.make("model.h5", described(shape, size, less, layer), None, True)
    # With the size it is.
    config = described(shape, size, less, layer, shape=(5, 4))
    model = keras2_reader.make("model.h5", config, None, True)
    assert tuple(model.output_shape) == (None, 4, 4)


@pytest.mark.parametrize(
    ("masks", "key"),
    [
        ({}, (slice(0, 1), slice(1, 3), slice(0, 4, 2))),
        ({"begin_mask": 2, "end_mask": 4}, (slice(0, 1), slice(None, 3), slice(0, None, 2))),
        ({"shrink_axis_mask": 2}, (slice(0, 1), 1, slice(0, 4, 2))),
        ({"new_axis_mask": 1}, (None, slice(1, 3), slice(0, 4, 2))),
        ({"ellipsis_mask": 2}, (slice(0, 1), Ellipsis, slice(0, 4, 2))),
    ],
)
def test_masks_of_strided_slice(masks: Any, key: Any) -> None:
    attributes = {name: {"i": str(value)} for name, value in masks.items()}
    constants = {"1": [0, 1, 0], "2": [1, 3, 4], "3": [1, 1, 2]}
    layer = node("StridedSlice", "a", ["x", "b", "e", "s"], constants, **attributes)
    model = keras2_reader.make("model.h5", described(layer, shape=(5, 4)), None, True)
    x = np.arange(40, dtype="float32").reshape(2, 5, 4)
    np.testing.assert_array_equal(runtime.to_numpy(model(x)), x[key])
